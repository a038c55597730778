# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes settings inside configuration files that belong to somebody else: every other line stays as it is.

`FORMATS` maps a format to its editor, `editor(text, settings) -> text`; '' is a file that does not exist yet.
An editor changes nothing when the settings are already there, and raises CannotEdit rather than guess.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt
from ansible_collections.traceops.tracing.plugins.module_utils._sampling import edit_collector, edit_yaml
from ansible_collections.traceops.tracing.plugins.module_utils._sampling.edit_yaml import CannotEdit
from ansible_collections.traceops.tracing.plugins.module_utils._sampling.modes import Limits, number

Settings = t.Mapping[str, t.Any]

# The whole logical line of a name, with what stands before its value.
_ENV = r"[ \t]*(?:export[ \t]+)?{name}="
_PROPERTY = r"[ \t]*{name}(?=[ \t]*[=:]|[ \t]|$)[ \t]*[=:]?[ \t]*"
_QUOTED = re.compile(r"^([\"'])(.*)\1\s*$", re.DOTALL)
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")
_LINE_END = re.compile(r"[\r\n]*\Z")
_ALLOY_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/|[{}]', re.DOTALL)


def whole(_text: str, settings: Settings) -> str:
    """A file that is ours alone: {content}."""
    return str(settings["content"])


def environment(text: str, settings: Settings) -> str:
    """NAME=value lines, as systemd's EnvironmentFile and Docker's env_file read them: {NAME: value}."""
    for name, value in settings.items():
        text = _set_line(text, _ENV, str(name), f"{name}=", str(value))
    return text


def properties(text: str, settings: Settings) -> str:
    """Java properties: {key: value}."""
    for name, value in settings.items():
        text = _set_line(text, _PROPERTY, str(name), f"{name}=", str(value))
    return text


def options(text: str, settings: Settings) -> str:
    """Command-line options inside one variable of an environment file: {variable, options: {--name: value}}."""
    variable = str(settings["variable"])
    found = [line for line in _logical_lines(text) if re.match(_ENV.format(name=re.escape(variable)), line)]
    other = None if found else _variable_with(text, settings["options"])
    if other:  # else an option that the program never sees would be reported as changed
        raise CannotEdit(f"{other} has these options, not {variable}; give the target variable: {other}")
    value = found[-1].split("=", 1)[1].rstrip("\r\n") if found else ""
    value = re.sub(r"\\(?:\r\n|\n|\r)", "", value)  # a line that goes on: an option's value may stand on the next one
    quoted = _QUOTED.match(value)
    quote, inner = (quoted.group(1), quoted.group(2)) if quoted else ('"', value.strip())
    if not quoted and re.search(r"[\"']", inner):
        raise CannotEdit(f"the value of {variable} is quoted in parts; quote it as a whole")
    for name, wanted in settings["options"].items():
        inner = _set_option(inner, str(name), str(wanted))
    return _set_line(text, _ENV, variable, f"{variable}=", f"{quote}{inner}{quote}")


def _variable_with(text: str, names: t.Iterable[str]) -> str:
    """The variable of a file that has one of these command-line options; "" when none has."""
    wanted = re.compile(rf"[\s'\"=](?:{'|'.join(re.escape(str(name)) for name in names)})(?![\w-])")
    for line in _logical_lines(text):
        assigned = re.match(_ENV.format(name=r"(\w+)"), line)
        if assigned and wanted.search(line):
            return assigned.group(1)
    return ""


def _set_option(words: str, name: str, value: str) -> str:
    pattern = re.compile(rf"(?<!\S){re.escape(name)}(?:(=|\s+)(?!--)\S+|(?!\S))")
    found = list(pattern.finditer(words))
    if not found:
        return f"{words} {name} {value}".strip()
    for extra in reversed(found[1:]):
        words = f"{words[: extra.start()].rstrip()}{words[extra.end() :]}"
    first = found[0]
    return f"{words[: first.start()]}{name}{first.group(1) or ' '}{value}{words[first.end() :]}"


def _logical_lines(text: str) -> t.List[str]:
    """Lines with their ends; a line that ends in a backslash has the next one with it."""
    lines: t.List[str] = []
    open_line = False
    for line in _LINE.findall(text):
        if open_line:
            lines[-1] += line
        else:
            lines.append(line)
        body = lines[-1].rstrip("\r\n")
        comment = body.lstrip()[:1] in ("#", ";", "!")
        open_line = not comment and (len(body) - len(body.rstrip("\\"))) % 2 == 1
    return lines


def _set_line(text: str, form: str, name: str, prefix: str, value: str) -> str:
    """`text` with one line for `name`: where its first one stood, else at the end."""
    if re.search(r"[\s=]", name) or re.search(r"[\r\n]|\\\Z", value):
        raise CannotEdit(f"the name or value of {excerpt(name, 60)} would reach into other lines")
    pattern = re.compile(form.format(name=re.escape(name)))
    end = "\r\n" if "\r\n" in text else "\n"
    lines: t.List[str] = []
    done = False
    for line in _logical_lines(text):
        found = pattern.match(line)
        if found is None:
            lines.append(line)
        elif not done:
            before = found.group(0) if re.search(r"[=:\s]$", found.group(0)) else prefix
            lines.append(f"{before}{value}{_own_end(line)}")
            done = True
    if not done:
        if lines and not _own_end(lines[-1]):
            lines[-1] += end
        lines.append(f"{prefix}{value}{end}")
    return "".join(lines)


def _own_end(line: str) -> str:
    found = _LINE_END.search(line)
    return found.group(0) if found else ""


def yaml(text: str, settings: Settings) -> str:
    """Keys of one section of a YAML file: {section: a.b, values: {key: value}}; '' is the top."""
    section = [part for part in str(settings["section"]).split(".") if part]
    return edit_yaml.apply(text, [edit_yaml.Set([*section, key], value) for key, value in settings["values"].items()])


def compose(text: str, settings: Settings) -> str:
    """A service's environment in a Compose file, as a mapping or a list: {service, environment: {NAME: value}}."""
    service = str(settings["service"])
    path: edit_yaml.Path = ["services", service, "environment"]
    data = edit_yaml.load(text)
    services = edit_yaml.lookup(data, ["services"])
    if not isinstance(services, dict) or service not in services:
        known = ", ".join(str(name) for name in services) if isinstance(services, dict) else "none"
        raise CannotEdit(f"it has no service '{excerpt(service, 60)}' (it has: {excerpt(known, 120)})")
    existing = edit_yaml.lookup(data, path)
    edits: t.List[edit_yaml.Edit] = []
    for name, value in settings["environment"].items():
        if not isinstance(existing, list):
            edits.append(edit_yaml.Set([*path, name], str(value)))
            continue
        at = [i for i, item in enumerate(existing) if str(item).split("=", 1)[0] == name]
        item = f"{name}={value}"
        # Of two, the last one holds.
        edits.append(edit_yaml.Set([*path, at[-1]], item) if at else edit_yaml.Insert(path, None, item))
    return edit_yaml.apply(text, edits)


def alloy(text: str, settings: Settings) -> str:
    """The percentage of a sampler in Grafana Alloy's configuration: {label, percentage}.

    Its component otelcol.processor.probabilistic_sampler has to be there: only its owner knows how it is wired.
    """
    label, percentage = str(settings["label"]), f"{settings['percentage']:.6g}"
    component = f'otelcol.processor.probabilistic_sampler "{label}"'
    code = _without_comments(text)
    head = re.search(rf"(?m)^[ \t]*{re.escape(component)}[ \t]*\{{", code)
    if head is None:
        raise CannotEdit(f"it has no component {excerpt(component, 120)}; add it to the configuration first")
    start, end = head.end(), _closing_brace(code, head.end())
    attribute = re.search(r"(?m)^[ \t]*sampling_percentage[ \t]*=[ \t]*(\S[^\n]*?)[ \t\r]*$", code[start:end])
    if attribute:
        first, last = start + attribute.start(1), start + attribute.end(1)
        return text[:first] + percentage + text[last:]
    rest = text[start:] if code[start : start + 1] in ("\r", "\n") else "\n" + text[start:]
    return text[:start] + f"\n  sampling_percentage = {percentage}" + rest


def _without_comments(text: str) -> str:
    """Alloy's configuration with blanks in place of comments, so that every place stays the same."""
    return _ALLOY_TOKEN.sub(lambda found: _blank(found.group(0)) if found.group(0)[0] == "/" else found.group(0), text)


def _blank(comment: str) -> str:
    return re.sub(r"[^\r\n]", " ", comment)


def _closing_brace(code: str, start: int) -> int:
    depth = 1
    for token in _ALLOY_TOKEN.finditer(code, start):
        depth += {"{": 1, "}": -1}.get(token.group(0), 0)
        if depth == 0:
            return token.start()
    raise CannotEdit("a block of it is not closed")


FORMATS: t.Dict[str, t.Callable[[str, Settings], str]] = {
    "whole": whole,
    "environment": environment,
    "properties": properties,
    "options": options,
    "yaml": yaml,
    "compose": compose,
    "collector": edit_collector.collector,
    "alloy": alloy,
}

# The settings that a format needs. Those of `environment` and `properties` are names of the user's own.
NEEDED: t.Dict[str, t.Dict[str, str]] = {
    "whole": {"content": "text"},
    "options": {"variable": "text", "options": "dictionary"},
    "yaml": {"section": "text", "values": "dictionary"},
    "compose": {"service": "text", "environment": "dictionary"},
    "collector": {"sampler": "text", "processor": "text", "percentage": "percentage", "pipelines": "list"},
    "alloy": {"label": "text", "percentage": "percentage"},
}
_TYPES: t.Dict[str, t.Tuple[type, ...]] = {"text": (str, int, float), "dictionary": (dict,), "list": (list,)}
_PERCENTAGE = Limits(float, 0, 100)


def edit(form: str, text: str, settings: Settings) -> str:
    """`text` with `settings`, by the editor of `form`; CannotEdit also when a setting is missing or of another form."""
    given = dict(settings)
    for name, kind in NEEDED.get(form, {}).items():
        if name not in given:
            raise CannotEdit(f"settings: format {form} needs '{name}'")
        if kind == "percentage":
            try:
                given[name] = number(given[name], _PERCENTAGE, f"settings: {name}")
            except BadOption as error:
                raise CannotEdit(error.message) from None
        elif not isinstance(given[name], _TYPES[kind]):
            raise CannotEdit(f"settings: {name} of format {form} is not a {kind}")
    return FORMATS[form](text, given)
