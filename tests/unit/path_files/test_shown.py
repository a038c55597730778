# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be shown of an address, of names and of a command line."""

from __future__ import annotations

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.nodes import Node
from ansible_collections.traceops.tracing.plugins.module_utils._otel import file_reading as shown


@pytest.mark.parametrize(
    ("written", "visible"),
    [
        ("tempo:4317", "tempo:4317"),
        ("https://tempo.example/otlp/v1/traces", "https://tempo.example/otlp/v1/traces"),
        ("https://user:pass@tempo:4318/x?key=1#y", "https://tempo:4318/x"),
        ("https://user:pa/ss@tempo:4318", "https://tempo:4318"),
        ("https://tempo/path@x", "https://tempo"),
        ("user:half", "user"),
        ("dns:///tempo:4317", "dns:///tempo:4317"),
        ("[::1]:4317", "[::1]:4317"),
        ("::", "::"),
        ("tempo:${PORT}", "tempo:${PORT}"),
        ("tempo:4317\nX: y", "tempo"),
    ],
)
def test_an_address_is_shown_without_what_may_be_secret(written: str, visible: str) -> None:
    assert shown.shown_endpoint(written) == visible


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("0.0.0.0:4317", "0.0.0.0", 4317),
        (":4317", "", 4317),
        ("[::]:4317", "::", 4317),
        ("::", "::", 1),
        ("localhost", "localhost", 1),
        ("http://127.0.0.1:4318/x", "127.0.0.1", 4318),
        ("tempo:99999", "tempo", None),
        ("two words", "", None),
    ],
)
def test_host_and_port_of_an_address(address: str, host: str, port: int | None) -> None:
    assert shown.listening(address, 1) == (host, port)


def test_names_of_headers_come_out_of_mappings_and_lists() -> None:
    mapping = Node({"X-Scope-OrgID": Node("a"), "Bearer abc": Node("b")})
    listed = Node([Node({"name": Node("x-api-key"), "value": Node("c")}), Node("d")])
    assert shown.header_names(mapping) == ["X-Scope-OrgID"]
    assert shown.header_names(listed) == ["x-api-key"]
    assert shown.header_names(Node("text")) == []


def test_options_are_found_in_all_their_forms() -> None:
    words = ["x", "--config", "a", "-config=b", "--config=c=d", "--other", "e", "--", "--config=f"]
    assert shown.options(words, "config") == ["a", "b", "c=d"]
    assert shown.flag(["x", "-a", "--b=false", "--c=TRUE"], "a") is True
    assert shown.flag(["x", "-a", "--b=false", "--c=TRUE"], "b") is False
    assert shown.flag(["x"], "a") is None


@pytest.mark.parametrize(
    ("name", "pattern", "fits"),
    [
        ("v1_traces", "*", True),
        ("v1_traces", "v1*s", True),
        ("v1_traces", "*_*", True),
        ("v1", "v1*1", False),
        ("a", "b", False),
        ("", "*", True),
        ("aXbXc", "a*X*c", True),
    ],
)
def test_wildcards(name: str, pattern: str, fits: bool) -> None:
    assert shown.is_like(name, pattern) == fits
