"""What Tempo's search answers: parameters with their errors by version, matching, tags and values."""

from __future__ import annotations

import itertools
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.traceops.tracing.tests.lab import traceql
from ansible_collections.traceops.tracing.tests.lab.store import Trace

_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+")
_MAX_RANGE = 168 * 3600
_MAX_LIMIT = 262144


class BadRequest(Exception):
    """The text of a 400."""


@dataclass
class SearchParams:
    query: traceql.Query | None
    tags: dict[str, str]
    min_duration: float  # nanoseconds
    max_duration: float
    limit: int
    spss: int
    start: int  # seconds since the epoch; 0 is not given
    end: int


def intrinsics(version: tuple[int, ...]) -> set[str]:
    return traceql.INTRINSICS_OLD if version < (2, 7) else traceql.INTRINSICS_NEW


def _seconds(query: t.Mapping[str, str], name: str, version: tuple[int, ...]) -> int:
    raw = query.get(name, "")
    unsigned = version >= (3,)
    if not raw:
        return 0
    parser = "ParseUint" if unsigned else "ParseInt"
    if not re.fullmatch(r"\d+" if unsigned else r"-?\d+", raw):
        raise BadRequest(f'invalid {name}: strconv.{parser}: parsing "{raw}": invalid syntax')
    if int(raw) >= 2 ** (32 if unsigned else 31):
        raise BadRequest(f'invalid {name}: strconv.{parser}: parsing "{raw}": value out of range')
    return int(raw)


def _count(query: t.Mapping[str, str], name: str, default: int, version: tuple[int, ...]) -> int:
    raw = query.get(name, "")
    if not raw:
        return default
    if version >= (3,) and not raw.isdigit():
        raise BadRequest(f'invalid {name}: strconv.ParseUint: parsing "{raw}": invalid syntax')
    if not re.fullmatch(r"-?\d+", raw):
        raise BadRequest(f'invalid {name}: strconv.Atoi: parsing "{raw}": invalid syntax')
    if int(raw) < 1 and not (name == "spss" and raw == "0" and version >= (2, 10)):
        raise BadRequest(f"invalid {name}: must be a positive number")
    return int(raw)


def _nanoseconds(query: t.Mapping[str, str], name: str) -> float:
    raw = query.get(name, "")
    if not raw:
        return 0
    if not _DURATION.fullmatch(raw):
        raise BadRequest(f'invalid {name}: time: invalid duration "{raw}"')
    return traceql.nanoseconds(raw)


def _tags(raw: str) -> dict[str, str]:
    """logfmt: key=value pairs, values quoted when they hold spaces; a key alone has an empty value."""
    out: dict[str, str] = {}
    for match in re.finditer(r'([^\s="]+)(?:=("(?:[^"\\]|\\.)*"?|[^\s"]*))?', raw):
        key, value = match.group(1), match.group(2) or ""
        if value.startswith('"'):
            if len(value) < 2 or not value.endswith('"'):
                raise BadRequest(f"invalid tags: unterminated quoted value at pos {len(raw)}")
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        if key in out:
            raise BadRequest(f"invalid tags: tag {key} has been set twice")
        out[key] = value
    return out


def search_params(query: t.Mapping[str, str], version: tuple[int, ...]) -> SearchParams:
    """The parameters of /api/search; raises `BadRequest` with the text of that version."""
    start, end = _seconds(query, "start", version), _seconds(query, "end", version)
    ql = query.get("q", "")
    if ql and "tags" in query:
        raise BadRequest("invalid request: can't specify tags and q in the same query")
    limit = _count(query, "limit", 20, version)
    if version >= (2, 10) and limit > _MAX_LIMIT:
        raise BadRequest(f"limit {limit} exceeds max limit {_MAX_LIMIT}")
    spss = _count(query, "spss", 3, version)
    if version >= (2, 7) and spss > 100:
        raise BadRequest(f"spans per span set exceeds 100. received {spss}")
    tags = _tags(query["tags"]) if "tags" in query else {}
    if version < (2, 7) and not ql and "tags" not in query:
        known = {"q", "tags", "minDuration", "maxDuration", "limit", "spss", "start", "end"}
        tags = {key: value for key, value in query.items() if key not in known}  # the legacy form
    try:
        parsed = traceql.parse(ql, version) if ql else None
    except traceql.ParseError as error:
        raise BadRequest(str(error)) from None
    params = SearchParams(
        parsed,
        tags,
        _nanoseconds(query, "minDuration"),
        _nanoseconds(query, "maxDuration"),
        limit,
        spss,
        start,
        end,
    )
    if start and start >= end:
        raise BadRequest(f"http parameter start must be before end. received start={start} end={end}")
    if end and not start and version >= (2, 10):
        both = "must provide both or neither"
        raise BadRequest(f"error parsing date range: only one of start and end provided: {both}")
    if start and end - start > _MAX_RANGE:
        raise BadRequest(f"range specified by start and end exceeds 168h0m0s. received start={start} end={end}")
    return params


def views(trace: Trace) -> list[traceql.View]:
    roots = [(batch, span) for batch, span in trace.spans() if not span.parent_span_id]
    service, name = traceql.ROOT_MISSING, ""
    if roots:
        service, name = _service(roots[0][0]), roots[0][1].name
    return [traceql.View(trace, batch, span, service, name) for batch, span in trace.spans()]


def _service(batch: t.Any) -> str:
    return next((a.value.string_value for a in batch.resource.attributes if a.key == "service.name"), "")


def search(traces: list[Trace], params: SearchParams, version: tuple[int, ...], now: float) -> dict[str, t.Any]:
    """The answer without its job counts: the first `limit` matches by trace id, newest of these first.

    A real Tempo goes through blocks that are sorted by id, so a limited search gives low ids, not new traces,
    unless the query has `with (most_recent=true)`.
    """
    start, end = params.start, params.end
    if not start and not end and version >= (2, 10):
        start, end = int(now) - 900, int(now) + 1
    inspected = [
        trace for trace in traces if (not start or trace.end >= start * 1e9) and (not end or trace.start <= end * 1e9)
    ]
    most_recent = params.query is not None and params.query.most_recent
    inspected.sort(key=lambda trace: -trace.start if most_recent else int.from_bytes(trace.trace_id, "big"))
    matches = ((trace, _matching(trace, params)) for trace in inspected)
    first = list(itertools.islice(((trace, views) for trace, views in matches if views), params.limit))
    first.sort(key=lambda match: match[0].start, reverse=True)
    found = [_result(trace, matching, params, version) for trace, matching in first]
    metrics: dict[str, t.Any] = {}
    if inspected:
        size = str(sum(trace.size for trace in inspected))
        metrics = {"inspectedBytes": size} if params.query else {"inspectedTraces": len(traces), "inspectedBytes": size}
    return {"traces": found, "metrics": metrics}


def _matching(trace: Trace, params: SearchParams) -> list[traceql.View]:
    seen = views(trace)
    duration = trace.end - trace.start
    if duration < params.min_duration or (params.max_duration and duration > params.max_duration):
        return []
    if params.query:
        return [view for view in seen if params.query.matches(view)]
    for key, wanted in params.tags.items():
        values = (traceql.value_of(view, "name" if key == "name" else f".{key}") for view in seen)
        if not any(value is not None and wanted in str(value) for value in values):
            return []
    return seen


def _result(
    trace: Trace, matching: list[traceql.View], params: SearchParams, version: tuple[int, ...]
) -> dict[str, t.Any]:
    duration = (trace.end - trace.start) // 1_000_000
    out: dict[str, t.Any] = {
        "traceID": trace.trace_id.hex().lstrip("0"),
        "rootServiceName": matching[0].root_service,
        "rootTraceName": matching[0].root_name,
        "startTimeUnixNano": str(trace.start),
        "durationMs": duration,
    }
    out = {key: value for key, value in out.items() if value}  # protobuf's JSON leaves zero fields out
    if params.query:
        shown = matching[: params.spss or None]
        spans = [_span(view, params.query.fields) for view in shown]
        out["spanSet"] = {"spans": spans, "matched": len(matching)}
        out["spanSets"] = [out["spanSet"]]
        if version >= (2, 7):
            out["serviceStats"] = _service_stats(trace)
    return out


def _span(view: traceql.View, fields: list[str]) -> dict[str, t.Any]:
    span = view.span
    out: dict[str, t.Any] = {"spanID": span.span_id.hex()}
    if {"name", "span:name"} & set(fields):
        out["name"] = span.name
    out["startTimeUnixNano"] = str(span.start_time_unix_nano)
    duration = span.end_time_unix_nano - span.start_time_unix_nano
    if duration:
        out["durationNanos"] = str(duration)
    attributes = traceql.shown_attributes(view, fields)
    if attributes:
        out["attributes"] = attributes
    return out


def _service_stats(trace: Trace) -> dict[str, dict[str, int]]:
    out: dict[str, dict[str, int]] = {}
    for batch, span in trace.spans():
        stats = out.setdefault(_service(batch), {"spanCount": 0})
        stats["spanCount"] += 1
        if span.status.code == 2:
            stats["errorCount"] = stats.get("errorCount", 0) + 1
    return dict(sorted(out.items()))


def scope_of(query: t.Mapping[str, str]) -> str:
    scope = query.get("scope", "")
    if scope not in ("", "none", "resource", "span", "intrinsic", "event", "link", "instrumentation"):
        raise BadRequest(f"invalid scope: {scope}")
    return scope


def tag_names(traces: list[Trace], scope: str) -> dict[str, set[str]]:
    """Attribute names by scope (resource, span), only scopes that have some."""
    out: dict[str, set[str]] = {}
    for trace in traces:
        for batch, span in trace.spans():
            for name, attributes in (("resource", batch.resource.attributes), ("span", span.attributes)):
                if scope in ("", "none", name) and attributes:
                    out.setdefault(name, set()).update(item.key for item in attributes)
    return out


def recorded_intrinsics(exchanges: list[dict[str, t.Any]]) -> list[str]:
    """The intrinsic tags that this version listed when it was recorded."""
    for exchange in exchanges:
        if exchange["state"] == "ingested" and exchange["request"]["path"] == "/api/v2/search/tags":
            match = re.search(r'"name":"intrinsic","tags":\[([^\]]*)\]', exchange["response"]["body"])
            return re.findall(r'"([^"]+)"', match.group(1)) if match else []
    return []


def tag_values(traces: list[Trace], tag: str) -> list[t.Any]:
    values = [traceql.value_of(view, tag) for trace in traces for view in views(trace)]
    return [value for value in values if value not in (None, "")]


def query_range(traces: list[Trace], query: t.Mapping[str, str], version: tuple[int, ...]) -> dict[str, t.Any]:
    """`{...} | rate()` per step; other functions of TraceQL metrics are answered alike."""
    try:
        parsed = traceql.parse(query.get("q", ""), version)
    except traceql.ParseError as error:
        raise BadRequest(str(error)) from None
    step = max(1, int(re.sub(r"\D", "", query.get("step", "")) or 60))
    start, end = _seconds(query, "start", version), _seconds(query, "end", version)
    if not start or end <= start or (end - start) / step > 11000:
        raise BadRequest("invalid start, end or step")
    first = start // step * step
    counts: dict[int, int] = {}
    exemplars: list[dict[str, t.Any]] = []  # one per matching trace
    for trace in traces:
        matching = list(filter(parsed.matches, views(trace)))
        for view in matching:
            at = -(-view.span.start_time_unix_nano // (step * 1_000_000_000)) * step
            if first <= at <= end + step:
                counts[at] = counts.get(at, 0) + 1
        if matching:
            label = {"key": "trace:id", "value": {"stringValue": trace.trace_id.hex().lstrip("0")}}
            shown = {"labels": [label], "value": 1 / step, "timestampMs": str(trace.start // 1_000_000)}
            exemplars.append(shown)
    if not counts:
        return {"series": [], "metrics": {"completedJobs": 1, "totalJobs": 1}}
    samples: list[dict[str, t.Any]] = []
    for at in range(first, end + step, step):
        sample: dict[str, t.Any] = {"timestampMs": str(at * 1000)}
        if at in counts:
            sample["value"] = counts[at] / step
        samples.append(sample)
    labels = [{"key": "__name__", "value": {"stringValue": "rate"}}]
    series = {"labels": labels, "samples": samples, "exemplars": exemplars}
    return {"series": [series], "metrics": {"completedJobs": 1, "totalJobs": 1}}
