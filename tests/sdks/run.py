"""Puts SDK builds into states, keeps what they print, and judges it."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import shutil
import subprocess
import tempfile
import time
import typing as t
from concurrent import futures
from pathlib import Path

from ansible_collections.traceops.tracing.tests.sdks import builds as sdk
from ansible_collections.traceops.tracing.tests.sdks import judge, table
from ansible_collections.traceops.tracing.tests.sdks.builds import Build, Program
from ansible_collections.traceops.tracing.tests.sdks.server import Closed, Seen, serving
from ansible_collections.traceops.tracing.tests.sdks.states import GRPC, HTTP, STATES, State

AT_ONCE = 2
# Seconds; some SDKs try for a minute. Then the program is ended, as an operator would. The Java agent starts slowly.
LONGEST_RUN, LONGEST_JAVA_RUN = 40.0, 150.0
EXPORT_TIMEOUT = 3  # seconds
MOST_LOG = 8 << 20  # bytes that are read of a log


class Run(t.NamedTuple):
    """One program in one state, and the log that it left."""

    build: str
    state: str
    protocol: str
    log: str
    seconds: float
    exit: int | None  # None: it was ended
    accepted: int
    date: str

    @property
    def key(self) -> table.Key:
        return self.build, self.state, self.protocol


class Task(t.NamedTuple):
    build: Build
    state: State
    protocol: str


def tasks(builds: t.Iterable[Build], states: t.Iterable[State], protocols: t.Collection[str]) -> list[Task]:
    """All runs that are asked for. Healthy ones come first: the others are compared with them."""
    return [
        Task(build, state, protocol)
        for state in sorted(states, key=lambda one: not one.healthy)
        for build in builds
        for protocol in state.ways
        if protocol in protocols
    ]


def environment(task: Task, endpoint: str, settings: t.Mapping[str, str], refusing: int) -> dict[str, str]:
    """What the program is told. Only PATH and HOME are the machine's; no proxy is in the way."""
    build, state, protocol = task
    told = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.environ.get("HOME", "/"),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "OTEL_SERVICE_NAME": "shop",
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_BSP_SCHEDULE_DELAY": "500",
        "OTEL_EXPORTER_OTLP_TIMEOUT": sdk.export_timeout(build, EXPORT_TIMEOUT),
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "SHOP_SIGNALS": state.signals,
        **sdk.NEEDS.get(build.language, {}),
        **sdk.LOGGING[build.language][state.logging],
        **settings,
    }
    for signal in ("metrics", "logs"):
        if signal in state.signals:
            told[f"OTEL_{signal.upper()}_EXPORTER"] = "otlp"
            path = f"/v1/{signal}" if protocol == HTTP else ""
            told[f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT"] = f"http://127.0.0.1:{refusing}{path}"
    told["OTEL_METRIC_EXPORT_INTERVAL"] = "800"
    return told


def run_one(task: Task, program: Program, logs: Path) -> Run:
    """Run one program in one state to its end, or for as long as is let to it."""
    way, seen = task.state.ways[task.protocol], Seen()
    log = logs / task.build.name / f"{short(task.protocol)}-{task.state.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    started, date = time.monotonic(), datetime.date.today().isoformat()
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = stack.enter_context(serving(way.receiver, seen, directory))
        refusing = stack.enter_context(serving(Closed(), seen, directory))
        stream = stack.enter_context(log.open("wb"))
        settings = {name: value.format(port=port) for name, value in way.settings.items()}
        told = environment(task, way.endpoint.format(port=port), settings, refusing)
        process = subprocess.Popen(
            program.argv, env=told, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT
        )
        status = _wait(process, LONGEST_JAVA_RUN if task.build.language == "java" else LONGEST_RUN)
    return Run(*(task.build.name, task.state.name, task.protocol), str(log), round(time.monotonic() - started, 1),
               status, seen.accepted, date)  # fmt: skip


def _wait(process: subprocess.Popen[bytes], longest: float) -> int | None:
    try:
        return process.wait(longest)
    except subprocess.TimeoutExpired:
        process.terminate()
    try:
        process.wait(3)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    return None


def short(protocol: str) -> str:
    return "http" if protocol == HTTP else "grpc"


def run_all(wanted: t.Sequence[Task], cache: Path, say: t.Callable[[str], None]) -> dict[str, str]:
    """Run `wanted` and keep the logs in the cache; returns why builds could not be had, by name."""
    programs: dict[str, Program] = {}
    missing: dict[str, str] = {}
    for build in dict.fromkeys(task.build for task in wanted):
        started = time.monotonic()
        try:
            programs[build.name] = sdk.prepare(build, cache)
            say(f"{build.name}: ready after {time.monotonic() - started:.0f} s")
        except sdk.NotHad as error:
            missing[build.name] = str(error)
            say(f"{build.name}: CANNOT BE HAD: {error}")
    logs = cache / "logs"
    with futures.ThreadPoolExecutor(AT_ONCE) as pool:
        asked = [pool.submit(run_one, task, programs[task.build.name], logs) for task in wanted
                 if task.build.name in programs]  # fmt: skip
        for number, done in enumerate(futures.as_completed(asked), start=1):
            run = done.result()
            _keep(run, logs)
            say(f"[{number}/{len(asked)}] {run.build} {run.state} {short(run.protocol)}: {run.seconds:g} s")
    return missing


def _keep(run: Run, logs: Path) -> None:
    kept = {each.key: each for each in kept_runs(logs)}
    kept[run.key] = run
    partial = logs / ".runs.json"
    partial.write_text(json.dumps([each._asdict() for each in kept.values()], indent=1), encoding="utf-8")
    partial.replace(logs / "runs.json")


def kept_runs(logs: Path) -> list[Run]:
    """The runs whose logs are in the cache."""
    path = logs / "runs.json"
    return [Run(**each) for each in json.loads(path.read_text(encoding="utf-8"))] if path.is_file() else []


def text(log: str) -> str:
    with open(log, "rb") as stream:
        return stream.read(MOST_LOG).decode(errors="replace")


def judge_all(runs: t.Iterable[Run], wanted: t.Collection[table.Key]) -> dict[table.Key, table.Cell]:
    """The word for each run that is `wanted`."""
    profiles = {build.name: build.profile for build in sdk.BUILDS}
    cells: dict[table.Key, table.Cell] = {}
    for key, (run, state, news, twins) in compared(runs).items():
        if key in wanted:
            result = judge.read(Path(run.log), profiles[run.build])
            arrived = Path(run.log).stat().st_mtime if state.healthy and run.accepted else None
            found = judge.findings(result, arrived)
            cells[key] = table.cell(
                state,
                table.Judged(news, twins, run.accepted, judge.matched(result), found.causes, found.accused),
            )
    return cells


class Compared(t.NamedTuple):
    """A run beside the others of its build and protocol: what only it says, and who says as much."""

    run: Run
    state: State
    news: list[str]
    twins: list[State]


def compared(runs: t.Iterable[Run]) -> dict[table.Key, Compared]:
    """Every run beside the others; without a healthy one all that a log says is new."""
    by_key = {run.key: run for run in runs}
    news: dict[table.Key, list[str]] = {}
    said: dict[tuple[str, str], dict[str, frozenset[str]]] = {}
    for (build, state, protocol), run in by_key.items():
        healthy = by_key.get((build, "healthy", protocol))
        news[run.key] = table.news(text(run.log), text(healthy.log) if healthy else "")
        said.setdefault((build, protocol), {})[state] = table.words(news[run.key])
    found = {}
    for state in STATES:
        for key, run in by_key.items():
            if run.state == state.name:
                others = said[run.build, run.protocol]
                found[key] = Compared(run, state, news[key], table.twins(state, others[state.name], others, STATES))
    return found


# --- Recordings: some of the logs as fixtures ------------------------------------------------------------------------

MOST_FILES, MOST_BYTES, MOST_PER_FILE = 150, 580_000, 8_000


def record(runs: t.Sequence[Run], cache: Path, target: Path) -> int:
    """Copy a bounded choice of logs to `target`, with their passport in runs.json; returns how many.

    Every language and state is there at least once; then protocols and versions take turns while there is room.
    """
    products = {build.name: build for build in sdk.BUILDS}
    beside = compared(runs)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    passport: list[dict[str, t.Any]] = []
    size = 0
    for run in _chosen(runs):
        build, body = products[run.build], neutral(text(run.log), cache)
        if len(passport) >= MOST_FILES or size + len(body) > MOST_BYTES:
            break
        name = f"{run.build}-{short(run.protocol)}-{run.state}.log"
        (target / name).write_text(body, encoding="utf-8")
        size += len(body.encode())
        _unused, state, news, twins = beside[run.key]
        passport.append({
            "file": name, "product": build.product, "version": build.version, "language": build.language,
            "protocol": run.protocol, "state": run.state, "date": run.date, "arrived": run.accepted > 0,
            "causes": sorted(state.causes), "speaks": state.healthy or bool(news),
            "reads_like": [twin.name for twin in twins],
        })  # fmt: skip
    passport.sort(key=lambda one: one["file"])
    (target / "runs.json").write_text(
        "[\n" + ",\n".join(json.dumps(one) for one in passport) + "\n]\n", encoding="utf-8"
    )
    return len(passport)


def _chosen(runs: t.Sequence[Run]) -> t.Iterator[Run]:
    by_key = {run.key: run for run in runs}
    pairs: dict[str, list[str]] = {}
    for build in sdk.BUILDS:
        pairs.setdefault(build.language, []).append(build.name)
    taken: set[table.Key] = set()
    for turn in range(4):
        for index, state in enumerate(STATES):
            for old, new in pairs.values():
                # Neighbours differ: what one state shows over HTTP, the next shows over gRPC.
                order = [(new, HTTP), (old, GRPC), (new, GRPC), (old, HTTP)]
                if index % 2:
                    order = [(new, GRPC), (old, HTTP), (new, HTTP), (old, GRPC)]
                choice = [(name, state.name, way) for name, way in order if (name, state.name, way) in by_key]
                if turn < len(choice) and choice[turn] not in taken:
                    taken.add(choice[turn])
                    yield by_key[choice[turn]]


def neutral(body: str, cache: Path) -> str:
    """A log without what is of the machine on which it was made, cut to MOST_PER_FILE at a line's end."""
    body = body.replace(str(cache), "/srv/sdks").replace(os.uname().nodename, "shop-host")
    home = os.environ.get("HOME", "/")
    if len(home) > 1:
        body = body.replace(home, "/home/shop")
    if len(body) > MOST_PER_FILE:
        body = body[:MOST_PER_FILE].rpartition("\n")[0] + "\n"
    return body
