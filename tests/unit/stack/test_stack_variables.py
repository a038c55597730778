"""The role's variables: their defaults, what the other templates make of them, and what containers are started with."""

from __future__ import annotations

import configparser
import re
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.traceops.tracing.tests.unit.stack.rendering import ROLE, render


def specified() -> t.Dict[str, t.Any]:
    text = (ROLE / "meta/argument_specs.yml").read_text(encoding="utf-8")
    options: t.Dict[str, t.Any] = yaml.safe_load(text)["argument_specs"]["main"]["options"]
    return options


def defaults(options: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    return {
        name: defaults(option["options"]) if "options" in option else option["default"]
        for name, option in options.items()
    }


@pytest.mark.parametrize("name", ["tempo", "grafana", "collector", "prometheus", "tls"])
def test_the_role_fills_in_the_defaults_that_the_specification_names(name: str) -> None:
    assert render(f"__stack_{name}") == defaults(specified()[f"stack_{name}"]["options"])


def content(path: str, **given: t.Any) -> str:
    files = [file for files in render("__stack_contents", **given).values() for file in files]
    (found,) = [file["content"] for file in files if file["path"] == path]
    assert isinstance(found, str)
    return found


def data_sources(**given: t.Any) -> t.List[t.Dict[str, t.Any]]:
    loaded = yaml.safe_load(content("grafana/provisioning/datasources/traceops.yml", **given))
    found: t.List[t.Dict[str, t.Any]] = loaded["datasources"]
    return found


def test_grafana_asks_tempo_by_the_name_that_its_container_resolves() -> None:
    (source,) = data_sources()
    assert (source["url"], source["type"], source["access"]) == ("http://velo-tempo:3200", "tempo", "proxy")
    assert "serviceMap" not in source["jsonData"]


def test_service_map_and_metrics_only_where_prometheus_is() -> None:
    tempo, metrics = data_sources(stack_prometheus={"enabled": True})
    assert tempo["jsonData"]["serviceMap"]["datasourceUid"] == metrics["uid"]
    assert tempo["jsonData"]["tracesToMetrics"]["datasourceUid"] == metrics["uid"]


def test_each_tenant_has_a_data_source_with_its_header() -> None:
    first, second = data_sources(stack_tenants=["shop", "bank-1"])
    assert (first["uid"], first["secureJsonData"]) == ("tempo", {"httpHeaderValue1": "shop"})
    # Grafana 9 cannot route a uid with a hyphen.
    assert (second["uid"], second["secureJsonData"]) == ("tempo_bank_1", {"httpHeaderValue1": "bank-1"})
    assert {source["jsonData"]["httpHeaderName1"] for source in (first, second)} == {"X-Scope-OrgID"}


def test_a_tenant_with_a_long_name_has_a_uid_that_grafana_takes() -> None:
    # Grafana 12 does not start with a uid of more than 40 characters.
    sources = data_sources(stack_tenants=["shop", "5f0c9a52-0000-4000-8000-123456789abc", "b" * 150])
    assert [uid for uid in (source["uid"] for source in sources) if not re.fullmatch(r"\w{1,40}", uid)] == []
    assert len({source["uid"] for source in sources}) == 3


def test_data_sources_of_former_tenants_go_away() -> None:
    assert yaml.safe_load(content("grafana/provisioning/datasources/traceops.yml"))["prune"] is True


def test_grafana_takes_its_password_from_a_file_and_lets_nobody_in() -> None:
    config = configparser.ConfigParser(interpolation=None)
    config.read_string(content("grafana/grafana.ini", stack_grafana_admin_password="s3cret"))
    assert config["security"]["admin_password"] == "$__file{/etc/grafana/admin_password}"
    assert not config["auth.anonymous"].getboolean("enabled")


def test_the_password_is_in_nothing_that_a_container_is_started_with() -> None:
    given = {"stack_grafana_admin_password": "s3cret", "stack_s3_access_key": "a", "stack_s3_secret_key": "s3cret"}
    assert "s3cret" not in str(render("__stack_components", **given)) + str(render("__stack_hashes", **given))


@pytest.mark.parametrize(
    ("sampling", "processors"),
    [
        ("none", ["memory_limiter", "batch"]),
        ("probabilistic", ["memory_limiter", "probabilistic_sampler", "batch"]),
        ("tail", ["memory_limiter", "tail_sampling", "batch"]),
    ],
)
def test_the_collector_samples_between_its_limiter_and_its_batches(sampling: str, processors: t.List[str]) -> None:
    config = yaml.safe_load(content("collector/collector.yml", stack_collector={"enabled": True, "sampling": sampling}))
    assert config["service"]["pipelines"]["traces"]["processors"] == processors
    assert set(processors) == set(config["processors"])


def test_the_collector_sends_as_the_first_tenant() -> None:
    given = {"stack_collector": {"enabled": True}, "stack_tenants": ["shop", "bank"]}
    config = yaml.safe_load(content("collector/collector.yml", **given))
    assert config["exporters"]["otlp"]["headers"] == {"X-Scope-OrgID": "shop"}


def ports(**given: t.Any) -> t.Dict[str, t.List[str]]:
    return {component["key"]: component["ports"] for component in render("__stack_components", **given)}


def test_otlp_is_published_by_tempo_or_by_the_collector_before_it() -> None:
    otlp = ["0.0.0.0:4317:4317", "0.0.0.0:4318:4318"]
    assert ports(stack_otlp_bind_address="0.0.0.0")["tempo"] == ["127.0.0.1:3200:3200", *otlp]
    published = ports(stack_otlp_bind_address="0.0.0.0", stack_collector={"enabled": True})
    assert (published["tempo"], published["collector"]) == (["127.0.0.1:3200:3200"], otlp)


@pytest.mark.parametrize(
    ("settings", "changed"),
    [
        ({"stack_tempo": {"retention": "48h"}}, {"tempo"}),
        ({"stack_grafana": {"anonymous": True}}, {"grafana"}),
        ({"stack_collector": {"enabled": True, "queue_size": 7}}, {"collector"}),
        ({"stack_grafana_admin_password": "another"}, set()),
    ],
)
def test_a_change_concerns_one_component(settings: t.Dict[str, t.Any], changed: t.Set[str]) -> None:
    before = render("__stack_hashes", stack_collector={"enabled": True})
    after = render("__stack_hashes", **{"stack_collector": {"enabled": True}, **settings})
    assert {key for key in after if after[key] != before[key]} == changed


def test_a_digest_takes_the_place_of_the_tag() -> None:
    # Docker's modules look for tag and digest together, and find nothing.
    digest = "sha256:" + "0" * 64
    (tempo, grafana) = render("__stack_components", stack_tempo={"digest": digest})
    assert tempo["image"] == f"grafana/tempo@{digest}"
    assert grafana["image"] == "grafana/grafana:12.3.0"


def test_the_running_version_is_what_the_container_was_started_as() -> None:
    config = {"Image": "grafana/tempo@sha256:00", "Labels": {"traceops.tracing.version": "2.10.8"}}
    seen = {"results": [{"__stack_item": "velo-tempo", "container": {"Config": config}}]}
    assert render("__stack_running_tempo", __stack_seen=seen) == "2.10.8"


def test_no_container_runs_when_nothing_is_there() -> None:
    seen = {"results": [{"__stack_item": "velo-tempo", "container": None, "exists": False}]}
    assert render("__stack_running_tempo", __stack_seen=seen) == ""


def test_certificates_are_read_on_the_controller(tmp_path: Path) -> None:
    for name in ("crt", "key"):
        (tmp_path / name).write_text(f"-----{name}-----\n", encoding="utf-8")
    tls = {"grafana_certificate": str(tmp_path / "crt"), "grafana_key": str(tmp_path / "key")}
    assert content("grafana/grafana.key", stack_tls=tls) == "-----key-----\n"
