"""How a run of a real SDK is put in one word, and what the figures under the table are."""

from __future__ import annotations

import pytest

from ansible_collections.traceops.tracing.tests.sdks import table
from ansible_collections.traceops.tracing.tests.sdks.states import GRPC, HTTP, STATES

BY_NAME = {state.name: state for state in STATES}
FAILURE = ["Failed to export spans: connection refused"]


def judged(**known: object) -> table.Judged:
    nothing = {"news": [], "twins": [], "accepted": 0, "matched": [], "causes": (), "accused": ()}
    return table.Judged(**{**nothing, **known})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "known", "word"),
    [
        ("healthy", {"accepted": 3}, table.QUIET),
        ("healthy", {"accepted": 3, "accused": ("app.exporter.export-failed",)}, table.ACCUSED),
        ("healthy", {"accepted": 0}, table.NOT_MADE),
        ("other-signals-fail", {"accepted": 3, "causes": ("connection_refused",)}, table.ACCUSED),
        ("refused", {"news": FAILURE, "causes": ("connection_refused",)}, table.NAMED),
        ("refused", {"news": FAILURE, "causes": ("dns_failure",)}, table.WRONG),
        ("refused", {"news": FAILURE, "causes": ("connection_refused", "dns_failure")}, table.WRONG),
        ("refused", {"news": FAILURE, "matched": ["export_failed"]}, table.GENERAL),
        ("refused", {"news": FAILURE, "matched": ["export_failed"], "twins": [BY_NAME["unresolved"]]}, table.VAGUE),
        ("refused", {"news": FAILURE, "twins": [BY_NAME["unresolved"]]}, table.MISSED),
        ("http-to-grpc", {"news": FAILURE, "causes": ("connection_reset",), "twins": [BY_NAME["reset"]]}, table.VAGUE),
        ("refused", {"news": FAILURE, "causes": ("unavailable",)}, table.GENERAL),
        ("503", {"news": FAILURE, "causes": ("unavailable",)}, table.NAMED),
        ("refused", {}, table.SILENT),
        ("no-scheme", {"accepted": 3}, table.ARRIVED),
        ("partial", {"accepted": 3, "news": FAILURE, "causes": ("partial_success",)}, table.NAMED),
    ],
)
def test_a_run_in_one_word(state: str, known: dict[str, object], word: str) -> None:
    assert table.cell(BY_NAME[state], judged(**known)).word == word


def test_news_are_lines_that_a_healthy_log_does_not_have_numbers_aside() -> None:
    healthy = "10:00:01 order 0.1 taken, trace 4bf92f3577b34da6a3ce929d0e0e4736\n"
    log = "11:22:33 order 2.0 taken, trace 00f067aa0ba902b70af7651916cd43dd\n11:22:34 connection refused\n"
    assert table.news(log, healthy) == ["11:22:34 connection refused"]


def test_words_that_other_causes_have_too_name_none() -> None:
    def said(*lines: str) -> frozenset[str]:
        return table.words(lines)

    others = {
        "unresolved": said("error sending request for url (http://collector.invalid:4318/v1/traces)", "retrying"),
        "refused-v6": said("error sending request for url (http://[::1]:4318/v1/traces)"),
        "503": said("503 Service Unavailable"),
    }
    own = said("error sending request for url (http://127.0.0.1:40001/v1/traces)")
    assert table.twins(BY_NAME["refused"], own, others, STATES) == [BY_NAME["unresolved"]]
    assert table.twins(BY_NAME["refused"], said("connection refused (127.0.0.1:40001)"), others, STATES) == []
    assert table.twins(BY_NAME["refused"], said(), others, STATES) == []


@pytest.mark.parametrize(
    ("words", "good"),
    [
        ([table.NAMED] * 19 + [table.GENERAL, table.QUIET, table.SILENT, table.VAGUE, table.ARRIVED], True),
        ([table.NAMED] * 18 + [table.MISSED], False),
        ([table.NAMED, table.ACCUSED], False),
        ([table.NAMED, table.NOT_MADE], False),
    ],
)
def test_enough_is_named_and_nobody_is_accused(words: list[str], good: bool) -> None:
    assert table.figures(table.Cell(word) for word in words).good is good


def test_the_table_has_a_line_for_each_state_and_protocol_and_says_what_its_words_mean() -> None:
    cells = {
        ("go-1.47.0", "refused", GRPC): table.Cell(table.NAMED, "connection_refused"),
        ("go-1.47.0", "refused", HTTP): table.Cell(table.MISSED, "traces export: ..."),
        ("rust-0.33.1", "refused", HTTP): table.Cell(table.SILENT),
    }
    assert table.lines(cells, ["go-1.47.0", "rust-0.33.1"], STATES) == [
        "state                over  go-1.47.0 rust-0.33.1",
        "refused              grpc  named     -",
        "refused              http  MISSED    silent",
        "",
        "named     the cause is named",
        "MISSED    the log speaks of the failure, and nothing is found",
        "silent    the SDK prints nothing about the failure",
    ]
    assert table.exceptions(cells) == ["MISSED   go-1.47.0 refused http/protobuf: traces export: ..."]
