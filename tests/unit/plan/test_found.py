"""What a variable says wins; what it does not say is found."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._plan import applications, found
from ansible_collections.traceops.tracing.tests.unit.plan.test_values import OWN
from ansible_collections.traceops.tracing.tests.unit.topology import samples


def settled(host: dict[str, Any], **said: Any) -> dict[str, Any]:
    """The variables of the host `a`, alone in its run, without `diagnose_`."""
    given = {**OWN, **{f"diagnose_{name}": value for name, value in said.items()}}
    own = found.settled(given, found.offers({"a": host})["a"])
    return {name.replace("diagnose_", "", 1): value for name, value in own.items()}


def only(host: dict[str, Any], **said: Any) -> dict[str, Any]:
    (entry,) = settled(host, **said)["applications"]
    return dict(entry)


def test_without_a_variable_everything_is_found() -> None:
    app = only(samples.shop())
    assert app["service"] == "checkout"
    assert app["process"] == {"pid": 108}
    assert app["otlp_endpoint"] == "http://localhost:4318"
    assert app["collector_metrics_url"] == "http://localhost:8888/metrics"
    assert app["tempo_otlp_endpoint"] == "http://localhost:14317"
    assert (app["tempo_url"], app["grafana_url"]) == ("http://localhost:13200", "http://localhost:13000")
    assert app["sources"]["otlp_endpoint"] == "/proc/108/environ"


def test_what_a_variable_says_wins_and_the_difference_is_told() -> None:
    app = only(samples.shop(), tempo_url="http://tempo:3200", service="")
    assert "tempo_url" not in app
    assert app["otherwise"] == [
        {
            "variable": "diagnose_tempo_url",
            "said": "http://tempo:3200",
            "found": "http://localhost:13200",
            "source": "/proc/105",
        }
    ]


def test_a_named_service_is_the_found_application_of_that_name() -> None:
    both = samples.host(samples.application(), samples.application("stock", "http://localhost:4319"), samples.tempo())
    own = settled(both, service="stock")
    assert (own["otlp_endpoint"], own["applications"]) == ("http://localhost:4319", [])
    assert own["found"]["own"]["found_as"] == "stock"


def test_a_service_that_nobody_has_is_asked_about_as_it_is_said() -> None:
    own = settled(samples.shop(), service="payment")
    assert (own["service"], own["process"], own["found"]["own"]["found_as"]) == ("payment", {}, "")
    assert own["tempo_url"] == "http://localhost:13200"


def test_entries_of_several_applications_are_filled_by_name_unit_or_service() -> None:
    cart = samples.application("cart", log={"unit": "cart.service", "source": "unit cart.service"})
    own = settled(
        samples.host(samples.application(), cart, samples.tempo()),
        applications=[{"name": "checkout"}, {"name": "basket", "log_unit": "cart.service"}, {"name": "other"}],
    )
    assert [(each["name"], each.get("found_as")) for each in own["applications"]] == [
        ("checkout", "checkout"),
        ("basket", "cart"),
        ("other", None),
    ]


def test_nothing_found_leaves_what_was_always_assumed() -> None:
    own = settled(samples.host())
    assert (own["otlp_endpoint"], own["tempo_url"]) == ("http://localhost:4318", "http://localhost:3200")
    assert (own["containers"], own["applications"], own["found"]["bare"]) == ([], [], False)


def test_without_a_look_around_all_is_as_it_was() -> None:
    own = found.settled(OWN, None)
    assert own["diagnose_containers"] == ["velo-tempo", "velo-grafana"]
    assert own["diagnose_grafana_url"] == "http://localhost:3000"


def test_a_host_without_application_among_hosts_that_have_some_has_none() -> None:
    hosts = {"app": samples.host(samples.application()), "mon": samples.host(samples.tempo(), addresses=("10.0.0.3",))}
    offers = found.offers(hosts)
    own = found.settled(OWN, offers["mon"])
    assert own["found"]["bare"]
    assert applications.applications(own) == {}
    assert applications.planned(own, "mon", "run")["applications"] == {}
    assert not found.settled({**OWN, "diagnose_service": "shop"}, offers["mon"])["found"]["bare"]


def test_an_application_is_asked_about_at_the_tempo_that_its_spans_reach() -> None:
    app = samples.host(samples.application(endpoint="http://10.0.0.2:4318"))
    col = samples.host(samples.collector(endpoint="10.0.0.3:14317"), addresses=("10.0.0.2",))
    old = samples.host(samples.tempo("old"), addresses=("10.0.0.9",))
    mon = samples.host(samples.tempo(), samples.grafana(), addresses=("10.0.0.3",))
    (offer,) = found.offers({"app": app, "col": col, "aaa-old": old, "mon": mon})["app"]["applications"]
    assert offer["values"]["tempo_url"] == "http://10.0.0.3:13200"
    assert offer["values"]["grafana_url"] == "http://10.0.0.3:13000"
    assert "collector_metrics_url" not in offer["values"], "it listens on its own loopback"


def test_a_host_with_a_collector_alone_has_its_receiver_for_endpoint() -> None:
    assert settled(samples.host(samples.collector()))["otlp_endpoint"] == "http://localhost:4318"


@pytest.mark.parametrize(
    ("endpoint", "offered"),
    [("htp:/tempo", "http://localhost:4318"), ("http://u:p@h:1", "http://localhost:4318"), ("h:4317", "h:4317")],
)
def test_an_endpoint_that_no_variable_could_have_is_left_to_the_checks_of_the_process(
    endpoint: str, offered: str
) -> None:
    assert only(samples.shop(application=samples.application(endpoint=endpoint)))["otlp_endpoint"] == offered


def test_names_are_made_fit_for_files_and_labels_and_stay_apart() -> None:
    hostile = [samples.application("a/b\n{{ 7*7 }}"), samples.application("a_b___ 7*7 }}"), samples.application("")]
    names = [each["name"] for each in found.offers({"a": samples.host(*hostile)})["a"]["applications"]]
    assert names == ["a_b___ 7_7 __", "a_b___ 7_7 __-2", "application"]


def test_the_log_of_an_application_is_one_source() -> None:
    logged = samples.application(log={"paths": ["/var/log/shop.log"], "source": "/proc/108/fd/1"})
    assert only(samples.shop(application=logged))["log_paths"] == ["/var/log/shop.log"]
    own = settled(samples.shop(application=logged), log_unit="shop.service")
    assert (own["log_paths"], own["log_unit"]) == ([], "shop.service")


def test_the_containers_of_the_path_are_found() -> None:
    inside = samples.contained("tempo", "backend-tempo-1", ("::", 3200), url="http://172.18.0.9:3200")
    assert settled(samples.host(samples.application(), inside))["containers"] == ["backend-tempo-1"]


def test_another_host_is_reached_at_an_address_that_is_its_own() -> None:
    """Every host with a container engine has the address of its bridge."""
    bridge = "172.17.0.1"
    app = samples.host(samples.application(endpoint="http://10.0.0.3:14318"), addresses=(bridge, "10.0.0.1"))
    mon = samples.host(samples.tempo(), samples.grafana(), addresses=(bridge, "10.0.0.3"))
    own = found.offers({"app": app, "mon": mon})["app"]["host"]["values"]
    assert (own["tempo_url"], own["grafana_url"]) == ("http://10.0.0.3:13200", "http://10.0.0.3:13000")


@pytest.mark.parametrize(
    "said",
    [
        {"process": {"unit": "shop.service"}},
        {"process": {"unit": "shop"}},
        {"process": {"pid": 108}},
        {"process": {"name": "checkout"}},
        {"log_unit": "shop"},
    ],
)
def test_a_process_that_is_named_is_the_found_one_whatever_its_log_is(said: dict[str, Any]) -> None:
    logged = samples.application(unit="shop.service", log={"paths": ["/var/log/shop.log"], "source": "/proc/108/fd/1"})
    other = samples.application("stock", "http://localhost:4319", pid=7)
    own = settled(samples.host(logged, other, samples.tempo()), **said)
    assert (own["found"]["own"]["found_as"], own["otlp_endpoint"]) == ("checkout", "http://localhost:4318")


def test_what_does_not_run_makes_no_other_host_bare() -> None:
    idle = samples.host(samples.application(running=False))
    mon = samples.host(samples.tempo(), addresses=("10.0.0.3",))
    assert not found.settled(OWN, found.offers({"app": idle, "mon": mon})["mon"])["found"]["bare"]


def test_where_no_tempo_is_found_the_data_source_names_it() -> None:
    far = samples.grafana(url="http://tempo.example.com:3200/")
    assert settled(samples.host(samples.application(), far))["tempo_url"] == "http://tempo.example.com:3200"
    inside = samples.contained("grafana", "grafana", url="http://localhost:3000", configuration=far["configuration"])
    inside["configuration"] = {"datasources": [{"name": "Tempo", "url": "http://localhost:3200", "source": "t.yaml:4"}]}
    assert settled(samples.host(inside))["found"]["own"]["sources"].get("tempo_url") is None, "its own localhost"


def test_of_the_sources_of_a_log_none_is_added_to_the_one_that_is_said() -> None:
    logged = samples.application(unit="shop.service", log={"paths": ["/var/log/shop.log"], "source": "/proc/108/fd/1"})
    own = settled(samples.shop(application=logged), log_unit="shop.service")
    assert (own["found"]["own"]["found_as"], own["log_unit"], own["log_paths"]) == ("checkout", "shop.service", [])


def test_who_sends_to_tempo_itself_is_asked_once_about_its_receiver() -> None:
    direct = samples.application(endpoint="http://localhost:14318")
    stack = samples.host(direct, samples.tempo(otlp=14318))
    assert only(stack)["otlp_endpoint"] == "http://localhost:14318"
    assert "tempo_otlp_endpoint" not in only(stack)


def test_a_receiver_on_the_loopback_of_a_container_is_reached_by_nobody_even_when_published() -> None:
    published = [{"host_address": "0.0.0.0", "host_port": 24318, "port": 4318}]
    for address, endpoint in (("127.0.0.1", "http://localhost:4318"), ("0.0.0.0", "http://localhost:24318")):
        inside = samples.contained("otelcol", "otel", (address, 4318), published=published)
        inside["configuration"] = {"receivers": samples.receivers(4318)}
        assert settled(samples.host(inside))["otlp_endpoint"] == endpoint
