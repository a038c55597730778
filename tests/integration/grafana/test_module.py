"""grafana_datasource_test as a task of a play, against the lab's Grafana."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.tests.integration.tempo.test_modules import play
from ansible_collections.traceops.tracing.tests.lab.grafana_api import Grafana
from ansible_collections.traceops.tracing.tests.lab.grafana_auth import Accounts
from ansible_collections.traceops.tracing.tests.lab.grafana_sources import DataSource
from ansible_collections.traceops.tracing.tests.lab.tempo import Tempo
from ansible_collections.traceops.tracing.tests.servers import closed_port

MODULE = "grafana_datasource_test"
TOKEN, PASSWORD, HEADER = "s3ntinel-t0ken", "s3ntinel-passw0rd", "s3ntinel-header"


@pytest.fixture(scope="module")
def grafana() -> Iterator[Grafana]:
    """A Grafana 13.1 that knows the secrets, with one Tempo."""
    tempo = Tempo()
    accounts = Accounts((13, 1), users={"admin": (PASSWORD, "Admin")}, tokens={TOKEN: "Viewer"})
    server = Grafana("13.1.0-pre", [DataSource(1, "tempo", "Tempo", "tempo", tempo.url)], accounts=accounts)
    yield server
    server.stop()
    tempo.stop()


@pytest.mark.parametrize("mode", [[], ["--check"]], ids=["run", "check mode"])
@pytest.mark.parametrize("user", [{"token": TOKEN}, {"url_username": "admin", "url_password": PASSWORD}])
def test_it_changes_nothing_and_shows_no_secret(
    grafana: Grafana, tmp_path: Path, user: dict[str, t.Any], mode: list[str]
) -> None:
    done = play(tmp_path, {MODULE: {"grafana_url": grafana.url, "headers": {"X-Key": HEADER}, **user}}, *mode)
    result = done.results[MODULE]
    assert (result["changed"], result["ok"], result["cause"]) == (False, True, "ok"), result["message"]
    assert "s3ntinel" not in done.output


def test_a_data_source_that_does_not_work_fails_no_task(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    done = play(tmp_path, {MODULE: {"grafana_url": url, "url_username": "admin", "url_password": PASSWORD}})
    result = done.results[MODULE]
    assert (result["failed"], result["ok"], result["cause"]) == (False, False, "grafana_unreachable")
    assert result["transport"] == "connection_refused"
    assert "s3ntinel" not in done.output


def test_a_bad_option_is_one_sentence_with_the_keys_of_a_success(grafana: Grafana, tmp_path: Path) -> None:
    (tmp_path / "well").mkdir()
    well = play(tmp_path / "well", {MODULE: {"grafana_url": grafana.url, "token": TOKEN}}).results[MODULE]
    result = play(tmp_path, {MODULE: {"grafana_url": grafana.url, "token": TOKEN, "trace_id": "latest"}}).results[
        MODULE
    ]
    assert (result["failed"], result["cause"]) == (True, "bad_option")
    assert result["msg"].startswith("trace_id: 'latest' is not a trace id")
    assert well.keys() <= result.keys()
