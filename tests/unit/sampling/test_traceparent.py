"""W3C traceparent headers, and what a sampler makes of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.traceops.tracing.plugins.module_utils._otel import traceparent
from ansible_collections.traceops.tracing.plugins.module_utils._otel.samplers import RULES

UNHURRIED = settings(deadline=None)  # a busy machine is no failure

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
MINE = "b7ad6b7169203331"
SAMPLED = f"00-{TRACE}-{SPAN}-01"

hex_ids = st.integers(min_value=1, max_value=2**128 - 1).map(lambda i: f"{i:032x}")
hex_spans = st.integers(min_value=1, max_value=2**64 - 1).map(lambda i: f"{i:016x}")


def test_a_header_has_four_parts():
    found = traceparent.parse(SAMPLED)

    assert found == (0, TRACE, SPAN, 1)
    assert found.sampled


@pytest.mark.parametrize("flags", ["00", "02", "fe"])
def test_only_the_lowest_bit_says_sampled(flags):
    assert not traceparent.parse(f"00-{TRACE}-{SPAN}-{flags}").sampled


@pytest.mark.parametrize("header", [f"cc-{TRACE}-{SPAN}-01", f"cc-{TRACE}-{SPAN}-01-what-comes-later", f" {SAMPLED}\t"])
def test_later_versions_and_surrounding_blanks_are_accepted(header):
    assert traceparent.parse(header).trace_id == TRACE


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("", "is not a traceparent"),
        (None, "is not a traceparent"),
        (17, "is not a traceparent"),
        ("00-abc", "is not a traceparent"),
        (SAMPLED + "-", "of version 00 ends after the flags"),
        (SAMPLED + "-more", "of version 00 ends after the flags"),
        (SAMPLED + "\n", "is not a traceparent"),
        (SAMPLED + "0", "is not a traceparent"),
        (SAMPLED.upper(), "upper-case"),
        (f"ff-{TRACE}-{SPAN}-01", "version ff"),
        (f"00-{'0' * 32}-{SPAN}-01", "trace id of the traceparent is all zero"),
        (f"00-{TRACE}-{'0' * 16}-01", "parent id of the traceparent is all zero"),
        (f"00-{TRACE}-{SPAN}-0g", "is not a traceparent"),
        (f"00-{TRACE}-{SPAN}-٠١", "is not a traceparent"),
    ],
)
def test_a_header_that_receivers_must_ignore_is_refused_with_the_reason(header, why):
    with pytest.raises(traceparent.Malformed, match=why):
        traceparent.parse(header)


@UNHURRIED
@given(st.text(max_size=80))
def test_any_text_is_parsed_or_refused(text):
    try:
        trace_id = traceparent.parse(text).trace_id
    except traceparent.Malformed:
        return
    assert trace_id in text


@UNHURRIED
@given(hex_ids, hex_spans, hex_spans, st.integers(0, 255))
def test_the_next_hop_keeps_the_trace_and_the_decision(trace, parent, mine, flags):
    came = f"00-{trace}-{parent}-{flags:02x}"

    sent = traceparent.parse(traceparent.next_hop(came, mine))

    assert (sent.version, sent.trace_id, sent.parent_id) == (0, trace, mine)
    assert sent.sampled == traceparent.parse(came).sampled
    assert sent.flags <= 3, "flags that version 00 does not know are cleared"


def test_the_next_hop_may_decide_otherwise():
    assert traceparent.next_hop(SAMPLED, MINE, sampled=False) == f"00-{TRACE}-{MINE}-00"


def test_the_next_hop_gets_a_span_of_its_own():
    first, second = traceparent.next_hop(SAMPLED), traceparent.next_hop(SAMPLED)

    assert traceparent.parse(first).parent_id != traceparent.parse(second).parent_id


@pytest.mark.parametrize("span", ["", "0" * 16, "xyz", MINE + "0"])
def test_a_span_id_that_cannot_be_is_refused(span):
    with pytest.raises(traceparent.Malformed, match="is not a span id"):
        traceparent.next_hop(SAMPLED, span)


@pytest.mark.parametrize("sampler", ["sdk", "velostream"])
@UNHURRIED
@given(ratio=st.floats(0, 1))
def test_the_flag_decides_whatever_the_ratio(sampler, ratio):
    assert traceparent.decide(SAMPLED, ratio, sampler)["sampled"] is True
    assert traceparent.decide(f"00-{TRACE}-{SPAN}-00", ratio, sampler)["sampled"] is False


@pytest.mark.parametrize("nothing", [None, ""])
def test_without_a_header_the_ratio_decides(nothing):
    decision = traceparent.decide(nothing, 0.25)

    assert (decision["sampled"], decision["chance"], decision["new_trace"]) == (None, 0.25, True)


def test_a_malformed_header_begins_a_new_trace_in_an_sdk():
    decision = traceparent.decide("rubbish", 1.0)

    assert (decision["sampled"], decision["new_trace"]) == (True, True)
    assert "is ignored" in decision["why"]


@pytest.mark.parametrize("header", ["rubbish", f"01-{TRACE}-{SPAN}-01"])
def test_velostream_takes_a_malformed_or_newer_header_as_not_sampled(header):
    decision = traceparent.decide(header, 1.0, "velostream")

    assert (decision["sampled"], decision["new_trace"]) == (False, False)
    assert "not sampled" in decision["why"]


def test_a_later_version_is_read_by_an_sdk():
    assert traceparent.decide(f"01-{TRACE}-{SPAN}-01", 0.0)["sampled"] is True


@pytest.mark.parametrize(("ratio", "chance"), [(0.01, 0.0), (0.05, 0.0025), (0.5, 0.25), (1.0, 1.0)])
def test_velostream_samples_new_records_by_ratio_squared_and_none_at_one_percent(ratio, chance):
    assert traceparent.decide(None, ratio, "velostream")["chance"] == pytest.approx(chance)


@pytest.mark.parametrize("rule", RULES)
@UNHURRIED
@given(trace=hex_ids, ratio=st.floats(0.001, 0.999))
def test_with_the_id_of_the_new_trace_the_answer_is_certain(rule, trace, ratio):
    decision = traceparent.decide(None, ratio, "sdk", trace, rule)

    assert decision["sampled"] is (RULES[rule].position(int(trace, 16)) < ratio)
