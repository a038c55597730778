# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a Grafana listens and which Tempo its files show is read from its settings and provisioning files."""

from __future__ import annotations

import pytest

from ansible_collections.traceops.tracing.tests.unit.path_files.reading import Files, grafana

COMMAND = "grafana server --config=/etc/grafana.ini --homepath /usr/share/grafana"
SOURCES = """
    apiVersion: 1
    datasources:
      - name: Prometheus
        type: prometheus
        url: http://prometheus:9090
      - name: Traces of the shop
        type: tempo
        uid: tempo
        access: proxy
        url: http://${TEMPO}:3200
        basicAuthPassword: hunter2
        secureJsonData:
          httpHeaderValue1: hunter2
"""


def files(settings: str = "") -> Files:
    found = Files(grafana_ini=settings)
    found["/usr/share/grafana/conf/provisioning/datasources/tempo.yaml"] = SOURCES
    found["/usr/share/grafana/conf/provisioning/datasources/README.txt"] = "no YAML"
    return found


def test_settings_are_read_with_the_line_of_the_port() -> None:
    found = grafana(
        files(
            """
            ; made by hand
            [server]
            protocol = https
            http_addr = 127.0.0.1
            http_port = 3033  # behind the proxy
            root_url = %(protocol)s://%(domain)s/grafana/
            serve_from_sub_path = true
            [security]
            admin_password = hunter2
            """
        ),
        COMMAND,
    )
    found.pop("datasources")
    assert found == {
        "protocol": "https",
        "host": "127.0.0.1",
        "port": 3033,
        "path": "/grafana",
        "source": "/etc/grafana.ini:5",
        "unread": [],
    }


def test_only_tempo_data_sources_come_out_with_the_line_of_their_url() -> None:
    assert grafana(files(), COMMAND, {"TEMPO": "mon01"})["datasources"] == [
        {
            "name": "Traces of the shop",
            "uid": "tempo",
            "url": "http://mon01:3200",
            "access": "proxy",
            "source": "/usr/share/grafana/conf/provisioning/datasources/tempo.yaml:10",
        }
    ]


@pytest.mark.parametrize(
    ("command", "environment", "port", "source"),
    [
        (COMMAND, {}, 3000, "/etc/grafana.ini"),
        (COMMAND, {"GF_SERVER_HTTP_PORT": "3001"}, 3001, "environment, GF_SERVER_HTTP_PORT"),
        (
            f"{COMMAND} cfg:server.http_port=3002",
            {"GF_SERVER_HTTP_PORT": "3001"},
            3002,
            "command line, cfg:server.http_port",
        ),
        (f"{COMMAND} cfg:default.server.http_port=3003", {}, 3003, "command line, cfg:default.server.http_port"),
    ],
)
def test_the_command_line_wins_over_variables_and_files(
    command: str, environment: dict[str, str], port: int, source: str
) -> None:
    found = grafana(files("[server]\n"), command, environment)
    assert (found["port"], found["source"]) == (port, source)


def test_the_provisioning_folder_may_lie_elsewhere() -> None:
    elsewhere = files()
    elsewhere["/srv/provisioning/datasources/a.yml"] = "datasources: [{name: T, type: tempo, url: $URL}]\n"
    command = f"{COMMAND} cfg:default.paths.provisioning=/srv/provisioning"
    [source] = grafana(elsewhere, command, {"URL": "https://user:hunter2@tempo.example:443/tempo?key=hunter2"})[
        "datasources"
    ]
    assert source["url"] == "https://tempo.example:443/tempo"
    assert source["source"] == "/srv/provisioning/datasources/a.yml:1"


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("http://$HOST:3200", "http://mon01:3200"),
        ("http://$__env{HOST}:3200", "http://mon01:3200"),
        ("$__file{/run/secrets/url}", "http://mon02:3200"),
        ("http://a$$b:3200", "http://a$b:3200"),
        ("$__vault{secret/url}", ""),
    ],
)
def test_values_are_expanded_as_grafana_does(written: str, url: str) -> None:
    found = Files()
    found["/g/conf/provisioning/datasources/t.yaml"] = f"datasources: [{{type: tempo, name: T, url: '{written}'}}]\n"
    found["/run/secrets/url"] = "http://mon02:3200\n"
    result = grafana(found, "grafana-server -homepath /g", {"HOST": "mon01"})
    assert result["datasources"][0]["url"] == url
    vault = "/g/conf/provisioning/datasources/t.yaml:1: what $__vault{} leads to cannot be followed"
    assert (vault in result["unread"]) == ("vault" in written)


def test_without_anything_the_defaults_count() -> None:
    found = grafana(Files(), "grafana server")
    assert (found["protocol"], found["host"], found["port"], found["path"]) == ("http", "", 3000, "")
    assert (found["datasources"], found["unread"]) == ([], [])


def test_a_container_that_does_not_run_has_the_paths_of_its_image() -> None:
    found = Files(grafana__grafana_ini="[server]\nhttp_port = 3001\n")
    found["/etc/grafana/provisioning/datasources/t.yml"] = (
        "datasources: [{name: T, type: tempo, url: http://tempo:3200}]\n"
    )
    environment = {
        "GF_PATHS_HOME": "/usr/share/grafana",
        "GF_PATHS_CONFIG": "/etc/grafana/grafana.ini",
        "GF_PATHS_PROVISIONING": "/etc/grafana/provisioning",
    }
    result = grafana(found, "/run.sh", environment)
    assert (result["port"], [each["name"] for each in result["datasources"]]) == (3001, ["T"])
