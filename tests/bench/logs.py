"""What log_grep costs, against GNU grep and against the debugging guide's own commands, on 1 GiB of log.

All commands of a comparison are run in turn, five times, and their medians compared, so that what else the machine does
falls on all alike. grep writes into a pipe: into /dev/null it would stop at the first match.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import subprocess
import sys
import time
import typing as t
from pathlib import Path

from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.profiles import resolve
from ansible_collections.traceops.tracing.tests.bench.measured import Measured, in_turn, ratio
from ansible_collections.traceops.tracing.tests.unit.logs.looking import look, profile

CACHE = Path(os.environ.get("TRACEOPS_CACHE") or Path.home() / ".cache" / "traceops") / "bench-logs-1"
SIZE = 1 << 30
ROUNDS = 5
START = 1771459200  # 2026-02-19T00:00:00Z

TWELVE = (
    "tracing_enabled", "tracing_initializing", "tracing_config", "exporter_created", "tracer_initialized",
    "exporter_failed", "export_failed", "queue_drop", "span_started", "span_completed", "traceparent",
    "adaptive_sampling",
)  # fmt: skip
# The guide's steps 1 and 2 and its count of spans.
GUIDE = (
    "grep -E '(OpenTelemetry|OTLP|Phase 4.*tracing)' {log} | cat > {sink}",
    "grep '🔍.*span' {log} | head -20 > {sink}",
    "grep 'span' {log} | wc -l > {sink}",
)


def measure() -> t.Iterator[Measured]:
    """All figures: about two minutes, and once as long again to write the logs."""
    info, debug = _log("info", 0.0008), _log("debug", 0.07)
    expression = "|".join(_ere(each) for name in TWELVE for each in _regexes(name))
    (CACHE / "expression").write_text(expression)
    one_grep = (f"grep -aE -f {CACHE}/expression {{log}} | cat > {{sink}}",)
    times = in_turn(
        ROUNDS,
        {
            "log_grep": lambda: _scan(info),
            "grep": lambda: _shell(one_grep, info, "C"),
            "all profiles": lambda: _scan(info, profile="auto"),
            "last 1 %": lambda: _scan(info, since=str(START + 0.99 * _seconds(info))),
        },
    )
    yield ratio("log_grep / grep -E of the same 12, INFO log", "x", 1.2, times, "log_grep", "grep")
    yield ratio("log_grep of all profiles / grep -E of 12 patterns, INFO log", "x", 1.2, times, "all profiles", "grep")
    yield ratio("log_grep of the last 1 % / of all, INFO log", "%", 3.0, times, "last 1 %", "log_grep")
    times = in_turn(
        ROUNDS,
        {
            "log_grep": lambda: _scan(debug),
            "grep": lambda: _shell(one_grep, debug, "C"),
            "guide": lambda: _shell(GUIDE, debug, "C.UTF-8"),
            "all profiles": lambda: _scan(debug, profile="auto"),
        },
    )
    yield ratio("log_grep / the guide's three greps, DEBUG log", "x", 1.5, times, "log_grep", "guide")
    yield ratio("log_grep / grep -E of the same 12, DEBUG log", "x", 3.0, times, "log_grep", "grep")
    name = "log_grep of all profiles / the guide's three greps, DEBUG log"
    yield ratio(name, "x", 3.0, times, "all profiles", "guide")
    peaks = list(_memory(debug))
    yield Measured("peak memory, worst of five kinds of input", max(peaks), "MiB", 64.0, {"MiB": peaks})


def _scan(log: Path, **options: t.Any) -> float:
    return _child(log, options)["seconds"]


def _memory(debug: Path) -> t.Iterator[float]:
    """The peak memory of log_grep in MiB, on one input after the other (grep is held to 24 MiB by a limit)."""
    long_line = CACHE / "long-line.log"
    long_line.write_bytes(b"queue full, " * 4_500_000)
    packed = CACHE / "packed.log.gz"
    packed.write_bytes(gzip.compress(b"\0" * (256 << 20), 1))
    wide = CACHE / "utf-16.log"
    wide.write_bytes(("🔍 TokioSpanProcessor: queue full, dropping span\n" * 400_000).encode("utf-16"))
    for log, options in ((debug, {}), (debug, {"engine": "python"}), (long_line, {}), (packed, {}), (wide, {})):
        yield _child(log, {"context": 5, "max_samples": 100, **options})["mib"]


def _child(log: Path, options: dict[str, t.Any]) -> dict[str, float]:
    """One scan in a process of its own: its time without the process's start, its memory with everything."""
    command = [sys.executable, "-m", __name__, json.dumps({"log": str(log), **options})]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _shell(commands: t.Iterable[str], log: Path, locale: str) -> float:
    script = "; ".join(command.format(log=log, sink=CACHE / "sink") for command in commands)
    began = time.perf_counter()
    subprocess.run(["bash", "-c", script], check=True, env={**os.environ, "LC_ALL": locale})
    return time.perf_counter() - began


def _regexes(name: str) -> list[str]:
    regex = profile("velostream")[name]["regex"]
    return regex if isinstance(regex, list) else [regex]


def _ere(regex: str) -> str:
    """A regular expression of the profile as grep -E reads it."""
    # grep -E knows no lookahead and would take its `(?` for a group that begins with a `?`.
    regex = re.sub(r"\(\?[!=](?:[^()\\]|\\.)*\)", "", regex)
    regex = re.sub(r"\(\?P<\w+>", "(", regex).replace("(?:", "(")
    for ours, theirs in (
        (r"[\d.]", "[0-9.]"), (r"[^\s,]", "[^[:space:],]"), (r"[^\s(]", "[^[:space:](]"),
        (r"\d", "[0-9]"), (r"\w", "[[:alnum:]_]"), (r"\S", "[^[:space:]]"),
    ):  # fmt: skip
        regex = regex.replace(ours, theirs)
    return regex


def _log(level: str, share: float) -> Path:
    """1 GiB of log, `share` of its lines about spans (DEBUG) or exports (INFO): the same bytes on every machine."""
    path = CACHE / f"{level}.log"
    if path.is_file() and path.stat().st_size >= SIZE:
        return path
    CACHE.mkdir(parents=True, exist_ok=True)
    chance = random.Random(20260219)
    noise = [_noise(chance, level) for _unused in range(4000)]
    hits = [_hit(chance, level) for _unused in range(4000)]
    partial, written, second = path.with_suffix(".partial"), 0, 0
    with partial.open("wb") as stream:
        while written < SIZE:
            clock = time.strftime("[%Y-%m-%dT%H:%M:%SZ ", time.gmtime(START + second))
            lines = (chance.choice(hits if chance.random() < share else noise) for _unused in range(_PER_SECOND))
            written += stream.write("".join(clock + line for line in lines).encode())
            second += 1
    partial.replace(path)
    return path


def _lines() -> Path:
    """A log of a few lines, with those that take the most to understand."""
    path = CACHE / "lines.log"
    if not path.is_file():
        chance = random.Random(20260219)
        hits = (_hit(chance, level) for level in ("info", "debug") for _unused in range(20))
        path.write_text("".join("[2026-02-19T00:00:00Z " + each for each in hits), encoding="utf-8")
    return path


_PER_SECOND = 500


def _noise(chance: random.Random, level: str) -> str:
    job, word = chance.randint(1, 40), chance.choice(["orders", "trades", "positions", "prices"])
    if level == "info":
        return (
            f"INFO  velostream::server::processors::simple] Job 'job-{job}': processed {chance.randint(1, 9999)} "
            f"records from {word} in {chance.random() * 90:.3f} ms (partition {chance.randint(0, 63)})\n"
        )
    return (
        f"DEBUG velostream::sql::execution::engine] job-{job} partition {chance.randint(0, 63)} offset "
        f"{chance.getrandbits(40)}: evaluated {word} where price > {chance.random() * 900:.2f}\n"
    )


def _hit(chance: random.Random, level: str) -> str:
    telemetry, spans = "velostream::observability::telemetry]", "velostream::observability::trace_propagation]"
    processor = "velostream::observability::tokio_span_processor]"
    if level == "info":
        return chance.choice(
            [
                f"WARN  {processor} TokioSpanProcessor: failed to export {chance.randint(1, 2048)} spans: refused\n",
                f"INFO  {telemetry} ✅ OTLP HTTP exporter created successfully for http://tempo:4318 (gzip enabled)\n",
                f"INFO  {telemetry} ✅ OpenTelemetry tracer initialized - spans will be exported to Tempo\n",
            ]
        )
    ids = f"00-{chance.getrandbits(128):032x}-{chance.getrandbits(64):016x}-0{chance.randint(0, 1)}"
    return chance.choice(
        [
            f"DEBUG {telemetry} 🔍 Started record span: process:job-{chance.randint(1, 40)} (exporting to Tempo)\n",
            f"DEBUG {telemetry} 🔍 SQL span completed successfully in {chance.random() * 90:.3f}ms\n",
            f"DEBUG {spans} 🔍 Injecting traceparent header: {ids}\n",
            f"DEBUG {spans} Adaptive sampling: pressure=0.{chance.randint(80, 99)}, base=0.25, effective=0.0375\n",
        ]
    )


def _seconds(log: Path) -> float:
    """The time that a log covers."""
    with log.open("rb") as stream:
        stream.seek(-4096, os.SEEK_END)
        last = stream.read().split(b"\n")[-2].decode()
    clock = time.strptime(last[1:20], "%Y-%m-%dT%H:%M:%S")
    return (clock.tm_yday - 50) * 86400 + clock.tm_hour * 3600 + clock.tm_min * 60 + clock.tm_sec


def _scan_here(options: dict[str, t.Any]) -> None:
    """What the child does."""
    chosen = {name: pattern for name, pattern in profile("velostream").items() if name in TWELVE}
    if options.pop("profile", "") == "auto":
        chosen = resolve({"profiles": ["auto"]}, str)["patterns"]
    log = options.pop("log")
    # As with Python's start: what a process imports and compiles for its first look is as long for any log.
    look(str(_lines()), chosen)
    began = time.perf_counter()
    result = look(log, chosen, **options)
    seconds = time.perf_counter() - began
    if not result["ok"] or not result["bytes_read"]:
        raise SystemExit(f"{log}: {result['message']}")
    # Not ru_maxrss: a process inherits that of the one that started it.
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    print(json.dumps({"seconds": seconds, "mib": int(peak.group(1)) / 1024 if peak else 0.0}))


if __name__ == "__main__":
    _scan_here(json.loads(sys.argv[1]))
