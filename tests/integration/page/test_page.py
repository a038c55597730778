"""report.html in a browser: what it shows, how it is used, and that everybody can use it."""

from __future__ import annotations

import os
import re
import typing as t
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.tests.integration import docker_engine
from ansible_collections.traceops.tracing.tests.integration.page import browser as browsers
from ansible_collections.traceops.tracing.tests.integration.page import samples
from ansible_collections.traceops.tracing.tests.integration.page.browser import NARROW, WIDE, Browser
from ansible_collections.traceops.tracing.tests.integration.page.samples import Sample

NAMES = ("one", "fifty", "thousands")
MAX_BYTES = 8 * 1024 * 1024
SCREENSHOTS = Path(os.environ.get("TRACEOPS_SCREENSHOTS", docker_engine.CACHE / "screenshots"))


@pytest.fixture(scope="module")
def browser() -> t.Iterator[Browser]:
    with browsers.running() as running:
        yield running


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sample]:
    directory = tmp_path_factory.mktemp("pages")
    return {name: samples.written(name, directory) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("look", "size", "dark"), [("light", WIDE, False), ("dark", WIDE, True), ("narrow", NARROW, False)]
)
def test_it_opens_without_an_error_and_fits(
    name: str, look: str, size: tuple[int, int], dark: bool, browser: Browser, pages: dict[str, Sample]
) -> None:
    browser.open(pages[name].path, size, dark)
    browser.picture(SCREENSHOTS / f"{name}-{look}.png")
    assert browser.errors == []
    assert browser.run("performance.getEntriesByName('ready').length") == 1
    assert browser.run("document.scrollingElement.scrollWidth") <= size[0], "nothing but frames scrolls sideways"


def test_five_thousand_hosts_fit_into_eight_mebibytes(pages: dict[str, Sample]) -> None:
    assert pages["thousands"].path.stat().st_size <= MAX_BYTES


@pytest.mark.parametrize("name", NAMES)
def test_the_drawing_has_every_program_and_edge_of_the_evidence(
    name: str, browser: Browser, pages: dict[str, Sample]
) -> None:
    path = pages[name].report["path"]
    browser.open(pages[name].path)
    assert summed(browser, "nodes") == len(path["nodes"])
    assert summed(browser, "edges") == sum(len(edges) for edges in path["edges"].values())
    named = browser.run("[...document.querySelectorAll('.drawing [data-node]')].map(each => each.dataset.node)")
    assert set(named) <= set(path["nodes"])
    if name == "one":
        assert sorted(named) == sorted(path["nodes"]), "few programs have a box each"
        keys = browser.run("[...document.querySelectorAll('.drawing [data-edge]')].map(each => each.dataset.edge)")
        wanted = [f"{e['origin']} > {e['to'] or e['address']}" for edges in path["edges"].values() for e in edges]
        assert sorted(keys) == sorted(wanted)


def summed(browser: Browser, what: str) -> int:
    """How many programs or edges the drawing stands for."""
    found = browser.run(f"[...document.querySelectorAll('.drawing [data-{what}]')].map(e => Number(e.dataset.{what}))")
    return sum(found)


@pytest.mark.parametrize("name", NAMES)
def test_no_text_of_the_drawing_lies_over_another(name: str, browser: Browser, pages: dict[str, Sample]) -> None:
    browser.open(pages[name].path)
    over = browser.run("""(() => {
        const every = [...document.querySelectorAll(".drawing svg text")];
        const texts = every.map(e => [e.textContent, e.getBoundingClientRect()]);
        const over = [];
        texts.forEach(([a, x], n) => texts.slice(n + 1).forEach(([b, y]) => {
            const beside = x.left >= y.right - 1 || y.left >= x.right - 1;
            if (!beside && x.top < y.bottom - 2 && y.top < x.bottom - 2) over.push([a, b]);
        }));
        return over;
    })()""")
    assert over == []


def rows(browser: Browser) -> list[int]:
    """[rows, of all, checks, of all] as the matrix says."""
    said = browser.run("document.querySelector('#matrix .meta').textContent")
    return [int(number) for number in re.findall(r"\d+", said)]


def choose(browser: Browser, label: str, value: str) -> None:
    browser.run(f"""(() => {{
        const labels = [...document.querySelectorAll("#matrix label")];
        const select = labels.find(e => e.firstChild.textContent === {label!r}).querySelector("select");
        select.value = {value!r};
        select.dispatchEvent(new Event("change"));
    }})()""")


def active(browser: Browser) -> t.Any:
    return browser.run("[document.activeElement.dataset.row, document.activeElement.dataset.column].map(Number)")


@pytest.mark.parametrize("name", ["fifty", "thousands"])
def test_the_matrix_is_searched_filtered_and_sorted(name: str, browser: Browser, pages: dict[str, Sample]) -> None:
    browser.open(pages[name].path)
    everything = rows(browser)
    assert everything[0] == everything[1] == {"fifty": 50, "thousands": 5000}[name]
    first = "document.querySelector('#matrix tbody [role=rowheader]').textContent"
    # Search: / goes there, Esc takes it back.
    browser.press("/", "/")
    assert browser.run("document.activeElement.type") == "search"
    browser.type("app03" if name == "fifty" else "app0037")
    assert rows(browser)[0] == 1
    assert browser.run(first) in ("app03", "app0037")
    browser.press("Escape")
    assert rows(browser) == everything
    # Filter: by state, then by hop as well.
    choose(browser, "State", "F")
    failing = rows(browser)
    assert 0 < failing[0] < everything[0]
    assert failing[2] < everything[2]
    assert browser.run("document.querySelectorAll('#matrix tbody td.failed').length") > 0
    choose(browser, "Hop", browser.run("[...document.querySelectorAll('#matrix select')][1].options[1].value"))
    assert rows(browser)[0] <= failing[0]
    browser.press("Escape")
    assert rows(browser) == everything
    # Sort: the worst first, or by name.
    assert browser.run("document.querySelector('#matrix tbody tr:not(.pad) td.failed') !== null")
    choose(browser, "Sort", "name")
    assert browser.run(first) == ("app00" if name == "fifty" else "app0000")


@pytest.mark.parametrize("name", ["fifty", "thousands"])
def test_the_matrix_is_walked_with_the_keyboard(name: str, browser: Browser, pages: dict[str, Sample]) -> None:
    browser.open(pages[name].path)
    last_row, last_column = rows(browser)[0] - 1, rows(browser)[2]
    browser.run("document.querySelector('#matrix [tabindex=\"0\"]').focus()")
    assert active(browser) == [0, 0]
    for key, place in (
        ("ArrowRight", [0, 1]), ("ArrowDown", [1, 1]), ("ArrowUp", [0, 1]), ("End", [0, last_column]), ("Home", [0, 0]),
        ("ArrowUp", [-1, 0]), ("ArrowDown", [0, 0]),
    ):  # fmt: skip
        browser.press(key)
        assert active(browser) == place, key
    browser.press("PageDown")
    assert 3 < active(browser)[0] <= last_row
    browser.press("End", control=True)
    assert active(browser) == [last_row, last_column]
    assert browser.run("document.querySelectorAll('#matrix tbody tr').length") < 100, "only what is seen is drawn"
    assert browser.run("document.querySelectorAll('#matrix [tabindex=\"0\"]').length") == 1
    # Enter in a cell opens what its check means.
    browser.press("Enter")
    browser.wait("location.hash && document.getElementById(location.hash.slice(1)).open")


def test_hostile_names_and_texts_run_nothing(browser: Browser, tmp_path: Path) -> None:
    text = (
        '</script><script>document.title = "run"</script><img src=x onerror="document.title = 1">{{ 7*7 }}\u2028\u202e'
    )
    path = samples.page(samples.fifty(text), tmp_path / "hostile.html")
    browser.open(path)
    assert browser.errors == []
    assert browser.run("document.title") == "Tracing: Problem"
    assert browser.run("document.querySelectorAll('img').length") == 0
    browser.press("/", "/")
    browser.type("</script><script>")
    assert rows(browser)[0] == 1
    assert "</script><script>" in browser.run("document.querySelector('#matrix').textContent")


def test_a_link_opens_what_is_folded(browser: Browser, pages: dict[str, Sample]) -> None:
    browser.open(pages["one"].path, fragment="#check-network.otlp.connection-refused")
    assert browser.run("document.getElementById('check-network.otlp.connection-refused').open") is True


def test_steps_of_a_fix_can_be_copied(browser: Browser, pages: dict[str, Sample]) -> None:
    browser.open(pages["one"].path)
    step = "[data-copy] .copy"
    assert browser.run(f"document.querySelector('{step}').closest('li').dataset.copy").startswith("docker ps")
    browser.run(f"document.querySelector('{step}').click()")
    browser.wait("document.getElementById('said').textContent === 'Copied'")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(name: str, dark: bool, browser: Browser, pages: dict[str, Sample]) -> None:
    browser.open(pages[name].path, dark=dark)
    browser.run("document.querySelectorAll('details.finding').forEach(each => { each.open = true; }), 0")
    browser.inject(browsers.axe())
    found = browser.run("""axe.run(document, {resultTypes: ["violations"]}).then(result => result.violations.map(
        each => each.id + ": " + each.nodes.slice(0, 3).map(node => node.html.slice(0, 200)).join(" | ")))""")
    assert found == []


@pytest.mark.parametrize("name", NAMES)
def test_without_scripting_everything_is_there(name: str, browser: Browser, pages: dict[str, Sample]) -> None:
    sample = pages[name]
    browser.open(sample.path, scripting=False)
    text = browser.text()
    assert name == "one" or 'id="matrix" hidden' in text
    for cause in sample.report["verdict"]["root_causes"]:
        assert escaped(cause["title"]) in text
        assert escaped(cause["cause"]) in text
    for finding in sample.report["findings"]:
        assert finding["id"] in text
    if name == "thousands":
        assert all(f"app{n:04}" in text for n in range(5000))
    browser.picture(SCREENSHOTS / f"{name}-no-script.png")


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def test_printed_it_is_unfolded_and_has_no_buttons(browser: Browser, pages: dict[str, Sample]) -> None:
    browser.open(pages["fifty"].path, media="print")
    assert browser.run("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert browser.run("getComputedStyle(document.querySelector('.copy')).display") == "none"
    assert browser.run("getComputedStyle(document.querySelector('.fixed')).display") == "block"
    browser.run("dispatchEvent(new Event('beforeprint')), 0")
    assert browser.run("document.querySelectorAll('details:not([open])').length") == 0
    browser.run("dispatchEvent(new Event('afterprint')), 0")
    assert browser.run("document.querySelectorAll('details:not([open])').length") > 0
