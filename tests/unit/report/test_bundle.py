"""A bundle holds what somebody else needs to look into a run, and says what was kept from them."""

from __future__ import annotations

import io
import json
import re
import tarfile
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.traceops.tracing.plugins.module_utils._report import bundle

ROOT = Path(__file__).parents[3]

REPORT: dict[str, Any] = {
    "schema": 2,
    "run": {"settings": {"service": "shop"}, "fail_on": "critical"},
    "verdict": {"status": "problem", "sentence": "nothing listens at http://tempo:4318", "root_causes": []},
    "findings": [],
    "evidence": {
        "hosts": {
            "app01": {
                "settings": {"tempo_url": "http://********@tempo:3200"},
                "applications": {"shop": {"settings": {}, "logs": {"samples": ["login token: ******** ok", "fine"]}}},
                "discover": {"header": "********", "said": ["Authorization: Bearer ********"]},
            },
            "gone": {"unreachable": True, "reason": "no route to host", "applications": {}},
        },
        "backends": {},
    },
}


def text(report: dict[str, Any]) -> str:
    return json.dumps({**report, "findings": list(report["findings"])})


def packed(report: dict[str, Any] | None = None) -> dict[str, Any]:
    """{name: content} of its bundle, parsed where it is JSON; of REPORT without one."""

    def forms(it: Any) -> dict[str, str]:
        return {"report.json": text(it), "report.md": "# no"}

    data = bundle.pack(report or REPORT, forms, {"python": "3.11.7"})
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        names = archive.getnames()
        assert all(name.startswith("tracing-bundle/") for name in names)
        assert {entry.mode for entry in archive.getmembers()} == {0o640}
        texts = {name.split("/", 1)[1]: archive.extractfile(name).read().decode() for name in names}  # type: ignore[union-attr]
    return {name: json.loads(text) if name.endswith(".json") else text for name, text in texts.items()}


def test_it_has_the_reports_the_configuration_and_the_versions() -> None:
    found = packed()
    assert list(found) == ["report.json", "report.md", "configuration.json", "versions.json", "manifest.json"]
    assert found["report.json"] == {**REPORT, "evidence": {**REPORT["evidence"], "run": REPORT["run"]}}
    assert found["configuration.json"]["hosts"]["app01"]["settings"] == {"tempo_url": "http://********@tempo:3200"}
    assert found["versions.json"] == {"python": "3.11.7"}


def test_its_manifest_says_what_was_masked_and_by_which_rule() -> None:
    assert packed()["manifest.json"]["masked"] == [
        {"where": "evidence.hosts.app01.settings.tempo_url", "rule": "credentials in a URL"},
        {
            "where": "evidence.hosts.app01.applications.shop.logs.samples[0]",
            "rule": "the value behind a secret's name",
        },
        {"where": "evidence.hosts.app01.discover.header", "rule": "a value that is secret by its place"},
        {"where": "evidence.hosts.app01.discover.said[0]", "rule": "credentials of a request"},
    ]


def test_a_secret_that_got_so_far_is_masked_and_named() -> None:
    report = {**REPORT, "verdict": {**REPORT["verdict"], "sentence": "password=hunter2 is refused"}}
    found = packed(report)
    assert "hunter2" not in json.dumps(found)
    assert found["manifest.json"]["masked"][0] == {
        "where": "verdict.sentence",
        "rule": "found when the bundle was made",
    }


def test_a_place_is_named_once() -> None:
    """Also where something was masked before, and something else is only now."""
    report = {**REPORT, "verdict": {**REPORT["verdict"], "sentence": "token: ******** and password=hunter2"}}
    places = [each["where"] for each in packed(report)["manifest.json"]["masked"]]
    assert places.count("verdict.sentence") == 1


def test_its_manifest_says_what_is_not_there() -> None:
    left_out = {each["what"]: each["rule"] for each in packed()["manifest.json"]["left_out"]}
    assert left_out["host gone"] == "it was not seen: no route to host"
    assert "diagnose_grafana_token" in left_out
    assert "files of logs" in left_out


def test_its_manifest_has_a_sum_of_each_file() -> None:
    files = {each["name"]: each for each in packed()["manifest.json"]["files"]}
    assert files["report.md"]["bytes"] == 4
    assert len(files["report.json"]["sha256"]) == 64
    assert "manifest.json" not in files


def test_equal_reports_make_equal_bundles() -> None:
    one, two = (bundle.pack(REPORT, lambda it: {"report.json": text(it)}, {}) for _time in range(2))
    assert one == two


def test_more_masks_than_anybody_reads_are_a_number() -> None:
    many = ["********"] * (bundle.MAX_LISTED + 3)
    report = {**REPORT, "evidence": {"hosts": {"app01": {"applications": {}, "headers": many}}, "backends": {}}}
    manifest = packed(report)["manifest.json"]
    assert (len(manifest["masked"]), manifest["masked_besides"]) == (bundle.MAX_LISTED, 3)


def test_what_is_never_kept_is_every_variable_that_has_a_secret() -> None:
    specs = yaml.safe_load((ROOT / "roles/diagnose/meta/argument_specs.yml").read_text(encoding="utf-8"))
    options = specs["argument_specs"]["main"]["options"]
    assert {name for name in options if re.search("password|token|headers|secret", name)} == set(bundle.NEVER_KEPT)
