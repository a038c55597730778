"""What follows from the path that was found."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._evidence.topology import topology
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import handles, way
from ansible_collections.traceops.tracing.tests.unit.topology import samples


@pytest.mark.parametrize(
    ("service", "unit", "container", "meant"),
    [
        ("chekout", "checkout.service", "", "checkout"),
        ("shop-chekcout", "", "shop_checkout-1", "shop_checkout-1"),
        ("recomendaton", "recommendation@1.service", "", "recommendation"),
        ("checkout", "checkout.service", "", ""),
        ("payment-api", "payments-api.service", "", ""),
        ("shop-api", "", "shop-app", ""),
        ("mail-sender", "mail-server.service", "", ""),
        ("cart-v2", "cart-v3.service", "", ""),
        ("checkout", "shop-checkout.service", "", ""),
        ("velo-sql-app.sql", "velo-sql.service", "", ""),
        ("chekout-api", "checkout.service", "", ""),
        ("", "checkout.service", "checkout", ""),
    ],
)
def test_a_name_that_somebody_slipped_in(service: str, unit: str, container: str, meant: str) -> None:
    assert way.resembles(service, unit, container) == meant


def seen(host: dict[str, Any], name: str = "checkout") -> way.Way | None:
    return way.of_application(
        {"discover": host}, "a", {"found_as": name}, topology({"a": host}), "2026-11-28T18:00:00Z"
    )


@pytest.mark.parametrize(
    ("changes", "lost"),
    [
        ({}, ""),
        ({"application": samples.application(endpoint="http://localhost:4399")}, "application"),
        ({"collector": samples.collector(endpoint="localhost:4399")}, "collector"),
        ({"collector": samples.collector(endpoint="tempo.example.com:4317")}, ""),
    ],
)
def test_at_whom_a_way_ends(changes: dict[str, Any], lost: str) -> None:
    found = seen(samples.shop(**changes))
    assert found is not None
    assert found["lost"] == lost


def test_a_second_exporter_that_leads_nowhere_is_no_loss() -> None:
    both = samples.collector()
    both["configuration"]["exporters"].append(samples.exporter("localhost:4399", "otlp/old"))
    found = seen(samples.shop(collector=both))
    assert found is not None
    assert (found["lost"], found["tempo"]) == ("", "a/tempo")


def test_an_application_that_discovery_did_not_find_has_no_way() -> None:
    assert seen(samples.shop(), "other") is None


@pytest.mark.parametrize(
    ("started", "connections", "idle"),
    [
        ("2026-11-28T17:00:00Z", [], True),
        ("2026-11-28T17:58:00Z", [], False),
        ("2026-11-28T17:00:00Z", [{"address": "127.0.0.1", "port": 4318, "state": "established"}], False),
    ],
)
def test_a_program_that_runs_for_minutes_without_a_connection(
    started: str, connections: list[dict[str, Any]], idle: bool
) -> None:
    found = seen(samples.shop(application=samples.application(started=started, connections=connections)))
    assert found is not None
    assert found["idle"] is idle


def test_two_programs_want_one_port() -> None:
    host = samples.shop(collector=samples.collector(running=False, pid=0, listens=[]))
    host["listeners"].append(
        {"namespace": samples.ROOT, "address": "0.0.0.0", "port": 4317, "pid": 7, "program": "jaeger"}
    )
    found = way.of_host({"discover": host}, "a", topology({"a": host}))
    assert found is not None
    assert [(each["port"], each["wanted_by"], each["held_by"]) for each in found["contended"]] == [
        (4317, "otelcol", "jaeger")
    ]


def test_a_collector_whose_port_somebody_else_has_ends_no_way_by_itself() -> None:
    found = way.of_host({"discover": samples.shop()}, "a", topology({"a": samples.shop()}))
    assert found is not None
    assert (found["contended"], found["without_traces"], found["ending"], found["loops"]) == ([], [], [], [])


def test_traces_that_end_in_the_collector() -> None:
    ending = samples.collector()
    ending["configuration"]["exporters"][0]["kind"] = "debug"
    host = samples.shop(collector=ending)
    found = way.of_host({"discover": host}, "a", topology({"a": host}))
    assert found is not None
    assert [(each["name"], each["used"]) for each in found["ending"]] == [("otelcol", True)]


def commands(program: dict[str, Any], hosts: list[str], *containers: str) -> handles.Handle:
    found = topology({"a": samples.host(program)})
    return handles.of("tempo", hosts, found, containers, f"a/{program['name']}")


def test_commands_are_those_of_what_was_seen() -> None:
    unit = samples.tempo(unit="tempo.service")
    assert commands(unit, ["a"])["log"] == "journalctl -u tempo.service -n 50"
    logged = samples.tempo(unit="tempo.service", log={"paths": ["/var/log/tempo 1.log"]})
    assert commands(logged, ["a"])["log"] == "tail -n 50 '/var/log/tempo 1.log'"
    assert commands(samples.tempo(container="backend-tempo-1"), ["a"])["restart"] == "docker restart backend-tempo-1"
    assert commands(unit, ["b"])["restart"] == "systemctl restart tempo.service (on a)"
    assert handles.of("tempo", ["b"], topology({}), ["velo-tempo"])["log"] == "docker logs --tail 50 velo-tempo"
    assert handles.of("tempo", ["b"], topology({}), [])["name"] == "TEMPO"


def test_a_server_whose_process_could_not_be_seen_has_no_command_that_names_one() -> None:
    """`kill 0` would end whoever types it."""
    unseen = commands(samples.tempo(pid=0), ["a"])
    assert not any("kill" in words or " -p 0" in words for words in unseen.values())


def test_an_application_is_started_anew_as_it_was_started() -> None:
    assert handles.restart_of({"unit": "shop.service"}) == "systemctl restart shop.service"
    assert "container cart" in handles.restart_of({"container": "cart", "unit": "docker.service"})
    assert handles.restart_of({"name": "shop", "pid": 7}) == "restart shop (pid 7)"
    assert handles.restart_of({}) == "restart the application"


def test_a_setting_that_decides_nothing_about_spans_is_not_stale() -> None:
    stale = [{"variable": name, "file": "one", "running": "two", "source": "/etc/default/shop"} for name in STALE]
    found = seen(samples.shop(application=samples.application(stale=stale)))
    assert found is not None
    assert [each["variable"] for each in found["stale"]] == ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_SAMPLER"]


STALE = ("PATH", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_METRICS_EXPORTER", "OTEL_TRACES_SAMPLER")


@pytest.mark.parametrize(("unread", "told"), [([], 1), (["/etc/otelcol/more.yaml cannot be read"], 0)])
def test_of_a_configuration_that_was_read_in_part_nothing_is_missed(unread: list[str], told: int) -> None:
    without, unused = samples.collector(), samples.collector()
    without["configuration"].update(unread=unread, signals=["metrics"])
    unused["configuration"].update(unread=unread, receivers=samples.receivers(4317, pipelines=()))
    for program, key in ((without, "without_traces"), (unused, "unused")):
        host = samples.shop(collector=program)
        found = way.of_host({"discover": host}, "a", topology({"a": host}))
        assert found is not None
        assert len(found[key]) == told  # type: ignore[literal-required]
