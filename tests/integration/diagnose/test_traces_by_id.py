"""Twelve answers to a query by trace id, each on three ways; searches work on all of them."""

from __future__ import annotations

import copy
import os
import time
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import collect
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import document as evidence
from ansible_collections.traceops.tracing.plugins.module_utils._otel import canary
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import judge, library
from ansible_collections.traceops.tracing.tests.lab import answers
from ansible_collections.traceops.tracing.tests.lab.grafana_api import Grafana
from ansible_collections.traceops.tracing.tests.lab.grafana_sources import DataSource
from ansible_collections.traceops.tracing.tests.lab.tempo import Tempo
from ansible_collections.traceops.tracing.tests.lab.wire import App, Listener
from ansible_collections.traceops.tracing.tests.unit.checks.cases import BACKEND, HOST, document

LIBRARY = library.load([str(Path(library.__file__).parents[2] / "checks")])
SERVICE = "shop"
TIMEOUT = 1.5
# What the run must say. Whatever Tempo itself answers, Grafana's two ways show as well: those are its consequences.
UNREAD = "grafana.trace.unreadable"
EXPLORE = "grafana.explore.failed"
TABLE: dict[str, tuple[str, str, str]] = {  # answer: direct, Grafana's proxy, Grafana's back end
    "200 small": ("", "", ""),
    "200 large": ("", "", ""),
    "404": ("tempo-query.by-id.not-found", "grafana.trace.missing", EXPLORE),
    "401": ("tempo-query.by-id.denied", UNREAD, EXPLORE),
    "500": ("tempo-query.by-id.failed", UNREAD, EXPLORE),
    "503": ("tempo-query.by-id.busy", UNREAD, EXPLORE),
    "429": ("tempo-query.by-id.busy", UNREAD, EXPLORE),
    "hang": ("tempo-query.by-id.slow", UNREAD, EXPLORE),
    "reset": ("tempo-query.by-id.failed", UNREAD, EXPLORE),
    "truncated": ("tempo-query.by-id.failed", UNREAD, EXPLORE),
    "HTML": ("tempo-query.by-id.failed", UNREAD, EXPLORE),
    "redirect": ("tempo-query.by-id.failed", UNREAD, EXPLORE),
}
ROUTES = ("direct", "proxy", "back end")


class Stack:
    """A Tempo with a canary and traces of the service, and a Grafana whose data source leads to it."""

    def __init__(self, large: bool = False) -> None:
        self.tempo = Tempo()
        self.started: list[t.Any] = [self.tempo]
        self.sent: dict[str, str] = {}
        for number in range(3):
            export(self.tempo, SERVICE, os.urandom(16).hex(), 6_000_000 if large and number == 0 else 10)
        self.run_word = os.urandom(16).hex()
        self.canary = canary.trace_id(self.run_word, HOST, "otlp", 0)
        export(self.tempo, canary.SERVICE, self.canary, 10)
        self.source = DataSource(1, "tempo", "Tempo", "tempo", self.tempo.url, is_default=True)
        self.grafana = Grafana(sources=[self.source])
        self.started.append(self.grafana)
        self.tempo_url = self.tempo.url

    def before(self, app: App) -> str:
        """The URL of a listener with `app`."""
        listener = Listener(app)
        self.started.append(listener)
        return listener.url

    def stop(self) -> None:
        for each in reversed(self.started):
            each.stop()

    def diagnosed(self, check_mode: bool = False, **grafana: t.Any) -> judge.Report:
        """The report of the checks on what the probes see of this Tempo and Grafana, and a healthy host beside them."""
        tempo = {"tempo_url": self.tempo_url, "timeout": TIMEOUT}
        named = {**tempo, "service_name": SERVICE}
        login = {"url_username": "admin", "url_password": "admin", **grafana}
        probes = {
            "tempo_info": tempo,
            "tempo_search": named,
            "by_id": {**named, "trace_ids": [self.canary]},
            "canaries": {**tempo, "run": self.run_word, "sent": {HOST: {"otlp": 1}}, "wait_timeout": 0.0},
            "grafana": {"grafana_url": self.grafana.url, **login, **named, "trace_id": self.canary},
        }
        seen = collect.visit(collect.plan(probes, check_mode, set()))
        healthy = copy.deepcopy(document({}))
        healthy["run"]["settings"].update(service=SERVICE, tempo_url=self.tempo_url)
        healthy["run"]["check_mode"] = check_mode
        kept = {"linkage", "coverage", "sampling_ratio"} & healthy["backends"][BACKEND].keys()
        others = {label: healthy["backends"][BACKEND][label] for label in kept}
        return judge.report(
            evidence.build(healthy["hosts"], {BACKEND: {"hosts": [HOST], **others, **seen}}, healthy["run"]), LIBRARY
        )


def export(tempo: Tempo, service: str, trace_id: str, size: int) -> None:
    now = time.time_ns()
    span = {"traceId": trace_id, "spanId": os.urandom(8).hex(), "name": "buy", "kind": 2}
    span |= {"startTimeUnixNano": str(now), "endTimeUnixNano": str(now + 1000)}
    span["attributes"] = [{"key": "payload", "value": {"stringValue": "x" * size}}]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}
    requests.post(f"{tempo.otlp_http}/v1/traces", json=body, timeout=10).raise_for_status()


@pytest.fixture
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    built = Stack(large="200 large" in request.node.name)
    yield built
    built.stop()


def root_causes(report: judge.Report) -> list[str]:
    return [cause["id"] for cause in report["verdict"]["root_causes"]]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("word", answers.WORDS)
def test_the_answer_on_a_way_is_the_verdict(word: str, route: str, stack: Stack) -> None:
    # given queries by id that are answered so on this way alone, or by Tempo itself
    if route == "direct":
        stack.tempo.api.by_id = word
    else:
        whom = answers.a_proxied_caller if route == "proxy" else answers.the_back_end
        stack.source.url = stack.before(answers.answering(word, stack.tempo.api, whom))
    # when the run is judged
    report = stack.diagnosed()
    # then that is the one root cause, or nothing is
    expected = TABLE[word][ROUTES.index(route)]
    assert root_causes(report) == ([expected] if expected else []), told(report)
    assert report["verdict"]["status"] == ("problem" if expected else "ok"), told(report)
    assert '{"' not in " ".join(found["title"] for found in report["findings"]), "raw JSON in a text for people"


def told(report: judge.Report) -> str:
    failing = ("failed", "warning", "unknown", "pending")
    return "\n".join(f"{f['state']}: {f['id']}: {f['title']}" for f in report["findings"] if f["state"] in failing)


def test_a_url_without_scheme_opens_no_trace_though_searches_work(stack: Stack) -> None:
    stack.source.url = stack.tempo.url.replace("http://", "")
    report = stack.diagnosed()
    assert root_causes(report) == ["grafana.datasource.without-scheme"], told(report)


def test_two_tempos_behind_one_address_are_named_by_the_answers_that_alternate(stack: Stack) -> None:
    other = Tempo()
    other.store.started -= 3600
    stack.started.append(other)
    stack.tempo_url = stack.source.url = stack.before(answers.in_turn(stack.tempo.api, other.api))
    report = stack.diagnosed()
    assert "tempo-query.instances.apart" in root_causes(report), told(report)
    found = next(f for f in report["findings"] if f["id"] == "tempo-query.instances.apart")
    assert "5 of 10 times" in found["title"]


def test_a_wrong_password_for_grafana_is_a_problem_in_plain_words(stack: Stack) -> None:
    report = stack.diagnosed(url_password="wrong")
    assert root_causes(report) == ["grafana.access.wrong-credentials"], told(report)
    assert "{" not in report["verdict"]["sentence"]


def test_grafana_s_url_given_as_tempo_s_is_said_to_be_a_grafana_s(stack: Stack) -> None:
    stack.tempo_url = stack.grafana.url
    report = stack.diagnosed()
    assert "tempo-query.api.not-tempo" in root_causes(report), told(report)
    assert "tempo-query.api.denied" not in root_causes(report)
    found = next(f for f in report["findings"] if f["id"] == "tempo-query.api.not-tempo")
    assert "a Grafana answers at" in found["title"]


def test_check_mode_sends_nothing_but_reads_by_get_and_says_so(stack: Stack) -> None:
    asked: list[str] = []
    app = stack.grafana._listener._server.app

    def noting(request: t.Any) -> t.Any:
        asked.append(request.method)
        return app(request)

    stack.grafana._listener._server.app = noting
    report = stack.diagnosed(check_mode=True)
    assert set(asked) == {"GET"}
    found = next(f for f in report["findings"] if f["id"] == "grafana.explore.failed")
    assert (found["state"], "check mode" in found["reason"]) == ("skipped", True), found
