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

from ansible_collections.traceops.tracing.plugins.module_utils._sampling import edit_collector, edit_yaml
from ansible_collections.traceops.tracing.plugins.module_utils._sampling.edit_yaml import CannotEdit
from ansible_collections.traceops.tracing.plugins.module_utils._text import excerpt

Settings = t.Mapping[str, t.Any]

# The whole logical line of a name, with what stands before its value.
_ENV = r"[ \t]*(?:export[ \t]+)?{name}="
_PROPERTY = r"[ \t]*{name}(?=[ \t]*[=:]|[ \t]|$)[ \t]*[=:]?[ \t]*"
_QUOTED = re.compile(r"^([\"'])(.*)\1\s*$", re.DOTALL)


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
    value = found[-1].split("=", 1)[1].rstrip("\r\n") if found else ""
    quoted = _QUOTED.match(value)
    quote, inner = (quoted.group(1), quoted.group(2)) if quoted else ('"', value.strip())
    if not quoted and re.search(r"[\"']", inner):
        raise CannotEdit(f"the value of {variable} is quoted in parts; quote it as a whole")
    for name, wanted in settings["options"].items():
        inner = _set_option(inner, str(name), str(wanted))
    return _set_line(text, _ENV, variable, f"{variable}=", f"{quote}{inner}{quote}")


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
    for line in text.splitlines(keepends=True):
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
            lines.append(f"{before}{value}{end}")
            done = True
    if not done:
        if lines and not lines[-1].endswith("\n"):
            lines[-1] += end
        lines.append(f"{prefix}{value}{end}")
    return "".join(lines)


def yaml(text: str, settings: Settings) -> str:
    """Keys of one section of a YAML file: {section: a.b, values: {key: value}}; '' is the top."""
    section = [part for part in str(settings["section"]).split(".") if part]
    return edit_yaml.apply(text, [edit_yaml.Set([*section, key], value) for key, value in settings["values"].items()])


def compose(text: str, settings: Settings) -> str:
    """A service's environment in a Compose file, as a mapping or a list: {service, environment: {NAME: value}}."""
    path: edit_yaml.Path = ["services", str(settings["service"]), "environment"]
    existing = edit_yaml.lookup(edit_yaml.load(text), path)
    edits: t.List[edit_yaml.Edit] = []
    for name, value in settings["environment"].items():
        if not isinstance(existing, list):
            edits.append(edit_yaml.Set([*path, name], str(value)))
            continue
        at = [i for i, item in enumerate(existing) if str(item).split("=", 1)[0] == name]
        item = f"{name}={value}"
        edits.append(edit_yaml.Set([*path, at[0]], item) if at else edit_yaml.Insert(path, None, item))
    return edit_yaml.apply(text, edits)


def alloy(text: str, settings: Settings) -> str:
    """The percentage of a sampler in Grafana Alloy's configuration: {label, percentage}.

    Its component otelcol.processor.probabilistic_sampler has to be there: only its owner knows how it is wired.
    """
    label, percentage = str(settings["label"]), f"{settings['percentage']:.6g}"
    component = f'otelcol.processor.probabilistic_sampler "{label}"'
    head = re.search(rf"(?m)^[ \t]*{re.escape(component)}[ \t]*\{{", text)
    if head is None:
        raise CannotEdit(f"it has no component {excerpt(component, 120)}; add it to the configuration first")
    body_end = _closing_brace(text, head.end())
    body = text[head.end() : body_end]
    attribute = re.search(r"(?m)^([ \t]*sampling_percentage[ \t]*=[ \t]*)[^\s/]+", body)
    if attribute:
        body = body[: attribute.start()] + attribute.group(1) + percentage + body[attribute.end() :]
    else:
        body = f"\n  sampling_percentage = {percentage}" + (body if body.startswith("\n") else "\n" + body)
    return text[: head.end()] + body + text[body_end:]


def _closing_brace(text: str, start: int) -> int:
    depth = 1
    for token in re.finditer(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/|[{}]', text[start:], re.DOTALL):
        depth += {"{": 1, "}": -1}.get(token.group(0), 0)
        if depth == 0:
            return start + token.start()
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
