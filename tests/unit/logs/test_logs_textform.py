"""Damaged text: what a line looks like after repair, and in which bytes it may stand in a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs import textform
from ansible_collections.traceops.tracing.tests.unit.logs.looking import look

LINE = "🔍 Injecting ✅ done ⚠️ – \u201cquoted\u201d"


@pytest.mark.parametrize("codec", ["mac_roman", "latin-1"])
def test_symbols_misread_by_a_codec_are_restored(codec: str) -> None:
    garbled = LINE.encode().decode(codec)
    assert garbled != LINE
    assert textform.text_of(garbled.encode()) == LINE


def test_symbols_misread_as_windows_1252_are_restored() -> None:
    garbled = "ðŸ\u201d\x8d Injecting âœ… done"
    assert textform.text_of(garbled.encode()) == "🔍 Injecting ✅ done"


@pytest.mark.parametrize(
    "text", ["Größe über \u201cäöü\u201d", "déjà vu – naïve", "\u201asingle\u2018 quotes", "日本語 русский", "√ × ≈"]
)
def test_text_that_is_right_stays_as_it_is(text: str) -> None:
    assert textform.text_of(text.encode()) == text


def test_colours_are_removed_even_in_the_middle_of_a_word() -> None:
    assert textform.text_of(b"\x1b[1;32mOpen\x1b[0mTelemetry\x1b]0;title\x07 up") == "OpenTelemetry up"


def test_what_tput_and_terminals_write_is_removed_too() -> None:
    """`tput sgr0` is a choice of characters and a colour; then saved cursors, keypads, a link."""
    raw = b"Open\x1b(B\x1b[mTele\x1b7me\x1b>try \x1b]8;;http://x\x1b\\here\x1b]8;;\x1b\\"
    assert textform.text_of(raw) == "OpenTelemetry here"


def test_an_escape_sequence_does_not_reach_into_the_next_line() -> None:
    assert textform.text_of(b"a \x1b]0;never closed\nnext\n").split("\n")[1] == "next"


def test_bytes_that_are_not_utf8_and_carriage_returns() -> None:
    assert textform.text_of(b"ab\xff\xfecd\r\nx\ry\n") == "ab\ufffd\ufffdcd\nx\ry\n"


@given(st.lists(st.binary(max_size=40).map(lambda raw: raw.replace(b"\n", b"")), max_size=8))
def test_a_line_does_not_depend_on_its_neighbours(lines: list) -> None:
    together = textform.text_of(b"".join(line + b"\n" for line in lines))
    assert together == "".join(textform.text_of(line + b"\n") for line in lines)


@pytest.mark.parametrize("char", ["🔍", "✅", "é", "„", "\ufe0f"])
def test_every_form_that_becomes_a_character_is_looked_for(char: str) -> None:
    for form in textform.forms_of(char):
        text = textform.text_of(form)
        assert text == char or form != char.encode()
    misread = [char.encode(), char.encode().decode("latin-1").encode(), char.encode().decode("mac_roman").encode()]
    assert [form for form in misread if textform.text_of(form) == char and form not in textform.forms_of(char)] == []


def test_what_is_shown_is_one_clean_line_of_bounded_length() -> None:
    assert textform.shown("a\x00b\x1b[31mc\u202ed\n", redact=True) == "abcd"
    long = textform.shown("x" * 5000, redact=True)
    assert len(long) == 1000
    assert long.endswith("…")


# The debugging guide's own commands, as pages and terminals show them to who copies them.
@pytest.mark.parametrize(
    "copied",
    [
        "🔍.*span",
        "🔍.*span".encode().decode("mac_roman") + "\n",
        "🔍.*span".encode().decode("latin-1"),
        "ðŸ\u201d.*span",  # Windows-1252, whose last character is none that a page shows
        "🔍.*\n    span",
    ],
)
def test_a_garbled_pattern_finds_what_the_clean_one_finds(tmp_path: Path, copied: str) -> None:
    lines = ["🔍 Started record span: process:x", "span: no symbol", "✅ Phase 4: Distributed tracing initialized"]
    (tmp_path / "app.log").write_text("".join(line + "\n" for line in lines))
    found = look(tmp_path / "app.log", {"spans": copied})["patterns"]["spans"]
    assert (found["count"], found["last"]["text"]) == (1, lines[0])


@pytest.mark.parametrize(
    ("copied", "meant"),
    [
        ("(OpenTelemetry|OTLP|\n  Phase 4.*tracing)\n", r"(OpenTelemetry|OTLP|\s*Phase 4.*tracing)"),
        ("queue\u00a0full", "queue full"),
        ("größer als", "größer als"),
        ("(?x) queue # what\n full", "(?x) queue # what\n full"),
        (r"span\n", r"span\n"),
    ],
)
def test_an_expression_as_it_was_before_it_was_copied(copied: str, meant: str) -> None:
    assert textform.mended(copied) == meant
