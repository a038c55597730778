"""report.html: safe to open, and readable with thousands of hosts."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

from ansible_collections.traceops.tracing.plugins.module_utils._report import html
from ansible_collections.traceops.tracing.tests.unit.report import reports

VOID = {"meta", "link", "br", "img", "hr"}


class Outline(HTMLParser):
    """Collects tags and text; an element that is not closed where it should be is an error."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def outline(page: str) -> Outline:
    found = Outline()
    found.feed(page)
    assert found.open == []
    return found


def test_the_page_tells_the_whole_story() -> None:
    page = html.page(reports.of_case("network.otlp.connection-refused"))
    text = outline(page).text
    assert "problem: nothing listens at http://tempo:4318/v1/traces (connection refused) (on app01)" in text
    for heading in ("The path of a span", "Root causes", "Findings", "Not checked", "Hosts"):
        assert f"<h2>{heading}</h2>" in page
    assert '<li class="failed"><a href="#network">network</a>: failed</li>' in page
    assert "look whether it runs: docker ps --filter name=tempo" in text
    assert "Fails only because of it" in text
    assert '"otlp.phases.tcp.ok": false' in text, "the evidence is quoted"


def ladder(page: str) -> dict[str, str]:
    return dict(re.findall(r'<li class="\w+"><a href="#[a-z-]+">([a-z-]+)</a>: ([a-z ]+)</li>', page))


def test_the_path_shows_where_it_breaks() -> None:
    broken = ladder(html.page(reports.of_case("network.otlp.connection-refused")))
    assert broken["app"] == broken["tempo-query"] == broken["grafana"] == "passed"
    assert broken["network"] == "failed"
    assert broken["tempo-storage"] == "behind the fault"
    assert ladder(html.page(reports.healthy()))["network"] == "passed"


def test_a_hop_without_its_decisive_check_is_not_called_passed() -> None:
    unsaid = reports.document({"settings.service": ""})
    assert ladder(html.page(reports.judge.report(unsaid, reports.LIBRARY)))["tempo-query"] == "not checked"


def test_a_healthy_page_has_no_failure() -> None:
    page = html.page(reports.healthy())
    outline(page)
    assert 'class="failed"' not in page
    assert "Root causes" not in page


def test_nothing_is_loaded_and_nothing_runs() -> None:
    found = outline(html.page(reports.of_case("network.otlp.connection-refused")))
    assert not {"script", "img", "link", "iframe", "object", "form"} & set(found.tags)
    names = {name for name, _value in found.attributes}
    assert not {name for name in names if name.startswith("on")} | ({"style", "src"} & names)


def test_the_policy_allows_only_the_style_of_the_page() -> None:
    page = html.page(reports.healthy())
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in page


def test_text_from_outside_is_escaped() -> None:
    changes = {
        "tempo_search.suggestions": [reports.HOSTILE],
        "tempo_search.count": 0,
        "settings.service": reports.HOSTILE,
        "grafana.datasource.name": reports.HOSTILE,
    }
    found = outline(html.page(reports.judge.report(reports.document(changes), reports.LIBRARY)))
    assert "script" not in found.tags
    assert "<script>alert(1)</script>" in found.text


def test_a_fleet_fits_into_one_page() -> None:
    few, page = (html.page(reports.fleet(count, refused=37, unreachable=2)) for count in (60, 600))
    found = outline(page)
    assert (len(page) - len(few)) / 540 < 400, "characters for another host"
    assert "37 hosts" in found.text
    assert found.tags.count("tr") < 60, "hosts with equal outcomes share a row"
