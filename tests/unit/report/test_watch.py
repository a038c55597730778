"""What the role `watch` does after a run: reports are kept, metrics written, a change of the verdict told."""

from __future__ import annotations

import datetime
import importlib.util
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.traceops.tracing.plugins.module_utils._report import prometheus, watch, write
from ansible_collections.traceops.tracing.tests import servers
from ansible_collections.traceops.tracing.tests.lab import wire
from ansible_collections.traceops.tracing.tests.unit.report import reports

ROOT = Path(__file__).resolve().parents[3]
FILES = ROOT / "roles/watch/files"
NOW = 1_795_445_400.0
WHEN = datetime.datetime.fromtimestamp(NOW, datetime.timezone.utc)
EXITED = {"SERVICE_RESULT": "success", "EXIT_CODE": "exited", "EXIT_STATUS": "0"}
BROKEN = "network.otlp.connection-refused"


class Place:
    """The directories of a watch, and runs in it without a systemd."""

    def __init__(self, directory: Path, **more: Any) -> None:
        self.state = directory
        self.config = {"state": str(directory), "keep": 2, "textfile": "", "name": "monitor", "webhook": {}, **more}
        self.said: list[str] = []

    def run(self, report: dict[str, Any] | None, at: float = NOW, **environ: str) -> None:
        watch.begin(self.config, at - 7)
        if report is not None:
            (self.state / "next").mkdir()
            (self.state / "next/report.json").write_text(write.text(report), encoding="utf-8")
            (self.state / "next/metrics.prom").write_text(prometheus.page(report), encoding="utf-8")
        watch.after(self.config, {**EXITED, **environ}, at, self.said.append)

    @property
    def metrics(self) -> str:
        return (self.state / "metrics.prom").read_text(encoding="utf-8")


class Receiver:
    """Who is called by a webhook."""

    def __init__(self) -> None:
        self.status, self.bodies = 200, list[bytes]()
        self._listener = wire.Listener(self._answer)
        self.url = f"{self._listener.url}/s3ntinel"

    def _answer(self, request: wire.Request) -> wire.Response:
        self.bodies.append(request.body)
        return wire.text(self.status, "")

    def stop(self) -> None:
        self._listener.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.stop()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_the_last_reports_are_kept_and_latest_names_the_newest(place: Place) -> None:
    for number in range(4):
        place.run(reports.healthy(), NOW + 60 * number)
    kept = sorted(path.name for path in (place.state / "reports").iterdir())
    assert kept == ["20261123T145200Z", "20261123T145300Z"]
    assert os.readlink(place.state / "latest") == f"reports/{kept[-1]}"
    assert (place.state / "latest/report.json").is_file()
    assert not (place.state / "next").exists()


def test_a_run_is_compared_with_the_last_report(place: Place) -> None:
    def variables() -> Any:
        watch.begin(place.config, NOW)
        return json.loads((place.state / "run.json").read_text(encoding="utf-8"))

    assert variables() == {}, "a first run"
    place.run(reports.healthy())
    assert variables() == {"diagnose_baseline": str(place.state / "reports/20261123T145000Z/report.json")}
    (place.state / "latest/report.json").write_text("{", encoding="utf-8")
    assert variables() == {}, "a report that nobody can read stops no run"


def test_two_runs_within_a_second_are_two_reports(place: Place) -> None:
    place.run(reports.healthy())
    place.run(reports.healthy())
    assert len(list((place.state / "reports").iterdir())) == 2


def test_metrics_are_those_of_the_report_and_of_the_run(place: Place) -> None:
    place.run(reports.healthy())
    assert 'traceops_status{status="ok"} 1' in place.metrics
    assert "traceops_watch_last_run_timestamp_seconds 1795445400\n" in place.metrics
    assert "traceops_watch_duration_seconds 7\n" in place.metrics
    assert "traceops_watch_exit_status 0\n" in place.metrics
    assert "traceops_watch_report_written 1\n" in place.metrics
    assert re.search(r'traceops_watch_canaries\{state="sent"\} [1-9]', place.metrics)
    assert re.search(r'traceops_watch_canary_visible_seconds\{by="id",hop="otlp"\} [\d.]+\n', place.metrics)
    assert "app01" not in place.metrics, "hosts are no labels"


def test_a_run_that_was_ended_leaves_the_verdict_of_before(place: Place) -> None:
    place.run(reports.of_case(BROKEN))
    place.run(None, NOW + 60, SERVICE_RESULT="timeout", EXIT_CODE="killed", EXIT_STATUS="TERM")
    assert 'traceops_status{status="problem"} 1' in place.metrics
    assert "traceops_watch_exit_status -1\n" in place.metrics
    assert "traceops_watch_report_written 0\n" in place.metrics
    assert "traceops_watch_canary_visible_seconds" not in place.metrics
    assert place.said[-1] == "this run wrote no report (timeout, exit status -1)"


def test_half_a_report_is_none(place: Place) -> None:
    watch.begin(place.config, NOW)
    (place.state / "next").mkdir()
    (place.state / "next/report.json").write_text('{"verdict": {"sta', encoding="utf-8")
    watch.after(place.config, EXITED, NOW, place.said.append)
    assert "traceops_watch_report_written 0\n" in place.metrics
    assert not (place.state / "next").exists()


def test_a_missing_directory_of_the_node_exporter_is_said_and_is_no_failure(tmp_path: Path) -> None:
    place = Place(tmp_path, textfile=str(tmp_path / "node/traceops.prom"))
    place.run(reports.healthy())
    assert place.said == [f"the metrics are in {tmp_path}/metrics.prom alone: there is no directory {tmp_path}/node"]
    (tmp_path / "node").mkdir()
    place.run(reports.healthy())
    assert (tmp_path / "node/traceops.prom").read_text(encoding="utf-8") == place.metrics
    assert (tmp_path / "node/traceops.prom").stat().st_mode & 0o777 == 0o644
    assert [path.name for path in (tmp_path / "node").iterdir()] == ["traceops.prom"]


def test_only_a_change_of_the_verdict_is_told(tmp_path: Path, receiver: Receiver) -> None:
    place = Place(tmp_path, webhook={"url": receiver.url, "format": "json", "headers": {"X-Key": "s3ntinel"}})
    for report in (reports.healthy(), reports.of_case(BROKEN), reports.of_case(BROKEN), None, reports.healthy()):
        place.run(report)
    told = [json.loads(body) for body in receiver.bodies]
    assert [(each["before"], each["status"]) for each in told] == [("ok", "problem"), ("problem", "ok")]
    assert "s3ntinel" not in " ".join(place.said) + place.metrics


def test_what_could_not_be_told_is_told_after_the_next_run(tmp_path: Path, receiver: Receiver) -> None:
    place = Place(tmp_path, webhook={"url": receiver.url, "format": "slack"})
    receiver.status = 503
    place.run(reports.of_case(BROKEN))
    assert place.said == ["webhook: the answer is HTTP 503"]
    assert "traceops_watch_webhook_failed 1\n" in place.metrics
    receiver.status = 200
    place.run(reports.of_case(BROKEN))
    place.run(reports.of_case(BROKEN))
    assert len(receiver.bodies) == 2
    assert "traceops_watch_webhook_failed 0\n" in place.metrics


def test_nobody_there_is_one_sentence_without_the_address(tmp_path: Path) -> None:
    place = Place(tmp_path, webhook={"url": f"http://127.0.0.1:{servers.closed_port()}/s3ntinel", "format": "json"})
    place.run(reports.of_case(BROKEN))
    assert place.said == ["webhook: it cannot be reached"]


def test_a_slack_message_is_escaped() -> None:
    report = reports.of_case(BROKEN)
    report["verdict"]["sentence"] = "<!channel> & \x1b[2J gone"
    text = watch.payload("slack", "monitor", report, {"status": "ok", "causes": []}, WHEN)["text"].splitlines()
    assert text[:3] == [
        "monitor: tracing is problem (was ok)",
        "&lt;!channel&gt; &amp;  gone",
        f"root cause: network: {BROKEN}",
    ]
    assert text[3].startswith("fix: ")


def test_an_alert_holds_until_the_verdict_changes() -> None:
    (alert,) = watch.payload("alertmanager", "monitor", reports.of_case(BROKEN), None, WHEN)
    (resolved,) = watch.payload("alertmanager", "monitor", reports.healthy(), None, WHEN)
    assert alert["labels"] == resolved["labels"] == {
        "alertname": "TraceopsVerdict", "watch": "monitor", "severity": "critical",
    }  # fmt: skip
    assert alert["annotations"]["root_causes"] == BROKEN
    assert (alert["startsAt"], alert["endsAt"]) == ("2026-11-23T14:50:00Z", "2027-11-23T14:50:00Z")
    assert resolved["endsAt"] == resolved["startsAt"]


# --- what reads the metrics


def named(text: str) -> set[str]:
    return set(re.findall(r"traceops_\w+", text))


def written(tmp_path: Path) -> set[str]:
    """The metrics of a run that found a problem."""
    place = Place(tmp_path)
    place.run(reports.of_case(BROKEN))
    return {match[1] for match in re.finditer(r"^# TYPE (\w+) gauge$", place.metrics, re.M)}


def test_rules_and_dashboard_name_metrics_that_there_are(tmp_path: Path) -> None:
    rules = yaml.safe_load((FILES / "traceops-rules.yml").read_text(encoding="utf-8"))
    asked = {rule["expr"] for group in rules["groups"] for rule in group["rules"]}
    board = json.loads((FILES / "traceops-dashboard.json").read_text(encoding="utf-8"))
    shown = {target["expr"] for panel in board["panels"] for target in panel["targets"]}
    there = written(tmp_path)
    assert named(" ".join(asked | shown)) <= there
    assert there - named(" ".join(asked | shown)) == {"traceops_finished_timestamp_seconds"}


def test_the_panels_of_the_dashboard_lie_side_by_side() -> None:
    board = json.loads((FILES / "traceops-dashboard.json").read_text(encoding="utf-8"))
    places = [panel["gridPos"] for panel in board["panels"]]
    taken = [(x, y) for p in places for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])]
    assert len(taken) == len(set(taken))
    assert max(x for x, _y in taken) < 24
    assert len({panel["id"] for panel in board["panels"]}) == len(places)


# --- what is brought to the host


def packed(collection: Path, archive: Path) -> str:
    spec = importlib.util.spec_from_file_location("pack", FILES / "pack.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    digest: str = module.pack(str(collection), str(archive))
    return digest


def test_equal_files_make_an_equal_archive(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "plugins/__pycache__").mkdir(parents=True)
        (tmp_path / name / "plugins/a.py").write_text("1", encoding="utf-8")
        (tmp_path / name / f"plugins/__pycache__/{name}.pyc").write_text(name, encoding="utf-8")
    os.utime(tmp_path / "two/plugins/a.py", (1, 1))
    digests = [packed(tmp_path / name, tmp_path / f"{name}.tar.gz") for name in ("one", "two")]
    assert digests[0] == digests[1]
    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "two.tar.gz").read_bytes()
    (tmp_path / "two/plugins/a.py").write_text("2", encoding="utf-8")
    assert packed(tmp_path / "two", tmp_path / "two.tar.gz") != digests[0]
