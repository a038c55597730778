"""What the loader says about check files that cannot be meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._verdict import library
from ansible_collections.traceops.tracing.tests.unit.verdict.checks import check, load

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"title": None}, "the key 'title' is missing"),
    ({"fix": []}, "the key 'fix' is missing"),
    ({"fail_when": "a"}, "there is no key 'fail_when'; known are id, hop"),
    ({"hop": "networks"}, "'hop' is 'networks', but must be one of app, sampling"),
    ({"scope": "fleet"}, "'scope' is 'fleet', but must be one of application, host, backend, run"),
    ({"severity": "high"}, "'severity' is 'high', but must be one of info, warning, critical"),
    ({"needs": "otlp.cause"}, "'needs' must be a list"),
    ({"question": 3}, "'question' must be text"),
    ({"decisive": "yes"}, "'decisive' must be true or false"),
    ({"proved": "yes"}, "'proved' must be true or false"),
    ({"proved": True, "proved_when": "otlp.ok"}, "'proved' and 'proved_when' exclude each other"),
    ({"counterfactual": "otlp.ok"}, "'counterfactual' is the label of an OTLP probe, not 'otlp.ok'"),
    ({"counterfactual": ["otlp"]}, "'counterfactual' is the label of an OTLP probe, not a list"),
    ({"id": "network.refused"}, "the id must be 'hop.subject.problem' in lower case"),
    ({"id": "network.OTLP.refused"}, "the id must be 'hop.subject.problem' in lower case"),
    ({"hop": "app"}, "begin with 'app.'"),
    ({"when": "otlp.ok"}, "'when' and 'otherwise' (the words for it) come together"),
    ({"pending_as": "soon"}, "'pending_when' and 'pending_as' (the words for it) come together"),
    ({"fails_when": "otlp.cause =="}, "'fails_when': 'otlp.cause ==' is not JMESPath"),
    ({"fails_when": ["a"]}, "'fails_when': an expression must be text, not a list"),
    ({"fails_when": "has(otlp)"}, "there is no function has()"),
    ({"fails_when": "!otlp.ok"}, "'!' takes a single name, write !(a.b)"),
    ({"fails_when": "otlp.*.phase.ok"}, "a path of one name may follow '.*'"),
    ({"title": 3}, "'title': a text is wanted, not a int"),
    ({"cause": 3}, "'cause': a text is wanted, not a int"),
    ({"when": "otlp.ok", "otherwise": 3}, "'otherwise': a text is wanted, not a int"),
    ({"pending_when": "otlp.ok", "pending_as": 3}, "'pending_as': a text is wanted, not a int"),
    ({"proved_when": "otlp.ok =="}, "'proved_when': 'otlp.ok ==' is not JMESPath"),
    ({"title": ""}, "the key 'title' is missing"),
    ({"matters": 3}, "'matters' must be text"),
    ({"example": 3}, "'example' must be text"),
    ({"see": 3}, "'see' must be text"),
    ({"title": "at {otlp.endpoint"}, "'title': 'at {otlp.endpoint' has a brace that is never closed"),
    ({"title": "at otlp.endpoint}"}, "has a closing brace without an opening one"),
    ({"fix": ["use {}"]}, "'fix': an expression must be text"),
    ({"explains": ["network.otlp.gone"]}, "'explains' names 'network.otlp.gone', which no check has"),
    ({"related": ["network.otlp.gone"]}, "'related' names 'network.otlp.gone', which no check has"),
    ({"related": [["app.a.a"]]}, "'related': an id is text, not a list"),
    ({"explains": [3]}, "'explains': an id is text, not a int"),
]


@pytest.mark.parametrize(("changes", "words"), WRONG, ids=lambda value: str(value)[:50])
def test_a_bad_check_is_refused_with_its_name(changes: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(library.BadCheck) as refused:
        load(tmp_path, check(**changes))
    assert words in str(refused.value)
    assert changes.get("id", "network.otlp.refused") in str(refused.value)
    assert str(refused.value).startswith(f"{tmp_path}/checks.yml: check '")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a: b", "a check file is a list of checks"),
        ("- [1", "is not YAML"),
        ("- text", "an entry is str, not a check with keys"),
        ("- {hop: app}", "check '(without id)': the key 'id' is missing"),
        ("- {id: [a, b]}", "check a list: the key 'hop' is missing"),
        (b"\xff\xfe", "is not UTF-8 text"),
        ("[" * 3000, "is "),
        ("- [1\n2:", "is not YAML: while parsing a flow sequence in"),
        ("# " + "x" * library.MAX_FILE, "characters at most"),
    ],
)
def test_a_bad_file_is_refused_with_its_name(content: Any, words: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(library.BadCheck) as refused:
        library.load([str(tmp_path)])
    assert str(path) in str(refused.value)
    assert words in str(refused.value)


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(library.BadCheck, match=r"check_dirs: .*/nowhere cannot be read \(No such file or directory\)"):
        library.load([str(tmp_path / "nowhere")])


def test_a_directory_without_check_files_is_named(tmp_path: Path) -> None:
    (tmp_path / "app.json").write_text("[]", encoding="utf-8")
    with pytest.raises(library.BadCheck, match=r"check_dirs: .* has no check file \(\*.yml\)"):
        library.load([str(tmp_path)])


def test_an_id_that_yaml_makes_endless_is_not_quoted(tmp_path: Path) -> None:
    levels = [f"{name}: &{name} [{', '.join(9 * [f'*{before}'])}]" for before, name in zip("abcdefgh", "bcdefghi")]
    (tmp_path / "mine.yml").write_text("- {a: &a [x, x], " + ", ".join(levels) + ", id: *i}\n", encoding="utf-8")
    with pytest.raises(library.BadCheck) as refused:
        library.load([str(tmp_path)])
    assert len(str(refused.value)) < len(str(tmp_path)) + 100


def test_a_file_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").mkdir()
    with pytest.raises(library.BadCheck, match=r"/mine.yaml cannot be read \(Is a directory\)"):
        library.load([str(tmp_path)])


def test_what_a_check_explains_to_people_is_kept(tmp_path: Path) -> None:
    told = {"matters": " It does.\n", "example": "  as here\n", "see": " https://example.org\n"}
    checks = load(tmp_path, check(**told), check(id="network.otlp.slow"))
    full, bare = (checks.get(f"network.otlp.{problem}") for problem in ("refused", "slow"))
    assert full is not None
    assert (full.matters, full.example, full.see) == ("It does.", "  as here", "https://example.org")
    assert bare is not None
    assert (bare.matters, bare.example, bare.see) == ("", "", "")


def test_an_id_belongs_to_one_check_of_a_directory(tmp_path: Path) -> None:
    with pytest.raises(library.BadCheck, match=r"check 'network.otlp.refused' is also in .*checks.yml"):
        load(tmp_path, check(), check())


def test_a_later_directory_replaces_a_check(tmp_path: Path) -> None:
    load(tmp_path / "shipped", check(), check(id="network.otlp.slow"))
    load(tmp_path / "own", check(severity="info"))
    checks = library.load([str(tmp_path / "shipped"), str(tmp_path / "own")])
    assert [(c.id, c.severity) for c in checks.checks] == [
        ("network.otlp.slow", "critical"),
        ("network.otlp.refused", "info"),
    ]


def test_checks_are_in_path_order_the_gravest_first(tmp_path: Path) -> None:
    ids = ["clock.a.b", "grafana.a.b", "app.z.z", "tempo-ingest.a.b"]
    checks = load(tmp_path, *(check(id=i) for i in ids), check(id="app.a.a", severity="info"))
    assert [c.id for c in checks.checks] == ["app.z.z", "app.a.a", "tempo-ingest.a.b", "grafana.a.b", "clock.a.b"]


def test_explanations_reach_further_than_one_step(tmp_path: Path) -> None:
    checks = load(
        tmp_path,
        check(id="app.a.a", explains=["network.b.b"]),
        check(id="network.b.b", explains=["grafana.*"]),
        check(id="grafana.c.c"),
        check(id="grafana.d.d", explains=["grafana.*"], related=["app.a.a"]),
    )
    assert checks.explained["app.a.a"] == {"network.b.b", "grafana.c.c", "grafana.d.d"}
    assert checks.explained["grafana.d.d"] == {"grafana.c.c"}, "a prefix leaves the check itself out"
    assert checks.explained["grafana.c.c"] == frozenset()


def test_a_prefix_is_a_whole_word(tmp_path: Path) -> None:
    checks = load(tmp_path, check(explains=["app.log.*"]), check(id="app.log.bad"), check(id="app.logs.bad"))
    assert checks.explained["network.otlp.refused"] == {"app.log.bad"}


def test_a_circle_of_explanations_is_refused(tmp_path: Path) -> None:
    with pytest.raises(library.BadCheck) as refused:
        load(
            tmp_path,
            check(id="app.a.a", explains=["network.b.b"]),
            check(id="network.b.b", explains=["grafana.c.c"]),
            check(id="grafana.c.c", explains=["network.b.b"]),
        )
    assert str(refused.value) == (
        f"{tmp_path}/checks.yml: the checks explain each other in a circle: network.b.b -> grafana.c.c -> network.b.b"
    )


def test_a_check_can_be_found_by_its_id(tmp_path: Path) -> None:
    checks = load(tmp_path, check())
    found = checks.get("network.otlp.refused")
    assert found is not None
    assert found.question == "Does something listen?"
    assert checks.get("network.otlp.other") is None
