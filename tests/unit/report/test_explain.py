"""What the playbook `explain` prints."""

from __future__ import annotations

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._report import explain
from ansible_collections.traceops.tracing.tests.unit.report import reports

CHECKS = reports.LIBRARY


def told(pattern: str) -> str:
    return explain.told(explain.found(CHECKS, pattern), lambda check_id: f"https://docs/#{check_id}")


def test_a_check_is_told_as_a_whole() -> None:
    page = told("network.otlp.connection-refused")
    heads = [line for line in page.splitlines() if not line.startswith(" ")]
    assert heads == [
        "network.otlp.connection-refused", "when it fails", "what it means", "why it matters", "how to fix it",
        "example", "fails when", "looks at", "then these fail, too", "see also", "page",
    ]  # fmt: skip
    assert "  Does something listen at the OTLP endpoint? (critical; once for each application)" in page
    assert "  https://docs/#network.otlp.connection-refused" in page
    assert "1. set {otlp.passes_with}, where the same span was accepted with it" in page


def test_no_check_is_told_in_the_language_of_conditions() -> None:
    for check in CHECKS.checks:
        page = explain.told([check], lambda check_id: "")
        words = page.partition("\nfails when\n")[0]
        assert "not_null(" not in words, check.id
        assert "passes_with &&" not in words, check.id
        assert "\npage" not in page


@pytest.mark.parametrize("pattern", ["network", "network.", "network.*", "network*"])
def test_a_prefix_lists_what_is_below_it(pattern: str) -> None:
    ids = [check.id for check in explain.found(CHECKS, pattern)]
    assert ids == [check.id for check in CHECKS.checks if check.id.startswith("network.")]
    page = told(pattern)
    assert page.startswith("network\n  network.")
    assert page.endswith(f"{len(ids)} checks; -e id=ID tells one of them as a whole")


@pytest.mark.parametrize("pattern", ["", "*"])
def test_without_an_id_all_are_listed(pattern: str) -> None:
    page = told(pattern)
    assert all(f"\n  {check.id}\n      {check.question[:20]}" in page for check in CHECKS.checks)


@pytest.mark.parametrize(
    ("pattern", "nearest"),
    [
        ("network.otlp.connection-refusd", "network.otlp.connection-refused"),
        ("otlp.connection-refused", "network.otlp.connection-refused"),
        ("nework", "network"),
        ("Network.OTLP.Connection-Refused", "network.otlp.connection-refused"),
        ("tempo-ingst", "tempo-ingest"),
    ],
)
def test_a_slip_is_told_the_nearest(pattern: str, nearest: str) -> None:
    assert explain.found(CHECKS, pattern) == []
    assert explain.nearest(CHECKS, pattern) == f"no check '{pattern}'; the nearest is {nearest}"


def test_what_is_like_nothing_is_told_how_to_see_all() -> None:
    assert explain.nearest(CHECKS, "%%%") == "no check '%%%'; without an id all are listed"
