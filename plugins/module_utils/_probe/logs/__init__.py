# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What logs say: named patterns, looked for in files, the journal of a unit or a container's log, in one pass.

Observes only. A pattern's numbers are over all lines that were read (within `since` and `until`), and once more over
those since the last start of the process, where a pattern with `start: true` shows starts; expectations are
about the latter. The absence of a line says nothing when its level was not logged (see `levels`).

cause: ok | bad_option | not_found | permission_denied | not_a_file | unreadable | damaged | too_large |
regex_timeout | timed_out | library_missing | grep_missing | journal_unavailable | daemon_unreachable |
engine_error | timeout. Files that cannot be read are reported in `files`; the probe fails only when none could be.
"""

from __future__ import annotations

import time
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption, ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs import (
    grep,
    patterns,
    reading,
    supervised,
    textform,
)
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.captures import Captured
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.failures import (
    DecidingReason,
    Reason,
    Told,
    Word,
)
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.files import Scan, Settings
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.limits import MATCH_LIMIT, TooSlow, Watch
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.scan import Scanner, Tally
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.timestamps import bound, iso

if t.TYPE_CHECKING:
    from ansible_collections.traceops.tracing.plugins.module_utils._base.spec import Spec
    from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.block import Hit as Line

ARGUMENT_SPEC: Spec = {
    "paths": {"type": "list", "elements": "str", "default": []},
    "unit": {"type": "str"},
    "container": {"type": "str"},
    "docker_host": {"type": "str"},
    "patterns": {"type": "dict", "default": {}},
    "profiles": {"type": "list", "elements": "str", "default": []},
    "profile_dirs": {"type": "list", "elements": "str", "default": []},
    "since": {"type": "str"},
    "until": {"type": "str"},
    "max_samples": {"type": "int", "default": 3},
    "context": {"type": "int", "default": 0},
    "redact": {"type": "bool", "default": True, "no_log": False},
    "engine": {"type": "str", "choices": ["auto", "grep", "python"], "default": "auto"},
    "max_decompressed": {"type": "int", "default": 8589934592},
    "timeout": {"type": "float", "default": 600.0},
}


class Hit(t.TypedDict):
    """A line; `line` is null when the file was entered by seeking, `time` when no time was recognised."""

    file: str
    line: t.Optional[int]
    offset: int
    time: t.Optional[str]
    text: str


class Sample(Hit):
    """A line with the lines around it."""

    before: t.List[str]
    after: t.List[str]


class Found(t.TypedDict):
    """What was found of one pattern."""

    count: int
    count_since_start: int
    first: t.Optional[Hit]
    last: t.Optional[Hit]
    samples: t.List[Sample]
    captures: t.Dict[str, Captured]  # by the name of the group
    rate_per_minute: t.Optional[float]
    met: t.Optional[bool]  # whether the expectation is met; null when there is none
    reason: t.Optional[Word]  # what the last of its records says, of a pattern that asks why


class Report(t.TypedDict):
    """A source, in the order in which they were read."""

    path: str
    bytes: int
    engine: t.Optional[str]
    first_time: t.Optional[str]
    last_time: t.Optional[str]
    order: str  # rising, unordered or unknown
    sought: bool
    error: t.Optional[str]
    note: t.Optional[str]


class Result(t.TypedDict, total=False):
    """What `run` returns; RETURN of the module log_grep says more of each key."""

    ok: bool
    cause: str
    message: str
    took: float
    shared_with: str  # the label (in evidence, the application) that was asked in the same words
    patterns: t.Dict[str, Found]  # by name
    missing: t.List[str]
    unexpected: t.List[str]
    last_start: t.Optional[Hit]
    levels: t.List[str]
    files: t.List[Report]
    profiles: t.Dict[str, int]  # of which lines were found, and how many
    recognised: str  # the profile of most lines; "" where there is none
    reasons: t.Dict[str, Reason]  # why exports failed, by cause
    reason: t.Optional[DecidingReason]
    other_signals: t.Dict[str, Reason]  # why exports of metrics and logs failed
    bytes_read: int
    elapsed: float
    engine: t.Optional[str]


# The keys of a result, when nothing was read.
NOTHING: t.Dict[str, t.Any] = {
    "patterns": {}, "missing": [], "unexpected": [], "last_start": None, "levels": [], "files": [],
    "profiles": {}, "recognised": "", "reasons": {}, "reason": None, "other_signals": {},
    "bytes_read": 0, "elapsed": 0.0, "engine": None,
}  # fmt: skip

_MOST_SAMPLES = 100
_MOST_CONTEXT = 20


def run(params: t.Mapping[str, t.Any]) -> Result:
    """Read the logs once."""
    started = time.monotonic()
    now = time.time()
    try:
        named, settings = _options(params, now)
    except ProbeFailure as error:
        error.result = dict(NOTHING)
        raise
    watch = Watch(params["timeout"])
    scanner = Scanner(named, params["max_samples"], settings.redact, watch)
    scan = Scan(named, scanner, settings, watch)
    failure: t.Optional[ProbeFailure] = None
    try:
        with watch:
            _read(params, scan, scanner)
    except TooSlow as error:
        failure = _too_slow(error, params["timeout"])
    result = _result(scan, scanner, settings, started)
    read = [report for report in scan.reports if report["error"] is None or report["bytes"]]
    if failure is None and scan.errors and not read:
        first = scan.errors[0]
        more = f" (and {len(scan.errors) - 1} more)" if len(scan.errors) > 1 else ""
        failure = ProbeFailure(first.cause, first.message + more)
    if failure is not None:
        raise ProbeFailure(failure.cause, failure.message, result)
    return t.cast(Result, {"ok": True, "cause": "ok", "message": _summary(scan, result), **result})


def _options(params: t.Mapping[str, t.Any], now: float) -> t.Tuple[t.List[patterns.Pattern], Settings]:
    if params["profiles"]:
        raise BadOption("profiles: profiles are on the controller, where the action resolves them; give patterns here")
    if not params["patterns"]:
        raise BadOption("patterns: nothing to look for; give patterns or profiles")
    if not (params["paths"] or params["unit"] or params["container"]):
        raise BadOption("paths: nothing to read; give paths, unit or container")
    for option, most in (("max_samples", _MOST_SAMPLES), ("context", _MOST_CONTEXT)):
        if not 0 <= params[option] <= most:
            raise BadOption(f"{option}: {params[option]} is not between 0 and {most}")
    for option in ("timeout", "max_decompressed"):
        if params[option] <= 0:
            raise BadOption(f"{option}: {params[option]} is not more than 0")
    if params["engine"] == "grep" and grep.program() is None:
        raise ProbeFailure("grep_missing", "engine: this host has no GNU grep; use engine auto or python")
    since, until = bound("since", params["since"], now), bound("until", params["until"], now)
    if since is not None and until is not None and since > until:
        raise BadOption(f"since: {iso(since)} is later than until, {iso(until)}")
    settings = Settings(
        engine=params["engine"],
        since=since,
        until=until,
        context=params["context"],
        redact=params["redact"],
        max_decompressed=params["max_decompressed"],
        now=now,
    )
    return patterns.parse(params["patterns"]), settings


def _read(params: t.Mapping[str, t.Any], scan: Scan, scanner: Scanner) -> None:
    entries, errors = reading.listed(params["paths"])
    scan.errors.extend(errors)
    seen: t.Set[t.Tuple[int, int]] = set()
    series = None
    for entry in entries:
        if entry.identity in seen:
            continue
        if entry.identity is not None:
            seen.add(entry.identity)
        if entry.series != series:
            scanner.begin_series()
            series = entry.series
        scan.file(entry)
    bounds = (scan.settings.since, scan.settings.until)
    if params["unit"]:
        scanner.begin_series()
        scan.source(
            f"journal:{params['unit']}",
            supervised.journal_chunks(params["unit"], bounds, scan.watch.left, scanner.begin_process),
        )
    if params["container"]:
        scanner.begin_series()
        chunks = supervised.container_chunks(
            params["container"], params["docker_host"], bounds, scan.watch.left, scanner.begin_process
        )
        scan.source(f"container:{params['container']}", chunks)


def _too_slow(error: TooSlow, timeout: float) -> ProbeFailure:
    if not error.whole:
        return ProbeFailure(
            "regex_timeout",
            f"patterns: {error.pattern}: took more than {MATCH_LIMIT:g} s on one line, so it was stopped;"
            " an expression with nested repetition backtracks without end",
        )
    busy = f", most recently with the pattern '{error.pattern}'" if error.pattern else ""
    return ProbeFailure("timed_out", f"timeout: the logs were not read to the end in {timeout:g} s{busy}")


def _result(scan: Scan, scanner: Scanner, settings: Settings, started: float) -> t.Dict[str, t.Any]:
    minutes = _minutes(scan.times, settings)
    told = scanner.failures.result(max(scan.times, default=None), settings.redact)
    recognised = _recognised(scanner)
    held = _held(scanner, recognised)
    found = {
        name: _pattern(tally, minutes, settings.redact, told, name in held) for name, tally in scanner.tallies.items()
    }
    missing: t.List[str] = []
    unexpected: t.List[str] = []
    for name, tally in scanner.tallies.items():
        if found[name]["met"] is False:
            too_few = tally.count_since_start < (tally.pattern.at_least or 0)
            (missing if too_few else unexpected).append(name)
    engines = {report["engine"] for report in scan.reports}
    return {
        "patterns": found,
        "missing": missing,
        "unexpected": unexpected,
        "last_start": _hit(scanner.last_start, settings.redact),
        "levels": scan.levels,
        "files": scan.reports,
        "bytes_read": sum(report["bytes"] for report in scan.reports),
        "elapsed": round(time.monotonic() - started, 3),
        "profiles": recognised,
        "recognised": next(iter(recognised), ""),
        "reasons": told["reasons"],
        "reason": told["reason"],
        "other_signals": told["other_signals"],
        "engine": next((engine for engine in ("grep", "python") if engine in engines), None),
    }


def _minutes(times: t.List[float], settings: Settings) -> t.Optional[float]:
    """The time that the lines cover, which rates are about."""
    if not times:
        return None
    first = max(min(times), settings.since or min(times))
    last = min(max(times), settings.until or max(times))
    return (last - first) / 60 if last > first else None


def _recognised(scanner: Scanner) -> t.Dict[str, int]:
    """How many lines are of which profile, those of most lines first: of lines that several print none is known by."""
    counts: t.Dict[str, int] = {}
    for tally in scanner.tallies.values():
        if not tally.pattern.recognises:
            continue
        for names, count in zip(tally.pattern.profiles, tally.of_alternative):
            if count and len(names) == 1:
                counts[names[0]] = counts.get(names[0], 0) + count
    return dict(sorted(counts.items(), key=lambda each: -each[1]))


def _held(scanner: Scanner, recognised: t.Mapping[str, int]) -> t.Set[str]:
    """The patterns whose expectations count: of several profiles only those that the log is of."""
    of = {
        tally.pattern.name: {name for names in tally.pattern.profiles for name in names}
        for tally in scanner.tallies.values()
    }
    several = len(set().union(*of.values())) > 1
    return {
        name
        for name, profiles in of.items()
        if scanner.tallies[name].pattern.expected and (not several or not profiles or profiles & set(recognised))
    }


def _pattern(tally: Tally, minutes: t.Optional[float], redact: bool, told: Told, held: bool) -> t.Dict[str, t.Any]:
    pattern = tally.pattern
    withdrawn, since = told["withdrawn"].get(pattern.name, (0, 0))
    whole, count = tally.count - withdrawn, tally.count_since_start - since
    captured = [(name, capture.result()) for name, capture in tally.captures.items()]
    met = None
    if held:
        met = count >= (pattern.at_least or 0) and (pattern.at_most is None or count <= pattern.at_most)
    return {
        "count": whole,
        "count_since_start": count,
        "first": _hit(tally.first, redact) if whole else None,
        "last": _hit(tally.last, redact) if whole else None,
        "samples": [_sample(hit, redact) for hit in tally.samples] if whole else [],
        "captures": {name: result for name, result in captured if result is not None} if whole else {},
        "rate_per_minute": round(whole / minutes, 3) if minutes else None,
        "met": met,
        "reason": told["of_patterns"].get(pattern.name),
    }


def _hit(hit: t.Optional[Line], redact: bool) -> t.Optional[Hit]:
    if hit is None:
        return None
    return {
        "file": hit.source,
        "line": hit.line,
        "offset": hit.offset,
        "time": iso(hit.at),
        "text": textform.shown(hit.text, redact),
    }


def _sample(hit: Line, redact: bool) -> t.Dict[str, t.Any]:
    return {**(_hit(hit, redact) or {}), "before": hit.before, "after": hit.after}


def _summary(scan: Scan, result: t.Mapping[str, t.Any]) -> str:
    matched = sum(1 for pattern in result["patterns"].values() if pattern["count"])
    sources = "source" if len(scan.reports) == 1 else "sources"
    parts = [f"{matched} of {len(result['patterns'])} patterns found in {len(scan.reports)} {sources}"]
    if scan.errors:
        parts.append(f"{len(scan.errors)} could not be read to the end: {scan.errors[0].message}")
    parts += [f"{what}: {', '.join(result[what])}" for what in ("missing", "unexpected") if result[what]]
    return "; ".join(parts)
