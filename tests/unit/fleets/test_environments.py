"""Several environments in one inventory: a verdict of each, as a run over its hosts alone would give it."""

from __future__ import annotations

import copy
import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import document as evidence
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import form
from ansible_collections.traceops.tracing.plugins.module_utils._plan import visit
from ansible_collections.traceops.tracing.plugins.module_utils._report import (
    console,
    html,
    junit,
    markdown,
    prometheus,
    schema,
    write,
)
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import environments, gate, judge, library
from ansible_collections.traceops.tracing.tests.unit.checks.cases import BACKEND, HOST, document
from ansible_collections.traceops.tracing.tests.unit.plan.test_plan import planned
from ansible_collections.traceops.tracing.tests.unit.report import reports

HEALTHY: dict[str, Any] = {}
REFUSED = {"otlp_fails": ["tcp", "connection_refused"]}
NO_TEMPO = {"probe_fails": {"tempo_info": "connection_refused"}}
LOST = {"canaries": {"otlp": [10, 0]}}
FAULTS = (HEALTHY, REFUSED, NO_TEMPO, LOST)


def renamed(seen: evidence.Document, host: str, backend: str) -> evidence.Document:
    text = json.dumps(seen).replace(json.dumps(HOST), json.dumps(host))
    found: evidence.Document = json.loads(text.replace(json.dumps(BACKEND), json.dumps(backend)))
    return found


def inventory(*groups: tuple[dict[str, str], list[dict[str, Any]]]) -> evidence.Document:
    """The evidence of hosts in groups; the hosts of a group share a backend, and have these settings."""
    hosts: dict[str, Any] = {}
    backends: dict[str, Any] = {}
    run: dict[str, Any] = {}
    for number, (own, faults) in enumerate(groups):
        backend_id = f"backend{number}"
        for fault in faults:
            seen = renamed(document(fault), f"app{len(hosts):02}", backend_id)
            run = seen["run"]
            for name, labels in seen["hosts"].items():
                hosts[name] = {**labels, "settings": own}
            new = seen["backends"][backend_id]
            known = backends.setdefault(backend_id, new)
            if known is not new:
                known["hosts"] += new["hosts"]
                known["applications"] += new["applications"]
                for of in ("traces", "hops"):
                    known["canaries"][of].update(new["canaries"][of])
                for count in ("sent", "lost"):
                    known["canaries"][count] += new["canaries"][count]
    del run["settings"]["tempo_url"]  # each group has its own
    found = {"schema": evidence.SCHEMA, "run": run, "hosts": hosts, "backends": backends}
    return evidence.check_document(json.loads(json.dumps(found)))


def at(url: str, **more: str) -> dict[str, str]:
    return {"tempo_url": url, **more}


PROD, DEV = at("http://tempo-prod:3200"), at("http://tempo-dev:3200")


def judged(seen: evidence.Document) -> judge.Report:
    return judge.report(seen, reports.LIBRARY)


def told(report: judge.Report) -> dict[str, tuple[str, list[str]]]:
    """{environment: (status, root causes)}"""
    return {each["name"]: (each["status"], each["root_causes"]) for each in report["environments"]}


def test_the_fault_of_one_environment_is_not_in_the_verdict_of_another() -> None:
    report = judged(inventory((PROD, [HEALTHY, HEALTHY]), (DEV, [REFUSED])))
    assert told(report) == {
        "http://tempo-prod:3200": ("ok", []),
        "http://tempo-dev:3200": ("problem", ["network.otlp.http-port-closed"]),
    }
    assert report["verdict"]["status"] == "problem"
    assert [each["hosts"] for each in report["environments"]] == [["app00", "app01"], ["app02"]]
    sentences = {each["name"]: each["sentence"] for each in report["environments"]}
    assert sentences["http://tempo-prod:3200"].startswith("No fault found")


def test_one_environment_is_the_whole() -> None:
    assert "environments" not in judged(inventory((PROD, [HEALTHY, REFUSED]), (PROD, [HEALTHY])))
    assert "environments" not in reports.fleet(20, refused=3, unreachable=2)


@pytest.mark.parametrize(
    ("groups", "names"),
    [
        ([PROD, DEV], ["http://tempo-prod:3200", "http://tempo-dev:3200"]),
        ([at("http://t:3200", tenant="a"), at("http://t:3200", tenant="b")], [
            "http://t:3200 (tenant a)", "http://t:3200 (tenant b)",
        ]),
        ([at("http://localhost:3200"), at("http://localhost:3200")], [
            "http://localhost:3200 on app00", "http://localhost:3200 on app01",
        ]),
        # A name goes before Tempo, whatever it is.
        ([{**PROD, "environment": "live"}, {**DEV, "environment": "live"}, DEV], ["live", "http://tempo-dev:3200"]),
        ([{**PROD, "environment": "a"}, {**PROD, "environment": "b"}], ["a", "b"]),
        ([PROD, DEV, {}], ["http://tempo-prod:3200", "http://tempo-dev:3200", ""]),
    ],
)  # fmt: skip
def test_an_environment_has_the_name_that_it_is_given_or_its_tempos(
    groups: list[dict[str, str]], names: list[str]
) -> None:
    seen = inventory(*((own, [HEALTHY]) for own in groups))
    assert list(environments.environments(seen)) == names


def test_an_application_that_uses_two_tempos_joins_their_environments() -> None:
    seen = inventory((PROD, [HEALTHY]), (DEV, [HEALTHY]))
    (name,) = seen["hosts"]["app01"]["applications"]
    own = seen["hosts"]["app01"]["applications"][name]
    seen["hosts"]["app01"]["applications"]["second"] = {**own, "settings": PROD}
    found = environments.environments(seen)
    assert found == {"http://tempo-prod:3200, http://tempo-dev:3200": ["app00", "app01"]}


def test_a_host_without_a_settings_makes_no_environment() -> None:
    assert "environments" not in judged(inventory((PROD, [HEALTHY]), ({}, [HEALTHY])))


def test_a_gate_goes_by_the_names_too() -> None:
    live = {"environment": "live"}
    report = judged(inventory(({**PROD, **live}, [REFUSED]), ({**DEV, **live}, [HEALTHY]), (DEV, [HEALTHY])))
    assert list(gate.stopped(report, "environment")) == ["app00", "app01"]


ENVIRONMENTS = st.lists(
    st.tuples(
        st.sampled_from([PROD, DEV, {**PROD, "environment": "x"}, {**DEV, "environment": "x"}, at("http://t3:3200")]),
        st.lists(st.sampled_from(FAULTS), min_size=1, max_size=3),
    ),
    min_size=1,
    max_size=4,
)


def alone(seen: evidence.Document, hosts: list[str]) -> judge.Report:
    """The report of a run over these hosts, made without what splits environments."""
    left = copy.deepcopy(seen)
    left["hosts"] = {name: left["hosts"][name] for name in hosts}
    left["backends"] = {k: v for k, v in left["backends"].items() if set(v["hosts"]) & set(hosts)}
    for labels in left["backends"].values():
        assert set(labels["hosts"]) <= set(hosts)
    return judged(left)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(ENVIRONMENTS)
def test_each_verdict_is_that_of_a_run_over_its_hosts(
    groups: list[tuple[dict[str, str], list[dict[str, Any]]]],
) -> None:
    seen = inventory(*groups)
    report = judged(seen)
    for each in report.get("environments", []):
        verdict = alone(seen, each["hosts"])["verdict"]
        assert (each["status"], each["sentence"]) == (verdict["status"], verdict["sentence"])
        assert each["root_causes"] == list(dict.fromkeys(cause["id"] for cause in verdict["root_causes"]))
    statuses = [each["status"] for each in report.get("environments", [])]
    worst = next((status for status in ("problem", "incomplete", "ok") if status in statuses), None)
    assert worst in (None, report["verdict"]["status"])


def test_of_a_backend_that_environments_share_each_sees_what_is_its_own() -> None:
    seen = inventory((PROD, [LOST, HEALTHY]))
    for host, name in (("app00", "a"), ("app01", "b")):
        seen["hosts"][host]["settings"] = {**PROD, "environment": name}
    found = told(judged(seen))
    assert found["a"][0] == "problem"
    assert found["b"] == ("ok", [])


def test_a_check_of_the_run_looks_at_the_hosts_of_the_environment_alone(tmp_path: Path) -> None:
    own = """
- id: app.own.few
  hop: app
  scope: run
  severity: critical
  question: Are there enough hosts?
  needs: [hosts]
  fails_when: "length(keys(hosts)) < `2`"
  title: "only {length(keys(hosts))} host"
  cause: x
  fix: [y]
  passes_as: "there are enough hosts"
  example: z
"""
    (tmp_path / "own.yml").write_text(own, encoding="utf-8")
    checks = library.load([str(Path(library.__file__).parents[2] / "checks"), str(tmp_path)])
    report = judge.report(inventory((PROD, [HEALTHY, HEALTHY]), (DEV, [HEALTHY])), checks)
    assert report["verdict"]["status"] == "ok"
    assert told(report) == {
        "http://tempo-prod:3200": ("ok", []), "http://tempo-dev:3200": ("problem", ["app.own.few"]),
    }  # fmt: skip


def test_every_form_has_the_environments() -> None:
    report = judged(inventory((PROD, [HEALTHY]), ({**DEV, "environment": reports.HOSTILE}, [REFUSED]), ({}, [HEALTHY])))
    jsonschema.validate(form.pack(report), schema.schema())
    page = " ".join(console.page(report).split())
    assert "environment http://tempo-prod:3200: 1 host, ok: No fault found" in page
    assert "environment not known: 1 host, ok" in page
    assert page.index("1 host, problem: ") < page.index("environment http://tempo-prod:3200")
    assert "| http://tempo-prod:3200 | 1 | ok |" in markdown.page(report)
    site = html.page(report, reports.LIBRARY)
    assert 'id="environments"' in site
    values = {each.get("name"): each.get("value") for each in ET.fromstring(junit.page(report)).iter("property")}
    assert values["environment.http://tempo-prod:3200"] == "ok"
    metrics = prometheus.page(report)
    assert 'traceops_environment_status{environment="http://tempo-prod:3200",status="ok"} 1' in metrics
    assert 'traceops_environment_hosts{environment="not known"} 1' in metrics
    for name, text in write.forms(report, reports.LIBRARY).items():
        if name != "report.json":
            assert "<script>alert" not in str(text) or name == "metrics.prom", name
            assert "\x1b" not in str(text), name


def test_of_many_environments_the_worst_are_shown() -> None:
    faults = [REFUSED if n in (3, 17) else HEALTHY for n in range(20)]
    report = judged(inventory(*((at(f"http://tempo{n}:3200"), [fault]) for n, fault in enumerate(faults))))
    page = console.page(report)
    lines = [line for line in page.splitlines() if line.startswith("environment ")]
    assert [line.split(":3200")[0] for line in lines[:2]] == ["environment http://tempo3", "environment http://tempo17"]
    assert len(lines) == console.MAX_DIFFERENT
    assert "other environments: 10 ok" in page


def test_a_host_keeps_the_name_of_its_environment_also_when_it_is_not_reached() -> None:
    told = visit.evidence(planned("a", environment="live"), {"unreachable": True, "msg": "no route"})
    assert told["unreachable"]
    other = visit.evidence(planned("b", environment="dev"), {"unreachable": True})
    seen = evidence.build({"a": told, "b": other}, {}, {"settings": {}})
    assert environments.environments(seen) == {"live": ["a"], "dev": ["b"]}
