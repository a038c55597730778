"""The HTML page: what it says, and that nothing in it comes from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

from ansible_collections.traceops.tracing.plugins.module_utils._report import html
from ansible_collections.traceops.tracing.tests.unit.report import reports

VOID = {"meta", "link", "br", "img", "hr", "input", "path", "rect", "circle"}


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
        if tag in VOID:
            return
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def outline(page: str) -> Outline:
    found = Outline()
    found.feed(page)
    assert found.open == []
    return found


def page_of(report: reports.judge.Report) -> str:
    return html.page(report, reports.LIBRARY)


def test_the_page_tells_the_whole_story() -> None:
    page = page_of(reports.of_case("network.otlp.connection-refused"))
    text = outline(page).text
    assert "<h1>nothing listens at http://tempo:4318/v1/traces (connection refused) (on app01)</h1>" in page
    for heading in ("The path of a span", "Root causes", "How far spans get", "Findings", "Not checked"):
        assert f"<h2>{heading}</h2>" in page
    assert "docker ps --filter name=tempo" in text
    assert "fails only because of it" in text
    assert "one span to http://tempo:4318/v1/traces over http/protobuf" in text, "the evidence is told"


def test_links_lead_to_what_the_page_has() -> None:
    page = page_of(reports.of_case("network.otlp.connection-refused"))
    found = outline(page).attributes
    anchors = {value for name, value in found if name == "id"}
    links = {value for name, value in found if name == "href"}
    assert links
    assert {f"#{anchor}" for anchor in anchors} >= links


def test_every_check_is_explained_within_the_page() -> None:
    page = page_of(reports.healthy())
    text = " ".join(outline(page).text.split())
    for check in reports.LIBRARY.checks:
        assert f'id="check-{check.id}"' in page
        assert " ".join(check.question.split()) in text
        assert " ".join(check.matters.split()) in text


def hops(page: str) -> dict[str, str]:
    return {name: state for state, name in re.findall(r'<li class="(\w+)"><a href="#hop-([a-z-]+)">', page)}


def test_the_hops_show_where_it_breaks() -> None:
    broken = hops(page_of(reports.of_case("network.otlp.connection-refused")))
    assert broken["app"] == broken["tempo-query"] == broken["grafana"] == "ok"
    assert broken["network"] == "failed"
    assert broken["tempo-storage"] == "blocked"
    assert hops(page_of(reports.healthy()))["network"] == "ok"


def test_a_hop_without_its_decisive_check_is_not_called_passed() -> None:
    unsaid = reports.document({"settings.service": ""})
    assert hops(page_of(reports.judge.report(unsaid, reports.LIBRARY)))["tempo-query"] == "none"


def test_a_healthy_page_has_no_failure() -> None:
    page = page_of(reports.healthy())
    outline(page)
    assert 'class="finding failed"' not in page
    assert "Root causes" not in page


def test_a_state_is_said_in_words_and_not_by_colour_alone() -> None:
    page = page_of(reports.of_case("network.otlp.connection-refused"))
    marks = re.findall(r'<span class="mark (\w+)"><span aria-hidden="true">(.*?)</span> *(.*?)</span>', page)
    assert marks
    assert all(symbol.strip() and word.strip() for _state, symbol, word in marks)


def test_nothing_is_loaded_and_no_attribute_runs() -> None:
    found = outline(page_of(reports.of_case("network.otlp.connection-refused")))
    assert not {"img", "link", "iframe", "object", "form", "base"} & set(found.tags)
    names = {name for name, _value in found.attributes}
    assert not {name for name in names if name.startswith("on")} | ({"style", "src"} & names)
    assert not [v for name, v in found.attributes if name == "href" and not (v or "").startswith("#")]


def test_the_policy_allows_only_the_style_and_the_script_of_the_page() -> None:
    page = page_of(reports.healthy())
    policy = re.search(r'content="(default-src[^"]*)"', page)
    assert policy
    for tag in ("style", "script"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src &#39;sha256-{digest}&#39;" in policy[1].replace("&#43;", "+")
    assert policy[1].startswith("default-src &#39;none&#39;")


def test_text_from_outside_is_escaped() -> None:
    changes = {
        "tempo_search.suggestions": [reports.HOSTILE],
        "tempo_search.count": 0,
        "settings.service": reports.HOSTILE,
        "grafana.datasource.name": reports.HOSTILE,
    }
    found = outline(page_of(reports.judge.report(reports.document(changes), reports.LIBRARY)))
    assert found.tags.count("script") == 1, "that of the page"
    assert "<script>alert(1)</script>" in found.text
    assert not {"\x1b", "\u202e"} & set(found.text)


def test_data_for_the_script_cannot_end_it() -> None:
    assert html.script_data(["</script>", "\u2028", "a & b"]) == (r'["\u003c/script\u003e","\u2028","a \u0026 b"]')


def test_a_fleet_fits_into_one_page() -> None:
    few, page = (page_of(reports.fleet(count, refused=37, unreachable=2)) for count in (60, 600))
    found = outline(page)
    assert (len(page) - len(few)) / 540 < 100, "characters for another host"
    assert "37 hosts" in found.text


def test_a_step_shows_what_can_be_copied() -> None:
    told = html._step("check whether it is running: docker ps --filter name=tempo; then set OTEL_SDK_DISABLED=false")
    assert told["copied"] == "docker ps --filter name=tempo"
    assert told["segments"] == [
        ("", "check whether it is running: "),
        ("code", "docker ps --filter name=tempo"),
        ("", "; then set "),
        ("word", "OTEL_SDK_DISABLED=false"),
    ]
    assert html._step("gRPC goes to port 4317")["copied"] == ""


def test_what_is_new_since_an_earlier_run() -> None:
    baseline = {
        "file": "old/report.json",
        "finished": "2026-11-27T10:00:00+00:00",
        "new": [{"id": "network.otlp.connection-refused", "where": "app01", "title": "nothing listens", "why": ""}],
        "gone": [],
        "changed": [],
        "unchanged": 3,
    }
    page = page_of({**reports.of_case("network.otlp.connection-refused"), "baseline": baseline})
    assert "1 new, 0 gone, 0 changed, 3 unchanged" in page
    assert "nothing listens (app01)" in page
