"""Hostile text in the evidence is harmless in every form of a report: one test for each."""

from __future__ import annotations

import copy
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import document as evidence
from ansible_collections.traceops.tracing.plugins.module_utils._report import (
    console,
    html,
    junit,
    markdown,
    prometheus,
    sarif,
    write,
)
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import judge
from ansible_collections.traceops.tracing.tests.unit.checks.cases import BACKEND, HOST, cases, document
from ansible_collections.traceops.tracing.tests.unit.report import reports

TEXTS = {
    "script": "<script>alert(1)</script>",
    "attribute": '"onload=alert(2) x="',
    "cdata": "]]><b>",
    "template": "{{ 7*7 }}{% raw %}",
    "colour": "\x1b[31mred\x1b[0m",
    "title": "\x1b]0;owned\x07\x9b31m",
    "direction": "\u202eabc\u2066\u200f",
    "nul": "a\x00b",
    "markdown": "[x](javascript:alert(3)) `#` |",
    "line": "x\r\n# HELP y\ntraceops_status 1",
    "lone surrogate": "\ud800",
}
ALL = " ".join(TEXTS.values())
MOVES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


@pytest.fixture(scope="module")
def report() -> judge.Report:
    """Two hosts, one with a hostile name, with all of it in whatever others can write; one line of a log has 1 MB."""
    changes = copy.deepcopy(cases()["app.exporter.export-failed"]["fails"])
    seen = document(changes)
    _spoil(seen["hosts"][HOST])
    _spoil(seen["backends"][BACKEND]["grafana"])
    refused = document(cases()["network.otlp.connection-refused"]["fails"])["hosts"][HOST]
    refused["otlp"] = refused["applications"][next(iter(refused["applications"]))]["otlp"]
    _spoil(refused)
    hosts = {HOST: seen["hosts"][HOST], ALL: refused}
    backend = seen["backends"][BACKEND]
    backend["hosts"] = list(hosts)
    del backend["applications"]
    backend["tempo_search"].update(count=0, traces=[], suggestions=[ALL])
    seen["run"]["settings"]["service"] = ALL
    return judge.report(evidence.build(hosts, {BACKEND: backend}, seen["run"]), reports.LIBRARY)


# What programs, logs and servers say, wherever it is in the evidence.
SPOILED = {
    "message",
    "text",
    "name",
    "command",
    "unit",
    "container",
    "image",
    "service",
    "body_excerpt",
    "address",
    "user",
}


def _spoil(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        for name, each in value.items():
            # A program's own name keeps the drawing whole: it is in the ids of nodes as well.
            value[name] = _spoil(each, name)
        return value
    if isinstance(value, list):
        return [_spoil(each, key) for each in value]
    if isinstance(value, str) and key in SPOILED and value:
        return f"{value} {ALL}" + ("y" * 1_000_000 if key == "text" else "")
    return value


class _Page(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.names: set[str] = set()
        self.targets: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.names |= {name for name, _value in attrs}
        self.targets += [value or "" for name, value in attrs if name in ("href", "src", "action")]


def test_html(report: judge.Report) -> None:
    text = html.page(report, reports.LIBRARY)
    page = _Page(text)
    assert page.tags.count("script") == 2, "the page's own, and its data"
    assert "b" not in page.tags
    assert not {name for name in page.names if name.startswith("on")}
    assert all(target.startswith("#") for target in page.targets)
    assert "{{ 7*7 }}" in text, "it is no template"
    assert not MOVES.search(text)
    assert len(text) < 3_000_000, "a long line is cut"
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert any("alert(1)" in name for name in json.loads(data)["names"])
    text.encode("utf-8", "replace")


def test_markdown(report: judge.Report) -> None:
    text = markdown.page(report)
    assert not re.search(r"(?<!\\)<script|(?<!\\)\]\(javascript", text)
    assert not MOVES.search(text)
    assert max(map(len, text.splitlines())) < 20_000


def test_junit(report: judge.Report) -> None:
    text = junit.page(report)
    tree = ET.fromstring(text.encode("utf-8"))
    assert {each.tag for each in tree.iter()} <= {
        "testsuites", "testsuite", "testcase", "failure", "skipped", "system-out", "properties", "property",
    }  # fmt: skip
    assert not MOVES.search(text)
    assert len(text) < 3_000_000


def test_prometheus(report: judge.Report) -> None:
    line = re.compile(r'(?:# (?:HELP|TYPE) traceops_\w+ .*|traceops_\w+(?:\{(?:\w+="(?:[^"\\\n]|\\.)*",?)*\})? \S+)')
    lines = prometheus.page(report).splitlines()
    assert lines
    assert not [each for each in lines if not line.fullmatch(each)]
    assert not MOVES.search("".join(lines))


def test_json(report: judge.Report) -> None:
    text = write.text(report)
    assert json.loads(text)["verdict"] == json.loads(json.dumps(report["verdict"]))
    said = json.dumps([report["verdict"], [{k: f[k] for k in ("title", "reason")} for f in report["findings"]]])
    assert not MOVES.search("".join(_texts(json.loads(said)))), "what is made for people is clean"


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [value] if isinstance(value, str) and ALL not in value else []  # a host is called as it is called


def test_sarif(report: judge.Report) -> None:
    text = json.dumps(json.loads(sarif.page(report, reports.LIBRARY)), ensure_ascii=False)
    assert len(text) < 5_000_000


@pytest.mark.parametrize("utf8", [True, False])
def test_console(report: judge.Report, utf8: bool) -> None:
    text = console.page(report, utf8=utf8, verbose=True)
    assert "alert(1)" in text
    assert not MOVES.search(text)
    assert max(map(len, text.splitlines())) < 2_000
    assert not re.search(r"^traceops_status", text, re.MULTILINE)
