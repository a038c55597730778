"""Every text that a user can see keeps to the words of CONTRIBUTING.md, whose table is what is read here."""

from __future__ import annotations

import ast
import builtins
import re
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
# Profiles have the words of other programs.
PYTHON = sorted((ROOT / "plugins").rglob("*.py"))
YAML = sorted(
    [*(ROOT / "roles").rglob("*.yml"), *(ROOT / "playbooks").rglob("*.yml"), *(ROOT / "plugins").rglob("*.yml")]
)
YAML = [path for path in YAML if "log_profiles" not in path.parts and path.parts[-2] != "checks"]
TEMPLATES = sorted([*(ROOT / "plugins").rglob("*.j2"), *(ROOT / "plugins").rglob("*.html")])

_ROW = re.compile(r"^\| (?P<use>[^|]+) \| (?P<not>[^|]*`[^|]*) \|$", re.MULTILINE)


def forbidden() -> dict[str, str]:
    """The forms that nobody may use, and what to write instead, from the table "Words"."""
    table = CONTRIBUTING.partition("\n## Words\n")[2].partition("\n## ")[0]
    return {form: row["use"].strip() for row in _ROW.finditer(table) for form in re.findall("`([^`]+)`", row["not"])}


def _expression(form: str) -> str:
    words = r"\s+".join(re.escape(word) for word in form.split())
    begin = "" if form.startswith("n'") else r"(?<![\w./-])" if form[0].isalpha() else ""
    return begin + words + (r"(?![\w=:/-])" if form[-1].isalpha() else "")


FORMS = forbidden()
_ANY = re.compile("|".join(f"(?:{_expression(form)})" for form in FORMS), re.IGNORECASE)


def found(text: str) -> list[str]:
    """What `text` has of the forbidden forms, with a few words around each; files and quotes of logs are names."""
    text = re.sub(r"[\w-]+\.(?:yml|yaml|j2|md)\b|queue doesn't have room for", "", text)
    return [text[max(0, hit.start() - 30) : hit.end() + 20].replace("\n", " ") for hit in _ANY.finditer(text)]


def _scalars(value: t.Any) -> Iterator[str]:
    if isinstance(value, str):
        yield _MARKUP.sub("", value) if " " in value else ""
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _scalars(key)
            yield from _scalars(item)
    elif isinstance(value, list):
        for item in value:
            yield from _scalars(item)


class _Loader(yaml.SafeLoader):
    """Takes Ansible's tags as the texts that they are."""


_Loader.add_multi_constructor("!", lambda loader, _tag, node: loader.construct_scalar(node))

# What an expression that reads others' logs looks like.
_REGEX = re.compile(r"\\[dswbSWDnr.\[(]|\(\?|\[\^|\.\*|\w\|\w")
_MARKUP = re.compile(r"\b(?:C|V|O|M|RV|E)\([^)]*\)")  # names, in Ansible's documentation
# Quotes of others that stand by themselves.
_QUOTED = {"Unable to find datasource"}
_READS = {"_row", "_rule", "_error", "compile", "search", "match", "fullmatch", "sub", "split", "findall", "finditer"}


def texts_of_python(path: Path) -> Iterator[str]:
    """String literals that are neither docstrings nor expressions for others' words."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(id(node.value))
        name = getattr(getattr(node, "func", None), "attr", getattr(getattr(node, "func", None), "id", ""))
        if isinstance(node, ast.Call) and name in _READS:
            skipped.update(id(part) for part in ast.walk(node))
        text = node.value if isinstance(node, ast.Constant) and id(node) not in skipped else None
        # One word is a name; documentation has several lines, whatever its samples look like.
        if isinstance(text, str) and text not in _QUOTED and " " in text and ("\n" in text or not _REGEX.search(text)):
            yield _MARKUP.sub("", text)


def _checks() -> Iterator[tuple[str, str, str]]:
    """(id, key, text) of every check; an example is what another program prints."""
    for path in sorted((ROOT / "plugins/checks").glob("*.yml")):
        for check in yaml.safe_load(path.read_text(encoding="utf-8")):
            for key in ("question", "title", "cause", "matters", "otherwise", "pending_as", "passes_as"):
                if key in check:
                    yield check["id"], key, check[key]
            yield from ((check["id"], "fix", step) for step in check["fix"])


CHECKS = list(_checks())


def test_the_table_has_the_words_that_matter() -> None:
    assert {"can't", "can not", "time-out", "a share of", "please", "simply", "e.g."} <= set(FORMS)


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("the log can not be read", 1),
        ("it doesn't answer; please wait for the time-out", 3),
        ("a share of 0.05", 1),
        ("it cannot be read, and the timeout is 5 s", 0),
        ("diagnose_grafana_datasource_uid, datasources:read", 0),
        ("the datasource is gone", 1),
    ],
)
def test_the_forms_are_found_where_they_are(text: str, hits: int) -> None:
    assert len(found(text)) == hits


def test_checks_keep_to_the_words() -> None:
    assert [(check, key, hit) for check, key, text in CHECKS for hit in found(text)] == []


def test_checks_say_percent() -> None:
    assert [(check, key) for check, key, text in CHECKS if re.search(r"\d ?%(?!\w)", text)] == []


def test_a_title_and_a_pass_are_statements() -> None:
    """They neither ask nor order, and end like the sentence that the verdict makes of them."""
    wrong = [
        (check, key) for check, key, text in CHECKS if key in ("title", "passes_as") and text.rstrip()[-1:] in ".?!"
    ]
    assert wrong == []
    assert [check for check, key, text in CHECKS if key == "question" and not text.rstrip().endswith("?")] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_pages_keep_to_the_words(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if path.name == "CONTRIBUTING.md":
        text = _ROW.sub("", text)
    if path.name != "checks.md":  # its blocks are made of the checks
        text = re.sub(r"(?ms)^( *)```.*?^\1```$", "", text)
        text = re.sub(r"(?m)^ {4}.*$", "", text)
    text = re.sub(r"\[[\w.-]+\]\([^)]*\)", "", text)  # a link that is an id
    assert found(re.sub(r"`[^`]*`", "", text)) == []


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: str(path.relative_to(ROOT / "plugins")))
def test_messages_and_documentation_keep_to_the_words(path: Path) -> None:
    assert [hit for text in texts_of_python(path) for hit in found(text)] == []


@pytest.mark.parametrize("path", YAML, ids=lambda path: str(path.relative_to(ROOT)))
def test_roles_and_playbooks_keep_to_the_words(path: Path) -> None:
    documents = yaml.load_all(path.read_text(encoding="utf-8"), Loader=_Loader)
    assert [hit for document in documents for text in _scalars(document) for hit in found(text)] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_keep_to_the_words(path: Path) -> None:
    assert found(re.sub(r"(?s)<style.*?</style>|<script.*?</script>|\{#.*?#\}", "", path.read_text("utf-8"))) == []


# Errors of Python and of libraries. Parsers of what users write say where it is wrong: see _PARSERS.
_PARSERS = {"yaml.YAMLError", "re.error"}
_FOREIGN = {
    name for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, BaseException)
}
_MODULES = {
    "docker",
    "grpc",
    "http",
    "jmespath",
    "json",
    "lzma",
    "requests",
    "socket",
    "ssl",
    "subprocess",
    "urllib",
    "zlib",
}


def raw_errors(source: str) -> list[int]:
    """Lines in which a message is made of the text of an exception that is not one of ours."""
    lines = []
    for handler in ast.walk(ast.parse(source)):
        if not isinstance(handler, ast.ExceptHandler) or not handler.name or handler.type is None:
            continue
        kinds = [ast.unparse(kind) for kind in getattr(handler.type, "elts", [handler.type])]
        if not any(kind in _FOREIGN or kind.partition(".")[0] in _MODULES for kind in kinds) or _PARSERS & {*kinds}:
            continue
        for node in ast.walk(handler):
            value = node.value if isinstance(node, ast.FormattedValue) else None
            said = isinstance(value, ast.Name) and value.id == handler.name
            called = value is not None and re.search(rf"(?:str|repr)\({handler.name}\)", ast.unparse(value))
            if said or called:
                lines.append(node.lineno)
    return lines


def test_a_raw_error_is_found() -> None:
    source = "try:\n    f()\nexcept OSError as error:\n    raise Bad(f'no: {error}')\n"
    assert raw_errors(source) == [4]
    assert raw_errors(source.replace("{error}", "{error.strerror}")) == []
    assert raw_errors(source.replace("OSError", "BadOption")) == []


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: str(path.relative_to(ROOT / "plugins")))
def test_no_message_quotes_a_raw_error(path: Path) -> None:
    assert raw_errors(path.read_text(encoding="utf-8")) == []
