"""Who leads to whom, from what the hosts' discoveries tell."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import topology as path
from ansible_collections.traceops.tracing.tests.unit.topology import samples


def edges(**hosts: dict[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """{origin: [(whom it reaches, what is wrong)]}."""
    found = path.topology(hosts)["edges"]
    return {origin: [(edge["to"], edge["problem"]) for edge in each] for origin, each in found.items()}


def test_one_host_with_everything_on_it() -> None:
    assert edges(a=samples.shop()) == {
        "a/checkout": [("a/otelcol", "")],
        "a/otelcol": [("a/tempo", "")],
        "a/grafana": [("a/tempo", "")],
    }


def test_an_edge_tells_who_says_so_and_whether_a_connection_was_seen() -> None:
    connected = samples.application(connections=[{"address": "127.0.0.1", "port": 4318, "state": "established"}])
    (edge,) = path.topology({"a": samples.shop(application=connected)})["edges"]["a/checkout"]
    assert (edge["address"], edge["by"], edge["source"]) == (
        "http://localhost:4318",
        "its endpoint",
        "/proc/108/environ",
    )
    assert (edge["connected"], edge["assumed"]) == (True, False)


def test_what_nothing_sets_is_assumed_at_the_usual_port_of_its_protocol() -> None:
    for protocol, port in (("grpc", 4317), ("http/protobuf", 4318), ("", 4318)):
        unset = samples.application(endpoint="", protocol=protocol)
        (edge,) = path.topology({"a": samples.shop(application=unset)})["edges"]["a/checkout"]
        assert (edge["assumed"], edge["address"]) == (True, f"http://localhost:{port}")


@pytest.mark.parametrize(
    ("application", "reached"),
    [
        (samples.application(endpoint="http://localhost:4399"), ("", path.NOBODY)),
        (samples.application(endpoint="http://10.0.0.1:4318"), ("a/otelcol", "")),
        (samples.application(endpoint="http://tempo.example.com:4318"), ("", path.OUTSIDE)),
        (samples.application(endpoint="http://otel:4318", resolved=["10.0.0.1"]), ("a/otelcol", "")),
        (samples.application(endpoint="http://10.0.0.1:8888"), ("a/otelcol", path.LOOPBACK)),
        (samples.application(endpoint="http://app01:8888", resolved=["127.0.1.1"]), ("a/otelcol", "")),
        (samples.contained("application", "cart", endpoint="http://localhost:4318"), ("", path.NOBODY)),
        (samples.contained("application", "cart", endpoint="http://10.0.0.1:4318"), ("a/otelcol", "")),
        (samples.contained("application", "cart", endpoint="http://10.0.0.1:8888"), ("a/otelcol", path.LOOPBACK)),
    ],
)
def test_where_an_application_gets(application: dict[str, Any], reached: tuple[str, str]) -> None:
    assert edges(a=samples.shop(application=application))[f"a/{application['name']}"] == [reached]


def test_containers_reach_each_other_by_the_names_of_a_network_that_they_share() -> None:
    cart = samples.contained("application", "cart", endpoint="http://otel:4318", address="172.18.0.2")
    inside = samples.contained("otelcol", "otel", ("::", 4318), address="172.18.0.3", configuration={})
    assert edges(a=samples.host(cart, inside))["a/cart"] == [("a/otel", "")]
    apart = {**inside, "networks": {"other": "172.19.0.3"}}
    assert edges(a=samples.host(cart, apart))["a/cart"] == [("", path.OUTSIDE)]


def test_of_a_network_that_could_not_be_seen_nothing_is_claimed() -> None:
    unseen = {"namespace": "", "listens": []}
    inside = samples.contained("otelcol", "otel", address="172.18.0.3", configuration={}, **unseen)
    sender = samples.application(endpoint="http://172.18.0.3:4318")
    assert edges(a=samples.host(sender, inside))["a/checkout"] == [("", path.OUTSIDE)]
    alone = samples.contained("application", "cart", endpoint="http://localhost:4318", **unseen, own_network=None)
    assert edges(a=samples.shop(application=alone))["a/cart"] == [("", path.OUTSIDE)]


def test_a_published_port_leads_from_the_host_into_the_container() -> None:
    published = [{"host_address": "0.0.0.0", "host_port": 24318, "port": 4318}]
    inside = samples.contained("otelcol", "otel", ("::", 4318), published=published, configuration={})
    sender = samples.application(endpoint="http://localhost:24318")
    assert edges(a=samples.host(sender, inside))["a/checkout"] == [("a/otel", "")]


def test_another_program_at_the_port_is_named() -> None:
    shop = samples.shop(application=samples.application(endpoint="http://localhost:5000"))
    shop["listeners"].append(
        {"namespace": samples.ROOT, "address": "0.0.0.0", "port": 5000, "pid": 7, "program": "nginx"}
    )
    (edge,) = path.topology({"a": shop})["edges"]["a/checkout"]
    assert (edge["problem"], edge["listener"]) == (path.UNKNOWN, "nginx")


def test_an_exporter_that_leads_back_to_its_collector() -> None:
    loop = samples.collector(endpoint="localhost:4317")
    assert edges(a=samples.shop(collector=loop))["a/otelcol"] == [("a/otelcol", path.ITSELF)]


def test_an_exporter_without_endpoint_leads_nowhere() -> None:
    assert edges(a=samples.shop(collector=samples.collector(endpoint="")))["a/otelcol"] == [("", path.NO_ADDRESS)]


def test_an_exporter_that_no_pipeline_of_traces_uses_is_no_edge() -> None:
    unused = samples.collector()
    unused["configuration"]["exporters"][0]["pipelines"] = []
    assert "a/otelcol" not in edges(a=samples.shop(collector=unused))


def test_three_hosts_are_one_path() -> None:
    app = samples.host(samples.application(endpoint="http://col01:4318", resolved=["10.0.0.2"]), name="app01")
    col = samples.host(samples.collector(endpoint="10.0.0.3:14317"), name="col01", addresses=("10.0.0.2",))
    mon = samples.host(samples.tempo(), samples.grafana(), name="mon01", addresses=("10.0.0.3",))
    found = path.topology({"app01": app, "col01": col, "mon01": mon})
    assert path.behind(found, "app01/checkout") == ["col01/otelcol", "mon01/tempo"]
    assert path.leads_to(found, "app01/checkout", "tempo") == "mon01/tempo"
    assert found["senders"]["col01/otelcol"] == ["app01/checkout"]


def test_what_does_not_run_leads_nowhere() -> None:
    assert "a/checkout" not in edges(a=samples.shop(application=samples.application(running=False)))


def test_a_circle_of_collectors_ends() -> None:
    there = samples.collector("one", endpoint="10.0.0.2:4317")
    back = samples.collector("two", endpoint="10.0.0.1:4317")
    hosts = {"a": samples.host(there), "b": samples.host(back, addresses=("10.0.0.2",))}
    assert path.behind(path.topology(hosts), "a/one") == ["b/two"]


def test_a_connector_leads_to_another_pipeline_of_its_collector_and_is_no_edge() -> None:
    connecting = samples.collector()
    connector = {**samples.exporter("", "forward/sampled"), "kind": "forward", "feeds": ["traces/sampled"]}
    connecting["configuration"]["exporters"].append(connector)
    assert edges(a=samples.shop(collector=connecting))["a/otelcol"] == [("a/tempo", "")]


def test_an_address_that_every_host_has_is_the_own_one() -> None:
    """The bridge of a container engine has the same address everywhere."""
    bridge = ("172.17.0.1",)
    both = {
        name: samples.host(
            samples.application(endpoint="http://172.17.0.1:4318"), samples.collector(), addresses=bridge
        )
        for name in ("a", "b")
    }
    found = edges(**both)
    assert (found["a/checkout"], found["b/checkout"]) == ([("a/otelcol", "")], [("b/otelcol", "")])
