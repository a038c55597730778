"""What a run packs for somebody else: they see the same verdict, and no secret."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

from ansible_collections.traceops.tracing.tests.integration.playbook import run_playbook
from ansible_collections.traceops.tracing.tests.lab import Lab

SECRETS = {
    "diagnose_otlp_headers": {"Authorization": "Bearer SENTINEL-header-1"},
    "diagnose_tempo_token": "SENTINEL-tempo-2",
    "diagnose_grafana_token": "SENTINEL-grafana-3",
}


def test_a_bundle_has_the_run_without_its_secrets_and_is_judged_again(tmp_path: Path) -> None:
    # given a run with credentials, against an endpoint that refuses, and its bundle
    with Lab(fault="otlp-refused", directory=tmp_path / "lab") as lab:
        lab.run_app()
        given = {**lab.variables, **SECRETS, "diagnose_grafana_username": "", "diagnose_grafana_password": ""}
        given["diagnose_containers"] = []
        run = run_playbook("diagnose", tmp_path, {**given, "diagnose_bundle": True})
    assert run.root_causes == ["network.otlp.connection-refused", "grafana.access.wrong-credentials"], run.output
    packed = tmp_path / "report/bundle.tar.gz"
    assert str(packed) in run.output
    # then it has every form, and what it does not have is said
    with tarfile.open(packed) as archive:
        texts = {entry.name: archive.extractfile(entry).read().decode() for entry in archive}  # type: ignore[union-attr]
    assert not [name for name, text in texts.items() if "SENTINEL" in text]
    manifest = json.loads(texts["tracing-bundle/manifest.json"])
    names = {each["name"] for each in manifest["files"]}
    assert {"report.json", "report.html", "report.sarif", "configuration.json", "versions.json"} <= names
    assert "diagnose_grafana_token" in {each["what"] for each in manifest["left_out"]}
    assert json.loads(texts["tracing-bundle/versions.json"])["ansible-core"]
    # and who has nothing else sees the same
    elsewhere = tmp_path / "elsewhere"
    again = run_playbook("report", elsewhere, {"report": str(packed)})
    assert again.root_causes == run.root_causes, again.output
    assert again.verdict["sentence"] == run.verdict["sentence"]
