"""As much of TraceQL as diagnosis asks: one or more span sets with comparisons, and `with (most_recent=true)`.

`parse(query, version)` gives a `Query`; `ParseError` has the text that Tempo of that version answers.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

from ansible_collections.traceops.tracing.tests.lab.store import Trace

ROOT_MISSING = "<root span not yet received>"
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>"(?:[^"\\]|\\.)*"|`[^`]*`)
    | (?P<duration>-?(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+)
    | (?P<number>-?\d+(?:\.\d+)?)
    | (?P<op>&&|\|\||!=|=~|!~|>=|<=|[{}()=<>!|,])
    | (?P<word>(?:(?:span|resource|event|link|instrumentation|parent)?\.
          (?:"(?:[^"\\]|\\["\\])*"|[^\s{}()=<>!~|&,"])+)|[A-Za-z_][\w:]*)
    )""",
    re.VERBOSE,
)
_UNITS = {"ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "m": 6e10, "h": 3.6e12}
_OPS = ("=", "!=", "=~", "!~", ">", "<", ">=", "<=")
STATUS = {0: "unset", 1: "ok", 2: "error"}
KIND = {0: "unspecified", 1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}
_ENUMS = {*STATUS.values(), *KIND.values(), "true", "false"}
INTRINSICS_OLD = {"duration", "kind", "name", "rootName", "rootServiceName", "status", "statusMessage", "traceDuration"}
_SCOPED = {
    "span:duration": "duration",
    "span:kind": "kind",
    "span:name": "name",
    "span:status": "status",
    "span:statusMessage": "statusMessage",
    "trace:duration": "traceDuration",
    "trace:rootName": "rootName",
    "trace:rootService": "rootServiceName",
}
INTRINSICS_NEW = INTRINSICS_OLD | set(_SCOPED) | {"nestedSetParent", "trace:id", "span:id", "span:parentID"}
_STATIC = {"name", "duration", "rootName", "rootServiceName", "traceDuration", "trace:id", "span:id"}


class ParseError(Exception):
    pass


Value = t.Union[str, float, bool, None]


@dataclass(frozen=True)
class View:
    """One span with what its comparisons may ask about."""

    trace: Trace
    batch: ResourceSpans
    span: Span
    root_service: str
    root_name: str


@dataclass
class Query:
    matches: t.Callable[[View], bool]
    fields: list[str] = field(default_factory=list)  # attributes and intrinsics that the query names
    most_recent: bool = False
    pipeline: str = ""  # what follows the first |, for example "rate()"


def any_value(value: AnyValue) -> Value:
    kind = value.WhichOneof("value")
    return getattr(value, kind) if kind in ("string_value", "int_value", "double_value", "bool_value") else None


def attributes(view: View, scope: str) -> dict[str, AnyValue]:
    out: dict[str, AnyValue] = {}
    if scope in ("", "resource"):
        out.update((item.key, item.value) for item in view.batch.resource.attributes)
    if scope in ("", "span"):
        out.update((item.key, item.value) for item in view.span.attributes)
    return out


def value_of(view: View, name: str) -> Value:
    """An attribute (`resource.x`, `span.x`, `.x`) or intrinsic of a span; None when it has none."""
    if "." in name and name.split(".")[0] in ("", "resource", "span"):
        scope, _unused, key = name.partition(".")
        found = attributes(view, scope).get(key)
        return None if found is None else any_value(found)
    span, trace = view.span, view.trace
    values: dict[str, Value] = {
        "name": span.name,
        "duration": span.end_time_unix_nano - span.start_time_unix_nano,
        "status": STATUS.get(span.status.code),
        "statusMessage": span.status.message,
        "kind": KIND.get(span.kind),
        "rootServiceName": view.root_service,
        "rootName": view.root_name,
        "traceDuration": trace.end - trace.start,
        "nestedSetParent": 1 if span.parent_span_id else -1,
        "trace:id": trace.trace_id.hex(),
        "span:id": span.span_id.hex(),
        "span:parentID": span.parent_span_id.hex(),
    }
    return values.get(_SCOPED.get(name, name))


def shown_attributes(view: View, fields: t.Iterable[str]) -> list[dict[str, t.Any]]:
    """What a search answer repeats of a matching span: the attributes that the query named."""
    out = []
    for name in dict.fromkeys(fields):
        value = None if _SCOPED.get(name, name) in _STATIC else value_of(view, name)
        if value is None:
            continue
        kind = {bool: "boolValue", int: "intValue", float: "doubleValue", str: "stringValue"}[type(value)]
        key = name.partition(".")[2] if "." in name else name
        out.append({"key": key, "value": {kind: str(value) if kind == "intValue" else value}})
    return out


def nanoseconds(duration: str) -> float:
    """A Go duration, `1m30s`."""
    total = sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"([\d.]+)([a-zµ]+)", duration))
    return -total if duration.startswith("-") else total


def parse(query: str, version: tuple[int, ...]) -> Query:
    return _Parser(query, version).query()


class _Parser:
    def __init__(self, text: str, version: tuple[int, ...]) -> None:
        self.text, self.old = text, version < (2, 7)
        self.intrinsics = INTRINSICS_OLD if self.old else INTRINSICS_NEW
        self.fields: list[str] = []
        self.tokens: list[tuple[str, str, int]] = []  # kind, text, column
        position = 0
        while text[position:].strip():
            match = _TOKEN.match(text, position)
            if not match:
                column = position + len(text[position:]) - len(text[position:].lstrip()) + 1
                raise self._error(column, f"unexpected {text[column - 1]}")
            kind = str(match.lastgroup)
            self.tokens.append((kind, match.group(kind), match.start(kind) + 1))
            position = match.end()
        self.tokens.append(("end", "", len(text) + 1))
        self.at = 0

    def _error(self, column: int, message: str) -> ParseError:
        return ParseError(f"invalid TraceQL query: parse error at line 1, col {column}: syntax error: {message}")

    def _unexpected(self) -> ParseError:
        kind, value, column = self.tokens[self.at]
        if kind == "word":
            if self.old:
                return self._error(column, "unexpected IDENTIFIER")
            return ParseError(
                f"invalid TraceQL query: parse error at line 1, col {column}: unknown identifier: {value}"
            )
        names = {"end": "$end", "string": "STRING", "number": "INTEGER", "duration": "DURATION"}
        return self._error(column, f"unexpected {names.get(kind, value)}")

    def _take(self, *values: str) -> str | None:
        kind, value, _unused = self.tokens[self.at]
        if value in values and kind in ("op", "word"):
            self.at += 1
            return value
        return None

    def _want(self, value: str) -> None:
        if not self._take(value):
            raise self._unexpected()

    def query(self) -> Query:
        matches = self._span_sets()
        out = Query(matches, self.fields)
        if self._take("|"):
            start = self.tokens[self.at][2] - 1
            while self.tokens[self.at][0] != "end" and self.tokens[self.at][1] != "with":
                self.at += 1
            out.pipeline = self.text[start : self.tokens[self.at][2] - 1].strip()
            if not out.pipeline:
                raise self._unexpected()
        if not self.old and self._take("with"):
            self._want("(")
            while not self._take(")"):
                name = self.tokens[self.at][1]
                self.at += 1
                self._want("=")
                value = self.tokens[self.at][1]
                if self.tokens[self.at][0] == "end":
                    raise self._unexpected()
                self.at += 1
                out.most_recent = out.most_recent or (name == "most_recent" and value == "true")
                self._take(",")
        if self.tokens[self.at][0] != "end":
            raise self._unexpected()
        return out

    def _span_sets(self) -> t.Callable[[View], bool]:
        sets = [self._span_set()]
        while self._take("&&", "||"):
            # A trace must have both; for the lab's purposes a span that matches either is shown.
            sets.append(self._span_set())
        return lambda view: any(matches(view) for matches in sets)

    def _span_set(self) -> t.Callable[[View], bool]:
        self._want("{")
        if self._take("}"):
            return lambda view: True
        matches = self._either()
        self._want("}")
        return matches

    def _either(self) -> t.Callable[[View], bool]:
        parts = [self._both()]
        while self._take("||"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else lambda view: any(part(view) for part in parts)

    def _both(self) -> t.Callable[[View], bool]:
        parts = [self._one()]
        while self._take("&&"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda view: all(part(view) for part in parts)

    def _one(self) -> t.Callable[[View], bool]:
        if self._take("!"):
            inner = self._one()
            return lambda view: not inner(view)
        if self._take("("):
            inside = self._either()
            self._want(")")
            return inside
        if self._take("true", "false"):
            wanted = self.tokens[self.at - 1][1] == "true"
            return lambda view: wanted
        name = self._name()
        op = self._take(*_OPS)
        if not op:
            raise self._unexpected()
        return _comparison(name, op, self._literal())

    def _name(self) -> str:
        kind, value, _unused = self.tokens[self.at]
        if kind != "word" or ("." not in value and value not in self.intrinsics):
            raise self._unexpected()
        if value.split(".")[0] in ("event", "link", "instrumentation", "parent") and self.old:
            raise self._unexpected()
        self.at += 1
        value = re.sub(r'"((?:[^"\\]|\\.)*)"', lambda quoted: re.sub(r"\\(.)", r"\1", quoted[1]), value)
        self.fields.append(value)
        return value

    def _literal(self) -> Value:
        kind, value, _unused = self.tokens[self.at]
        self.at += 1
        if kind == "string":
            return value[1:-1] if value[0] == "`" else _ESCAPE.sub(_unescaped, value[1:-1])
        if kind == "number":
            return float(value)
        if kind == "duration":
            return nanoseconds(value)
        if kind == "word" and value in _ENUMS:
            return value if value not in ("true", "false") else value == "true"
        if kind == "word" and value == "nil":
            field_name = self.fields[-1]
            if "." not in field_name:
                raise ParseError("invalid TraceQL query: intrinsics cannot be nil")
            return None
        self.at -= 1
        raise self._unexpected()


_ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|U([0-9a-f]{8})|(.))", re.IGNORECASE)


def _unescaped(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2]
    return chr(int(code, 16)) if code else escape[3]


def _comparison(name: str, op: str, wanted: Value) -> t.Callable[[View], bool]:
    pattern = re.compile(wanted) if op in ("=~", "!~") and isinstance(wanted, str) else None

    def matches(view: View) -> bool:
        value = value_of(view, name)
        if pattern is not None:
            found = isinstance(value, str) and pattern.fullmatch(value) is not None
            return found if op == "=~" else value is not None and not found
        if op == "=":
            return value == wanted
        if op == "!=":
            return value != wanted and (value is not None or wanted is None)
        if isinstance(value, (int, float)) and isinstance(wanted, (int, float)):
            return {">": value > wanted, "<": value < wanted, ">=": value >= wanted, "<=": value <= wanted}[op]
        return False

    return matches
