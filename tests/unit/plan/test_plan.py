"""What hosts and backends are asked: applications, what they share, and the canaries of each."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import collect
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.labels import PROBES
from ansible_collections.traceops.tracing.plugins.module_utils._otel import canary
from ansible_collections.traceops.tracing.plugins.module_utils._plan import applications, backends, visit
from ansible_collections.traceops.tracing.tests.unit.plan.test_values import DEFAULTS

NOW = datetime.datetime(2026, 11, 28, 12, 0, tzinfo=datetime.timezone.utc)
TEMPO = "http://tempo:3200"


def given(**changes: Any) -> dict[str, Any]:
    """The variables of a host; Tempo and Grafana are not on its loopback."""
    far = {"tempo_url": TEMPO, "grafana_url": "http://grafana:3000"}
    return {**DEFAULTS, **{f"diagnose_{name}": value for name, value in {**far, **changes}.items()}}


def planned(host: str, **changes: Any) -> applications.Planned:
    return applications.planned(given(**changes), host, "run")


def visited(counted: Any = None, **changes: Any) -> dict[str, Any]:
    return visit.probes(given(**changes), "a", "run", counted or {})


# --- applications


def test_the_variables_describe_the_only_application_by_the_name_of_its_service() -> None:
    host = planned("a", service="shop", otlp_headers={"X-Key": "secret"})
    assert list(host["applications"]) == ["shop"]
    assert host["applications"]["shop"]["settings"] == {}, "they are its host's"
    assert host["settings"]["otlp_headers"] == ["X-Key"]
    assert "secret" not in str(host)


def test_an_entry_overrides_the_variables_of_its_host() -> None:
    several = [{"name": "cart", "service": "cart", "otlp_endpoint": "http://x:4318"}, {"name": "stock", "tenant": None}]
    found = applications.applications(given(service="shop", tenant="acme", applications=several))
    assert [(its["service"], its["tenant"]) for its in found.values()] == [("cart", "acme"), ("shop", "acme")]
    host = planned("a", service="shop", applications=several)
    assert host["applications"]["cart"]["settings"] == {"service": "cart", "otlp_endpoint": "http://x:4318"}


def test_an_entry_that_names_a_log_has_no_other() -> None:
    several = [{"name": "cart", "log_unit": "cart.service"}, {"name": "stock"}]
    found = applications.applications(given(log_paths=["/var/log/app.log"], applications=several))
    assert (found["cart"]["log_paths"], found["cart"]["log_unit"]) == ([], "cart.service")
    assert found["stock"]["log_paths"] == ["/var/log/app.log"]


@pytest.mark.parametrize(
    ("changes", "backend"),
    [
        ({}, "http://tempo:3200 http://grafana:3000"),
        ({"service": "shop"}, "http://tempo:3200 http://grafana:3000   shop"),
        ({"tempo_url": "http://127.0.0.1:3200"}, "http://127.0.0.1:3200 http://grafana:3000    a"),
        ({"grafana_url": "http://[::1]:3000"}, "http://tempo:3200 http://[::1]:3000    a"),
    ],
)
def test_a_backend_on_loopback_is_its_hosts(changes: dict[str, Any], backend: str) -> None:
    applications = planned("a", **changes)["applications"]
    assert [each["backend"] for each in applications.values()] == [backend]


# --- the visit of a host


def test_a_host_is_asked_what_its_variables_name() -> None:
    assert list(visited()) == ["otlp", "otlp_sibling", "containers", "clock"]
    more = {
        "collector_endpoint": "c:4317",
        "tempo_otlp_endpoint": "t:4317",
        "process": {"name": "app"},
        "containers": [],
    }
    assert list(visited(log_paths=["/x"], **more)) == [
        *("otlp", "otlp_sibling", "otlp_collector", "otlp_tempo", "logs", "environment", "clock"),
    ]


def test_tempos_own_log_is_read_with_its_profile() -> None:
    asked = visited(tempo_log_paths=["/var/log/tempo.log"])["tempo_logs"]
    assert asked == {"probe": "logs", "paths": ["/var/log/tempo.log"], "profiles": ["tempo_server"]}


def test_what_nobody_gave_is_left_to_the_probe() -> None:
    assert visited()["clock"] == {"probe": "clock", "tempo_url": TEMPO, "timeout": 5}
    assert visited(process={"name": "app"})["environment"] == {
        "probe": "environment",
        "process_name": "app",
        "timeout": 5,
    }


def test_the_canary_of_the_only_application_is_its_hosts() -> None:
    assert visited(service="shop")["otlp"]["canary"] == {"run": "run", "host": "a", "hop": "otlp"}
    alone = visited(applications=[{"name": "cart"}])
    assert alone["otlp"]["canary"]["host"] == "a"


def test_several_applications_send_canaries_of_their_own() -> None:
    asked = visited(applications=[{"name": "cart"}, {"name": "stock"}])
    assert list(asked)[:4] == ["otlp of cart", "otlp_sibling of cart", "otlp of stock", "otlp_sibling of stock"]
    senders = [asked[f"otlp of {name}"]["canary"]["host"] for name in ("cart", "stock")]
    assert senders == ["a/cart", "a/stock"]
    assert {options.get("probe", label) for label, options in asked.items()} <= set(PROBES)
    assert canary.trace_id("run", senders[0], "otlp", 0) != canary.trace_id("run", "a", "otlp", 0)


SOURCES: list[dict[str, Any]] = [
    {"log_paths": ["/var/log/app.log"]},
    {"log_unit": "app.service"},
    {"log_container": "app"},
]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: next(iter(source)))
@pytest.mark.parametrize("own", [False, True], ids=["of the host", "of an application"])
def test_a_log_is_read_alike_whatever_its_source(source: dict[str, Any], own: bool) -> None:
    how = {"log_profiles": ["otel_go"], "log_profile_dirs": ["profiles"], "log_since": "2h"}
    said = {**source, **how}
    asked = visited(applications=[{"name": "cart", **said}]) if own else visited(**said)
    ((name, value),) = source.items()
    expected = {"probe": "logs", "profiles": ["otel_go"], "profile_dirs": ["profiles"], "since": "2h", name[4:]: value}
    assert {key: told for key, told in asked["logs"].items() if told} == expected


def test_the_engine_is_named_where_a_container_is_read() -> None:
    assert visited(log_container="app", docker_host="unix:///x")["logs"]["docker_host"] == "unix:///x"
    assert "docker_host" not in visited(log_paths=["/x"], docker_host="unix:///x")["logs"]


def test_tenants_that_tempo_knows_are_tried_where_none_is_set() -> None:
    count = {"snapshots": {"tempo": {"counts": {"received": {"acme": 5, "single-tenant": 1, "": 1}}}}}
    assert collect.tenants(None) == collect.tenants({"snapshots": {"tempo": None}}) == []
    assert visited({TEMPO: count})["otlp"]["tenants"] == ["acme"]
    assert visited({TEMPO: count}, counterfactual="false")["otlp"]["tenants"] == []
    assert visited({f"{TEMPO} own": count}, tenant="own")["otlp"]["tenants"] == []


def test_tenants_that_are_counted_in_the_same_visit_are_tried() -> None:
    def told(**changes: Any) -> Any:
        asked = visit.probes(given(**changes), "a", "run", {}, {TEMPO: "balance of t"})
        return asked["otlp"].get("tenants_of")

    assert told() == "balance of t"
    assert told(counterfactual=False) is None
    assert told(tempo_url="http://other:3200") is None, "nobody counts there"


def test_a_visit_is_told_of_a_tempo_that_did_not_answer() -> None:
    counted = {"ok": False, "cause": "response_timeout", "message": "no answer within 10 s", "snapshots": {}}
    silent = {"cause": "response_timeout", "message": "no answer within 10 s"}
    assert visited({TEMPO: counted})["clock"]["silent"] == {**silent, "final": True}
    asked = ask(given(), {}, counted)
    assert (asked["tempo_info"]["silent"], asked["grafana"]["silent"]) == (silent, silent)
    assert "silent" not in visited({TEMPO: {"ok": False, "cause": "connection_refused"}})["clock"]


def test_the_canary_goes_the_way_of_the_process() -> None:
    assert visited(process={"name": "app"})["otlp"]["like"] == "environment"
    several = [{"name": "cart", "process": {"name": "cart"}}, {"name": "stock"}]
    asked = visited(applications=several)
    assert asked["otlp of cart"]["like"] == "environment of cart"
    assert "like" not in asked["otlp of stock"]


@pytest.mark.parametrize(
    ("endpoint", "other"),
    [
        ("http://t:4318", "http://t:4317"),
        ("http://t:4318/v1/traces", "http://t:4317"),
        ("t:4317", "t:4318"),
        ("http://t:14318", ""),
        ("https://t", ""),
    ],
)
def test_the_other_well_known_port_is_looked_at(endpoint: str, other: str) -> None:
    assert visit.sibling(endpoint) == other


# --- evidence of a host


def seen(**labels: Any) -> dict[str, Any]:
    return {"evidence": labels}


ACCEPTED = {"ok": True, "trace_ids": ["1" * 32, "2" * 32]}


def test_evidence_is_by_application() -> None:
    host = planned("a", applications=[{"name": "cart"}, {"name": "stock"}])
    answers = {
        "clock": {"ok": True},
        "otlp of cart": ACCEPTED,
        "otlp of stock": {**ACCEPTED, "shared_with": "otlp of cart"},
    }
    found = visit.evidence(host, seen(**answers))
    assert found["clock"] == {"ok": True}
    assert found["applications"]["cart"] == {"settings": {}, "otlp": ACCEPTED}
    assert found["applications"]["stock"]["otlp"]["shared_with"] == "cart"


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        ({"unreachable": True, "msg": "no route"}, ""),
        ({"skipped": True}, ""),
        (None, ""),
        (
            {"failed": True, "module_stderr": "/bin/sh: 1: python3: not found\n", "rc": 127},
            "/bin/sh: 1: python3: not found",
        ),
        (
            {
                "failed": True,
                "module_stderr": "Shared connection to app01 closed.\n",
                "module_stdout": "/bin/sh: 1: /opt/python3: not found\n",
                "msg": "The module interpreter '/opt/python3' was not found.",
                "rc": 127,
            },
            "The module interpreter '/opt/python3' was not found.",
        ),
        (
            {
                "failed": True,
                "module_stderr": "Traceback (most recent call last):\n  File x\nOSError: No space left on device\n",
                "msg": "MODULE FAILURE: see the rest",
                "rc": 1,
            },
            "OSError: No space left on device",
        ),
        (
            {
                "failed": True,
                "module_stderr": "Shared connection to app01 closed.\n",
                "msg": "MODULE FAILURE",
                "rc": -9,
            },
            "MODULE FAILURE",
        ),
        (
            {"failed": True, "msg": "Task failed: no answer within 120 s (diagnose_host_timeout)"},
            "no answer within 120 s (diagnose_host_timeout)",
        ),
        ({"failed": True}, "the module did not answer"),
    ],
)
def test_a_host_that_could_not_be_looked_at_says_why(result: Any, reason: str) -> None:
    found = visit.evidence(planned("a", service="shop"), result)
    assert (found["unreachable"], found["reason"]) == (True, reason)
    assert found["applications"] == {"shop": {"settings": {}}}


def test_a_host_that_was_only_looked_around_on_is_no_host_that_could_not_be_reached() -> None:
    looked = {"evidence": {"discover": {"ok": True, "hostname": "a"}}}
    found = visit.evidence(planned("a", service="shop"), {"skipped": True}, looked)
    assert (found["unreachable"], found["discover"]) == (False, looked["evidence"]["discover"])


# --- backends


def test_applications_share_a_backend() -> None:
    hosts = {name: planned(name, service="shop") for name in ("b", "a")}
    hosts["c"] = planned("c", service="stock")
    found = backends.backends(hosts)
    shop, stock = sorted(found)
    assert found[shop]["hosts"] == ["a", "b"]
    assert found[stock]["applications"] == [{"host": "c", "name": "stock"}]
    assert found[shop]["services"] == found[stock]["services"] == ["shop", "stock"]


def test_on_loopback_other_hosts_have_another_tempo() -> None:
    local = {"tempo_url": "http://localhost:3200"}
    found = backends.backends({n: planned(n, service=s, **local) for n, s in (("a", "shop"), ("b", "stock"))})
    assert [backend["services"] for backend in found.values()] == [["shop"], ["stock"]]


def ask(given_: dict[str, Any], answers: dict[str, Any], counted: Any = None) -> dict[str, Any]:
    """What host a asks its backends after this visit."""
    host = applications.planned(given_, "a", "run")
    known = backends.backends({"a": host})
    evidence = {"a": visit.evidence(host, seen(**answers))}
    asked = [backends.Asked(each, known[each], evidence, counted) for each in sorted(known)]
    return backends.questions(given_, "a", "run", asked, NOW)


def test_without_a_service_no_question_is_asked_about_one() -> None:
    assert list(ask(given(), {})) == ["tempo_info", "tempo_search", "by_id", "coverage", "grafana"]


def test_canaries_are_looked_up_where_some_were_accepted() -> None:
    asked = ask(given(service="shop", wait_search=True), {"otlp": ACCEPTED, "otlp_tempo": {"ok": False}}, {"ok": True})
    assert asked["canaries"]["sent"] == {"a": {"otlp": 2}}
    assert asked["canaries"]["search"] is True
    assert asked["grafana"]["trace_id"] == "1" * 32
    assert asked["balance"] == {"probe": "balance", "tempo_url": TEMPO, "timeout": 5, "before": {"ok": True}}
    assert list(asked)[-2:] == ["balance", "grafana"]
    assert list(asked).index("canaries") < list(asked).index("balance")


def test_a_shared_canary_is_looked_up_for_each_backend() -> None:
    several = [{"name": "cart", "service": "cart"}, {"name": "stock", "service": "stock"}]
    answers = {"otlp of cart": ACCEPTED, "otlp of stock": {**ACCEPTED, "shared_with": "otlp of cart"}}
    asked = ask(given(applications=several), answers)
    sent = [options["sent"] for label, options in asked.items() if label.startswith("canaries of ")]
    assert sent == [{"a/cart": {"otlp": 2}}, {"a/cart": {"otlp": 2}}]


def test_each_tempo_of_a_host_is_counted_once_whatever_its_applications() -> None:
    there = {"tempo_url": "http://there:3200"}
    several = [{"name": "cart", **there}, {"name": "stock", **there}, {"name": "mail", "tenant": "acme"}]
    asked = backends.counting(given(applications=several), "a")
    assert list(asked) == ["http://there:3200", f"{TEMPO} acme"]
    assert asked["http://there:3200"] == {"probe": "balance", "timeout": 5, **there}
    assert backends.counted({"took": 1, "x": 1, "shared_with": "y"}) == {"x": 1}


def log(start: Any, count: int = 5, since: int = 5, **flags: int) -> dict[str, Any]:
    headers = {"count": count, "count_since_start": since, "captures": {"flags": {"values": flags}}}
    return {"ok": True, "last_start": {"time": start} if start else None, "patterns": {"traceparent": headers}}


@pytest.mark.parametrize(
    ("logs", "expected"),
    [
        (log(None), {"start": "2026-11-28T11:00:00.000Z"}),
        (log("2026-11-28T10:00:00.000Z"), {"start": "2026-11-28T11:00:00.000Z"}),
        (log("2026-11-28T11:30:00.000Z"), {"start": "2026-11-28T11:30:00.000Z"}),
        (log("2026-11-28T11:30:00.000Z", **{"00": 2}), {"start": "2026-11-28T11:30:00.000Z", "offered": 5}),
        (log("2026-11-28T11:30:00.000Z", count=9, **{"00": 2}), {"start": "2026-11-28T11:30:00.000Z"}),
    ],
)
def test_ids_are_looked_at_since_the_last_start(logs: dict[str, Any], expected: dict[str, Any]) -> None:
    asked = ask(given(service="shop"), {"logs": logs})["sampling_ratio"]
    assert {key: asked[key] for key in ("start", "offered") if key in asked} == expected


def test_services_that_are_expected_are_looked_up_but_for_the_own() -> None:
    assert ask(given(service="shop", services_expected=["shop", "stock"]), {})["coverage"]["services"] == ["stock"]


# --- Tempo itself


def test_the_log_of_tempo_is_read_where_it_was_named() -> None:
    assert "tempo_logs" not in visited()
    asked = visited(tempo_log_container="velo-tempo")["tempo_logs"]
    assert (asked["probe"], asked["container"], asked["profiles"]) == ("logs", "velo-tempo", ["tempo_server"])


def test_the_log_of_a_collector_is_read_where_it_was_named() -> None:
    assert "collector_logs" not in visited()
    asked = visited(collector_log_unit="otelcol.service")["collector_logs"]
    assert (asked["probe"], asked["unit"], asked["profiles"]) == ("logs", "otelcol.service", ["auto"])


def test_the_other_processes_of_tempo_are_counted() -> None:
    urls = {"distributor": "http://distributor:3200"}
    host = {"a": planned("a", tempo_urls=urls)}
    (counted,) = backends.counting(given(tempo_urls=urls), "a").values()
    assert counted["tempo_urls"] == urls
    assert host["a"]["settings"]["tempo_urls"] == urls
