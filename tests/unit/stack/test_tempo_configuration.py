"""Tempo's configuration for each version and variant: as agreed in golden/, and of known keys only.

`UPDATE_GOLDEN=1 make unit ARGS=tests/unit/stack` writes the files anew into the exported tree; copy what is meant.
"""

from __future__ import annotations

import os
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.traceops.tracing.tests.lab.container import tempo_config
from ansible_collections.traceops.tracing.tests.unit.stack.cases import CASES, VARIANTS, VERSIONS, settings
from ansible_collections.traceops.tracing.tests.unit.stack.rendering import render

GOLDEN = Path(__file__).parent / "golden"


def rendered(version: str, variant: str, **more: t.Any) -> str:
    text = render("__stack_tempo_text", **settings(version, variant), **more)
    assert isinstance(text, str)
    return text


@pytest.mark.parametrize(("version", "variant"), CASES)
def test_the_configuration_is_the_agreed_one(version: str, variant: str) -> None:
    golden = GOLDEN / f"tempo-{version}-{variant}.yml"
    text = rendered(version, variant)
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_every_golden_file_belongs_to_a_case() -> None:
    assert {file.name for file in GOLDEN.iterdir()} == {f"tempo-{version}-{variant}.yml" for version, variant in CASES}


@pytest.mark.parametrize(("version", "variant"), CASES)
def test_the_version_knows_every_key(version: str, variant: str) -> None:
    # 2.7 was not recorded; what both its neighbours know, it knows.
    neighbours = ("2.3.1", "2.10.8") if version == "2.7.2" else (version,)
    for known in neighbours:
        assert tempo_config.refusals(rendered(version, variant), known) == []


@pytest.mark.skipif("TEMPO_BIN" not in os.environ, reason="for a real Tempo: TEMPO_BIN names none")
@pytest.mark.parametrize(("version", "variant"), CASES)
def test_the_real_program_takes_it(version: str, variant: str, tmp_path: Path) -> None:
    program = os.environ["TEMPO_BIN"]
    said = subprocess.run([program, "-version"], check=True, capture_output=True, text=True)
    if version.rpartition(".")[0] not in said.stdout + said.stderr:
        pytest.skip(f"TEMPO_BIN is not of {version}")
    file = tmp_path / "tempo.yml"
    file.write_text(rendered(version, variant), encoding="utf-8")
    done = verified(program, file)
    taken = 1 if version.startswith("2.3.") else 0  # 2.3 ends the wrong way round
    assert (done.returncode, done.stdout, done.stderr) == (taken, "", "")


def verified(program: str, file: Path) -> subprocess.CompletedProcess[str]:
    """What the program says of `file`, asked as the role asks it."""
    (command,) = [part["verify"]["command"] for part in render("__stack_components") if part["key"] == "tempo"]
    words = [word.replace("/etc/tempo/tempo.yml", str(file)) for word in command]
    return subprocess.run([program, *words], check=False, capture_output=True, text=True)


@pytest.mark.skipif("TEMPO_BIN" not in os.environ, reason="for a real Tempo: TEMPO_BIN names none")
def test_the_real_program_names_its_warning_also_where_it_would_log_errors_only(tmp_path: Path) -> None:
    program = os.environ["TEMPO_BIN"]
    said = subprocess.run([program, "-version"], check=True, capture_output=True, text=True)
    (version,) = [known for known in VERSIONS if known in said.stdout + said.stderr]
    given = {"stack_tempo": {"version": version, "log_level": "error", "retention": "1m"}}
    file = tmp_path / "tempo.yml"
    file.write_text(str(render("__stack_tempo_text", **given)), encoding="utf-8")
    assert "CONFIGURATION WARNINGS" in verified(program, file).stderr


def test_version_2_configuration_is_refused_by_version_3_as_the_real_one_does() -> None:
    # given what 2.10 takes, when 3.0 reads it, then it names the keys that are gone
    refused = tempo_config.refusals(rendered("2.10.8", "single"), "3.0.3")
    assert [line.partition(": ")[2] for line in refused] == [
        "field ingester not found in type app.Config",
        "field compactor not found in type app.Config",
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_receivers_are_reached_from_outside_the_container(version: str) -> None:
    protocols = yaml.safe_load(rendered(version, "single"))["distributor"]["receivers"]["otlp"]["protocols"]
    assert protocols == {"grpc": {"endpoint": "0.0.0.0:4317"}, "http": {"endpoint": "0.0.0.0:4318"}}


def test_settings_of_the_user_win_and_the_rest_stays() -> None:
    extra = {
        "query_frontend": {"search": {"max_duration": "48h", "concurrent_jobs": 5}},
        "server": {"log_level": "debug"},
    }
    config = yaml.safe_load(rendered("3.0.3", "single", stack_tempo_config_extra=extra))
    assert config["query_frontend"]["search"] == {"max_duration": "48h", "concurrent_jobs": 5}
    assert config["server"] == {"http_listen_port": 3200, "log_level": "debug"}


def test_a_secret_key_of_any_text_arrives_as_it_is() -> None:
    config = yaml.safe_load(rendered("2.10.8", "s3"))
    assert config["storage"]["trace"]["s3"]["secret_key"] == VARIANTS["s3"]["stack_s3_secret_key"]


def test_behind_a_collector_tempo_has_no_tls() -> None:
    given = {**settings("3.0.3", "tls"), "stack_collector": {"enabled": True}}
    config = yaml.safe_load(render("__stack_tempo_text", **given))
    assert "tls" not in str(config["distributor"])
