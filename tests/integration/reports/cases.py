"""The cases of tests/reports, and how they are put before the playbook: many applications of one host, in one play."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import typing as t
from contextlib import ExitStack
from pathlib import Path

import yaml
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from ansible_collections.traceops.tracing.tests.integration.playbook import Run, run_playbook
from ansible_collections.traceops.tracing.tests.integration.reports.receivers import Receivers, receivers
from ansible_collections.traceops.tracing.tests.lab import Lab
from ansible_collections.traceops.tracing.tests.lab.lab import neutral_environment

FOLDER = Path(__file__).parents[2] / "reports"
RECORDINGS = Path(__file__).parents[2] / "unit" / "logs" / "sdk_recordings" / "made"

# Tempo has traces of one of these services; applications of one service share what is asked about it.
ARRIVES, ABSENT = "cart", "shop"
MENDED = "mended"
PROGRAMS = {"java-spring": "java", **{name: name for name in ("java", "node", "python", "ruby", "php", "dotnet")}}

Settings = t.Dict[str, t.Any]


class Case(t.NamedTuple):
    """One report: its folder, and its case.yml (tests/reports/README.md has the fields)."""

    folder: Path
    told: Settings

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def healthy(self) -> bool:
        """Whether its traces arrived in spite of what it says."""
        return bool(self.told["expected"].get("healthy"))

    @property
    def protocol(self) -> str:
        return str(self.told.get("protocol", "auto"))


class View(t.NamedTuple):
    """What the playbook is given of a case: as it was reported, by its log alone, or with its fault mended."""

    name: str  # of the application
    case: Case
    log: Path | None
    endpoint: str
    settings: t.Mapping[str, str]  # of the process; empty: no process is named
    arrives: bool


def all_cases() -> list[Case]:
    found = sorted(FOLDER.glob("*/case.yml"))
    return [Case(path.parent, yaml.safe_load(path.read_text(encoding="utf-8"))) for path in found]


def cases() -> list[Case]:
    """Those of applications and of collectors."""
    return [case for case in all_cases() if not {"tempo_log", "fault"} & set(case.told)]


def tempo_cases() -> list[Case]:
    """Those that Tempo's own log tells."""
    return [case for case in all_cases() if "tempo_log" in case.told]


def caused_cases() -> list[Case]:
    """Those of Tempo and Grafana that the lab can cause: the plays of tests/integration/faults have them."""
    return [case for case in all_cases() if "fault" in case.told]


def reported(case: Case) -> View:
    told = case.told
    return View(case.name, case, _log(case, told), told["endpoint"], told.get("settings", {}), case.healthy)


def by_log(case: Case) -> View:
    """The same where the endpoint works by now, so that only the log knows."""
    return View(f"{case.name} by its log", case, _log(case, case.told), _working(case), {}, False)


def mended(case: Case) -> View:
    how = case.told["mended"]
    endpoint = how.get("endpoint", _working(case))
    spoken = "grpc" if case.protocol == "grpc" or "GRPC" in endpoint else "http/protobuf"
    usual = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": spoken}
    settings = how.get("settings", usual if case.told.get("settings") else {})
    return View(case.name, case, _log(case, how), endpoint, settings, True)


def _working(case: Case) -> str:
    return "http://127.0.0.1:GRPC" if case.protocol == "grpc" else "http://127.0.0.1:HTTP"


def _log(case: Case, told: Settings) -> Path | None:
    if "recording" in told:
        return RECORDINGS / f"{told['recording']}.log"
    return case.folder / told["log"] if "log" in told else None


def diagnose(directory: Path, views: t.Sequence[View]) -> Run:
    """One play over one host on which each of the views is an application of its own."""
    with ExitStack() as held:
        lab = held.enter_context(Lab(directory=directory / "lab"))
        for service in ("front", ARRIVES):
            _trace(lab, service)
        stage = Stage(directory, receivers(lab, directory, held), held)
        told = {**lab.variables, "diagnose_log_paths": [], "diagnose_containers": [], "diagnose_timeout": 3}
        told["diagnose_applications"] = [stage.application(view) for view in views]
        return run_playbook("diagnose", directory, told, timeout=600)


def diagnose_tempos(directory: Path, cases_told: t.Sequence[Case]) -> Run:
    """One play with a host for each of the cases, whose Tempo is down or up and left this log; `mended` has no log."""
    with ExitStack() as held:
        labs = {
            "up": held.enter_context(Lab(directory=directory / "up")),
            "down": held.enter_context(Lab(directory=directory / "down", fault="tempo-down")),
        }
        for service in ("front", ARRIVES):
            _trace(labs["up"], service)
        hosts: dict[str, Settings] = {MENDED: _tempo_host(labs["up"], ARRIVES)}
        for case in cases_told:
            lab = labs[case.told["tempo"]]
            log = [str(case.folder / case.told["tempo_log"])]
            hosts[case.name] = _tempo_host(lab, ARRIVES if case.healthy else ABSENT, diagnose_tempo_log_paths=log)
        inventory = directory / "hosts.json"
        inventory.write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
        return run_playbook("diagnose", directory, {}, "-i", str(inventory), "-f", "4", timeout=600)


def _tempo_host(lab: Lab, service: str, **told: t.Any) -> Settings:
    quiet = {"diagnose_log_paths": [], "diagnose_containers": [], "diagnose_timeout": 3, "diagnose_service": service}
    here = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    return {**lab.variables, **quiet, **here, **told}


class Stage(t.NamedTuple):
    """Where views are put up: a directory, the receivers, and what is to be ended."""

    directory: Path
    receivers: Receivers
    held: ExitStack

    def application(self, view: View) -> Settings:
        """What the operator says of this one."""
        place = self.directory / view.name
        place.mkdir()
        told: Settings = {
            "name": view.name,
            "service": ARRIVES if view.arrives else ABSENT,
            "otlp_endpoint": self._put(view, view.endpoint),
            "otlp_protocol": view.case.protocol,
        }
        if view.log:
            log = place / view.log.name
            log.write_bytes(self._put(view, view.log.read_bytes().decode("latin-1")).encode("latin-1"))
            told["log_paths"] = [str(log)]
        if view.settings:
            told["process"] = {"pid_file": str(self._process(view, place))}
        if view.case.told.get("trusts"):
            told["ca_path"] = self.receivers.authority
        return told

    def _put(self, view: View, text: str) -> str:
        """The text with the lab's addresses in place of the report's."""
        for old, new in view.case.told.get("substitute", {}).items():
            text = text.replace(old, new)
        ports = self.receivers.ports
        return re.sub(r":([A-Z]{3,}\d*)\b", lambda name: f":{ports.get(name[1], name[1])}", text)

    def _process(self, view: View, place: Path) -> Path:
        """A process with these variables that is called as the language's programs are."""
        called = PROGRAMS.get(view.case.told["product"]["language"], "app")
        own = {name: self._put(view, str(value)) for name, value in view.settings.items()}
        process = subprocess.Popen([called, "600"], executable="/bin/sleep", env={**neutral_environment(), **own})
        self.held.enter_context(process)
        self.held.callback(process.kill)
        pid = place / "pid"
        pid.write_text(str(process.pid), encoding="utf-8")
        return pid


def _trace(lab: Lab, service: str) -> None:
    """A trace of this service in Tempo."""
    request = ExportTraceServiceRequest()
    batch = request.resource_spans.add()
    batch.resource.attributes.add(key="service.name").value.string_value = service
    now = time.time_ns()
    batch.scope_spans.add().spans.add(
        trace_id=now.to_bytes(16, "big"),
        span_id=now.to_bytes(8, "big"),
        name="request",
        start_time_unix_nano=now - 10**6,
        end_time_unix_nano=now,
    )
    lab.tempo.distributor.export(request, None, "http")
