"""Whether the spans of a trace hang together, said as data."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._otel.linkage import judge
from ansible_collections.traceops.tracing.plugins.module_utils._otel.trace import Span, Trace
from ansible_collections.traceops.tracing.tests.unit.tempo.spans import BEGIN, span, span_id


def judged(*spans: Span) -> dict[str, t.Any]:
    return judge(Trace(list(spans)))


def test_a_whole_trace_has_one_root_and_no_orphan() -> None:
    linkage = judged(
        span("cart", parent="checkout", start_ms=1, end_ms=5),
        span("checkout", kind="server"),
        span("sql", parent="cart", start_ms=2, end_ms=3, service="db", error=True),
    )
    assert linkage["complete"]
    assert (linkage["span_count"], linkage["root_count"], linkage["orphan_count"], linkage["depth"]) == (3, 1, 0, 3)
    assert linkage["roots"] == [
        {"span_id": span_id("checkout"), "name": "checkout", "service": "shop", "kind": "server"}
    ]
    assert linkage["services"] == [
        {"name": "shop", "spans": 2, "errors": 0},
        {"name": "db", "spans": 1, "errors": 1},
    ]
    assert [error["name"] for error in linkage["errors"]] == ["sql"]
    assert linkage["start"] == BEGIN / 1e9
    assert linkage["duration_ms"] == 10.0
    assert linkage["tree"] == [
        "shop: checkout [server] +0.0 ms, 10.0 ms",
        "  shop: cart [internal] +1.0 ms, 4.0 ms",
        "    db: sql [internal] +2.0 ms, 1.0 ms ERROR",
    ]


def test_a_parent_that_never_arrived_makes_orphans() -> None:
    linkage = judged(span("charge", parent="lost"), span("refund", parent="lost"), span("receipt", parent="charge"))
    assert not linkage["complete"]
    assert (linkage["root_count"], linkage["orphan_count"], linkage["missing_parents"]) == (0, 2, 1)
    assert [orphan["name"] for orphan in linkage["orphans"]] == ["charge", "refund"]
    assert linkage["orphans"][0]["missing_parent"] == span_id("lost")
    assert linkage["tree"] == [
        f"? {span_id('lost')} never arrived",
        "  shop: charge [internal] +0.0 ms, 10.0 ms",
        "    shop: receipt [internal] +0.0 ms, 10.0 ms",
        "  shop: refund [internal] +0.0 ms, 10.0 ms",
    ]


def test_two_roots_are_not_one_trace() -> None:
    linkage = judged(span("first"), span("second"))
    assert linkage["root_count"] == 2
    assert not linkage["complete"]


def test_a_parent_id_of_zeros_is_a_root() -> None:
    assert judged(span("first")._replace(parent_id="0" * 16))["root_count"] == 1


def test_spans_of_one_id_are_duplicates() -> None:
    linkage = judged(span("call", kind="client"), span("call", kind="server"), span("other", parent="call"))
    assert linkage["duplicate_count"] == 1
    assert linkage["duplicates"] == [span_id("call")]
    assert linkage["span_count"] == 3


def test_a_child_before_its_parent_shows_a_wrong_clock() -> None:
    linkage = judged(
        span("call", start_ms=0, service="shop"),
        span("serve", parent="call", start_ms=-2310.5, end_ms=-2300, service="billing"),
        span("fine", parent="call", start_ms=-0.5),
    )
    assert linkage["skewed_count"] == 1
    (skewed,) = linkage["skewed"]
    assert (skewed["name"], skewed["service"], skewed["parent_service"]) == ("serve", "billing", "shop")
    assert (skewed["side"], skewed["outside_ms"]) == ("before", 2310.5)


def test_a_server_span_after_its_client_shows_a_wrong_clock_but_asynchronous_work_does_not() -> None:
    linkage = judged(
        span("call", kind="client", end_ms=10),
        span("serve", parent="call", kind="server", start_ms=2000, end_ms=2005),
        span("publish", kind="producer", end_ms=10),
        span("consume", parent="publish", kind="consumer", start_ms=5000, end_ms=5010),
        span("given up", kind="client", end_ms=10, error=True),
        span("slow", parent="given up", kind="server", start_ms=1, end_ms=900),
    )
    assert [(item["name"], item["side"], item["outside_ms"]) for item in linkage["skewed"]] == [
        ("serve", "after", 1995.0)
    ]


def test_spans_that_are_their_own_parents_are_counted_and_do_not_hang() -> None:
    linkage = judged(span("root"), span("a", parent="b"), span("b", parent="a"), span("self", parent="self"))
    assert linkage["cycle_count"] == 3
    assert not linkage["complete"]
    assert len(linkage["tree"]) == 1


def test_a_chain_of_many_spans_is_cut_in_the_drawing_not_in_the_depth() -> None:
    spans = [span("s0")] + [span(f"s{n}", parent=f"s{n - 1}") for n in range(1, 5000)]
    linkage = judged(*spans)
    assert linkage["depth"] == 5000
    assert len(linkage["tree"]) == 13
    assert linkage["tree"][-1].strip() == "... 1 more below"


def test_a_wide_trace_is_cut_in_the_drawing() -> None:
    linkage = judged(span("root"), *(span(f"c{n}", parent="root", start_ms=n) for n in range(500)))
    assert len(linkage["tree"]) == 61
    assert linkage["tree"][-1] == "... 501 spans in all"


def test_long_lists_of_findings_are_cut_and_their_counts_are_not() -> None:
    linkage = judged(*(span(f"o{n}", parent=f"p{n}", error=True) for n in range(300)))
    assert (linkage["orphan_count"], len(linkage["orphans"])) == (300, 20)
    assert (linkage["error_count"], len(linkage["errors"])) == (300, 20)
    assert linkage["missing_parents"] == 300


def test_names_are_cleaned_of_terminal_codes_and_line_breaks() -> None:
    linkage = judged(span("evil")._replace(name="\x1b[31mred\x1b[0m\nline\u202e", service="s\x07vc"))
    assert linkage["roots"][0]["name"] == "red\nline"
    assert linkage["tree"] == ["svc: red line [internal] +0.0 ms, 10.0 ms"]


def test_a_trace_that_tempo_cut_is_not_complete() -> None:
    assert not judge(Trace([span("root")], partial=True))["complete"]
