# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records of logs: what carries a line (a container engine, a journal, a JSON logger), which lines belong together, and
the words in them that are for people."""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import later

_WORDS = 300

# Records: what a log's own form puts around them, and which lines belong together.
_CRI = later.pattern(r"^\d{4}-\d\d-\d\dT\S+ (?:stdout|stderr) [FP] ")
_COMPOSE = later.pattern(r"^[\w.-]{1,64}\s+\| ")
_SYSLOG = later.pattern(
    r"^(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S+) \S+ [\w./@-]{1,64}(?:\[\d+\])?: "
)
_MESSAGE_KEYS = ("log", "msg", "message", "MESSAGE", "body", "Body", "RenderedMessage", "event", "@m", "short_message")
_TRACE_KEYS = (
    "stack_trace",
    "stacktrace",
    "stack",
    "exception",
    "exc_info",
    "error",
    "err",
    "Exception",
    "@x",
    "thrown",
    "error_message",
)


def unwrapped(line: str) -> str:
    """A line without what carries it: a container engine's JSON or prefix, a journal's, a JSON logger's fields."""
    for prefix in (_CRI, _SYSLOG, _COMPOSE):
        line = prefix.sub("", line, count=1)
    start = line.find("{")
    stripped = line.rstrip()
    if 0 <= start <= 64 and stripped.endswith("}"):
        said = _said_in_json(stripped[start:])
        if said:
            return line[:start] + unwrapped(said) if start else unwrapped(said)
    return line


def _said_in_json(text: str) -> str:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(fields, dict):
        return ""
    # A collector's console line ends in its fields, and OpenTelemetry JS prints an error as JSON: they stay.
    said = next((str(fields[key]) for key in _MESSAGE_KEYS if isinstance(fields.get(key), str)), "")
    if not said or ("name" in fields and "stack" in fields):
        return ""
    name = next(
        (
            str(fields[key])
            for key in ("logger", "logger_name", "loggerName", "name")
            if isinstance(fields.get(key), str)
        ),
        "",
    )
    parts = [f"{name}: {said}" if name else said.rstrip("\n")]
    for key in _TRACE_KEYS:
        value = fields.get(key)
        if isinstance(value, str):
            parts.append(value)
        elif isinstance(value, dict):
            parts += [
                str(value[inner])
                for inner in ("type", "message", "stack", "stack_trace")
                if isinstance(value.get(inner), str)
            ]
    return "\n".join(parts)


# What belongs to the record above it.
_CONTINUES = later.pattern(
    r"^(?:\s|$|Traceback|Caused by: |During handling|The above exception|Suppressed: |\.\.\. |[})\]]"
    r"|[\w.$]+(?:Error|Exception|Timeout|Failure|Refused|Reset|Disconnected"
    r"|Schema|URL|Redirects|StatusLine|gaierror|Iteration|Exit)\b(?::|$|\()"
    r"|\{?\s*\\*\"(?:kind|data_type|name|error|interval)\\*\":|Permanent error: |request to \S+ responded"
    r"|\{[a-z]\w*,\s*$|[a-z]\w*\}+\s*$"  # an Erlang term that goes on
    r"|stack traceback|details = |debug_error_string|\tstatus = |#\d+ |there is no reactor|note: )"
)
_FRAME = later.pattern(
    r"^(?:\s+(?:at |File |\^|~|\.\.\. \d+ more|from )|    |\t(?:at|\.\.\.)|#\d+ |Traceback "
    r"|During handling|The above exception|\s*$)"
)
_LONGEST = 200


def continues(line: str) -> bool:
    """Whether an unwrapped line belongs to the record above it, as those of a traceback do."""
    return _CONTINUES.match(line) is not None


def record(lines: t.Sequence[str]) -> t.List[str]:
    """The record that begins with the first of `lines`, unwrapped."""
    found: t.List[str] = []
    for line in lines[:_LONGEST]:
        inner = unwrapped(line).split("\n")
        if found and not continues(inner[0]):
            break
        found += inner
    return found


def messages(lines: t.Sequence[str]) -> t.List[str]:
    """The lines of a record that say something: without stack frames and source code."""
    said: t.List[str] = []
    for number, line in enumerate(lines):
        if number and _FRAME.match(line):
            continue
        # A stack within JSON: its first line is the message, frames follow, and behind the last one the other fields.
        for part in re.split(r"(?:\\+n|\n)", line):
            if re.match(r"\s+at |\s*#\d+ ", part):
                part = _FIELDS.sub("", part) if _FIELDS.match(part) else ""
            if part.strip():
                said.append(part)
    return said


_FIELDS = later.pattern(r"^.*?\\*\"\s*,\s*(?=\\*\"\w+\\*\":)")


_ESCAPED = later.pattern(r"\\+([\"'/])")
# The fields behind a message in JSON or logfmt, and what a JSON value begins with.
_TAIL = later.pattern(
    r"(?:\\*\"\s*,\s*\\*\"[\w.@-]{1,40}\\*\"\s*:|\\*\"\s+[\w.]{1,40}=|\\*\"\s*\}"
    r"|\s+[\w.]{1,40}_items=|\s+interval=|,?\s*\\*\"(?:stacktrace|dropped_items|interval)\\*\"|\\*\"\s+\{\\*\""
    r"|\.? Resolution note\b).*$"
)
_HEAD = later.pattern(
    r"^.*?(?:\{?\\*\"(?:stack|message|msg|error|details)\\*\":\s*\\*\"|\berror=\\*\"|\berr=\\*\""
    r"|Err: connection error: desc = \\*\")(?:Error: )?"
)
# How often a head may be followed by another one.
_HEADS = 4
_LEVEL = r"(?:TRACE|DEBUG|INFO|WARN|WARNING|ERROR|SEVERE|FATAL|CRITICAL)"
# What stands before a message: what syslog, journald and container engines put there, then times, levels and loggers
# of Python, Java, Spring, Elixir, env_logger, Ruby, Go and glog.
_LOG_HEADS = tuple(
    later.pattern(each)
    for each in (
        r"^\d{4}-\d\d-\d\dT[\d:.]+Z (?=[\[(]?\d{4}[-/])",
        r"^(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d (?:\S+ )?|\d{4}-\S+ (?:\S+ )?)?[\w./@+-]{1,64}\[\d{1,10}\]: ",
        r"^[\[(]?(?:otel\.javaagent )?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d\S*(?: [+-]\d{4})?[\])]?\s*",
        r"^\d\d:\d\d:\d\d[.,]?\d*\s+",
        rf"^\[?{_LEVEL}\s+[\w:]+\]\s+",
        r"^[IWEF]\d{4} \d\d:\d\d:\d\d\S*\s+\d+ \S+\]\s+",
        rf"^[A-Z], \[[^\]]*\]\s+{_LEVEL} -- \S*: ",
        r"^(?:\[(?:[^\[\]]|\[[^\]]*\]){1,200}\](?:\s+|(?=\[)))+",
        rf"^-\s+[\w.]+\s+-\s+{_LEVEL}\s+-\s+",
        rf"^{_LEVEL}\b[:\s]*",
        r"^\d+ --- (?:\[[^\]]*\] *)+\S+\s*: ",
        r"^(?:trace|debug|info|warn|error)\s+\S+\.go:\d+\s+",
        r"^(?:\w\.){2,}[\w.$]+\s+[-:]\s+",
        r"^[>-] +",
        r"^\[?opentelemetry[\w.]*\]?:?\s+",
        r"^io\.opentelemetry[\w.$]*(?:\s+-)?\s+",
        r"^(?:TokioSpanProcessor|OpenTelemetry error|OpenTelemetry trace error occurred): ?",
    )
)


def words(text: str, place: int = 0) -> str:
    """Words for people: one line, without escapes, JSON or logfmt around them, brackets that close nothing."""
    text = re.sub("[\u201c\u201d]", '"', text)
    head = _HEAD.match(text)
    if (head and head.end() <= max(place, 1)) or (head and not place):
        text = text[head.end() :] if head else text
    text = re.split(r"\\+[nrt]|[\r\n\t]", text.strip(), maxsplit=1)[0] if not text.startswith("\t") else text.strip()
    for _unused in range(_HEADS):
        before = text
        for each in _LOG_HEADS:
            text = each.sub("", text, count=1) or text
        if text == before:
            break
    text = _TAIL.sub("", text)
    return _ended(" ".join(_ESCAPED.sub(r"\1", text).split())[:_WORDS])


def _ended(text: str) -> str:
    """`text` without what ends nothing: punctuation, and brackets and quotes that open or close elsewhere."""
    while True:
        shorter = _balanced(text.rstrip(" ,;:{[(\\"))
        if shorter == text:
            return text
        text = shorter


def _balanced(text: str) -> str:
    """`text` without closing brackets and quotes at its end that open nowhere."""
    while text:
        last = text[-1]
        opening = {")": "(", "]": "[", "}": "{"}.get(last)
        if (opening and text.count(last) > text.count(opening)) or (last in "\"'\\" and text.count(last) % 2):
            text = text[:-1].rstrip()
        else:
            break
    return text
