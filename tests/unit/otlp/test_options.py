"""What the options do to the spans, and which values are refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._probe import otlp
from ansible_collections.traceops.tracing.tests.canary import ask
from ansible_collections.traceops.tracing.tests.lab.store import Trace
from ansible_collections.traceops.tracing.tests.lab.tempo import Tempo
from ansible_collections.traceops.tracing.tests.probing import FakeClock, options

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def tempo() -> Iterator[Tempo]:
    running = Tempo()
    yield running
    running.stop()


def stored(tempo: Tempo) -> list[Trace]:
    return tempo.store.traces_of(["single-tenant"])


def values_of(attributes: object) -> dict[str, object]:
    return {item.key: getattr(item.value, item.value.WhichOneof("value")) for item in attributes}  # type: ignore[attr-defined]


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf", "http/json"])
def test_a_canary_says_what_it_is(tempo: Tempo, protocol: str) -> None:
    ask(
        tempo.otlp_grpc if protocol == "grpc" else tempo.otlp_http,
        protocol=protocol,
        attributes={"run": 7, "ratio": 0.5, "list": [1], "big": 2**63, "none": None, "nan": float("nan")},
    )
    ((resource_spans, span),) = stored(tempo)[0].spans()
    assert values_of(resource_spans.resource.attributes)["service.name"] == "traceops-canary"
    assert values_of(span.attributes) == {
        "traceops.canary": True,
        "run": 7,
        "ratio": 0.5,
        "list": "[1]",
        "big": str(2**63),
        "nan": "nan",
    }
    assert (span.name, span.parent_span_id) == ("traceops canary", b"")


def test_the_span_has_the_time_of_the_clock(tempo: Tempo) -> None:
    clock = FakeClock(now=1_795_400_000.25)
    otlp.run(options(otlp, endpoint=tempo.otlp_http), clock)
    ((_resource_spans, span),) = stored(tempo)[0].spans()
    assert span.end_time_unix_nano == 1_795_400_000_250_000_000
    assert span.end_time_unix_nano - span.start_time_unix_nano == 1_000_000


def test_a_service_name_of_ones_own(tempo: Tempo) -> None:
    ask(tempo.otlp_http, service_name="velo-sql-app")
    ((resource_spans, _span),) = stored(tempo)[0].spans()
    assert values_of(resource_spans.resource.attributes)["service.name"] == "velo-sql-app"


def test_several_canaries_are_traces_of_their_own(tempo: Tempo) -> None:
    seen = ask(tempo.otlp_http, spans=20)
    assert len(set(seen["trace_ids"])) == 20
    assert len(stored(tempo)) == 20
    assert seen["phases"]["export"]["spans"] == 20
    assert " accepted 20 spans over " in seen["message"]


def test_a_traceparent_is_continued(tempo: Tempo) -> None:
    seen = ask(tempo.otlp_http, traceparent=f"00-{TRACE}-{SPAN}-01", spans=2)
    assert seen["trace_ids"] == [TRACE]
    (trace,) = stored(tempo)
    assert {span.parent_span_id.hex() for _resource, span in trace.spans()} == {SPAN}


@pytest.mark.parametrize("flags", ["00", "02"])
def test_a_traceparent_that_is_not_sampled_is_not_sent(tempo: Tempo, flags: str) -> None:
    seen = ask(tempo.otlp_http, traceparent=f"00-{TRACE}-{SPAN}-{flags}")
    assert (seen["ok"], seen["cause"], seen["trace_ids"]) == (False, "not_sampled", [])
    assert seen["message"].endswith("; the traceparent is not sampled (flags 00), so no span was sent")
    assert seen["phases"]["export"] == {"ok": None, "ms": 0.0, "cause": "not_sampled"}
    assert stored(tempo) == []


def test_a_later_version_of_traceparent_may_say_more(tempo: Tempo) -> None:
    assert ask(tempo.otlp_http, traceparent=f"01-{TRACE}-{SPAN}-01-more")["trace_ids"] == [TRACE]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"timeout": 0}, "timeout: 0 is not between 0 and 3600 seconds"),
        ({"timeout": -1.5}, "timeout: -1.5 is not"),
        ({"timeout": float("nan")}, "timeout: nan is not"),
        ({"timeout": float("inf")}, "timeout: inf is not"),
        ({"wait_timeout": -1.0}, "wait_timeout: -1 is not"),
        ({"spans": 0}, "spans: 0 is not between 1 and 100000"),
        ({"spans": 100_001}, "spans: 100001 is not"),
        ({"client_key": "/k.pem"}, "client_key: it needs client_cert"),
        ({"traceparent": "hello"}, "traceparent: 'hello' is not a W3C traceparent"),
        ({"traceparent": f"ff-{TRACE}-{SPAN}-01"}, "traceparent: "),
        ({"traceparent": f"00-{TRACE}-{SPAN}-01-more"}, "traceparent: "),
        ({"traceparent": f"00-{'0' * 32}-{SPAN}-01"}, "traceparent: "),
        ({"traceparent": f"00-{TRACE}-{'0' * 16}-01"}, "traceparent: "),
        ({"traceparent": f"00-{TRACE.upper()}-{SPAN}-01"}, "traceparent: "),
        ({"headers": {"X Y": "1"}}, "headers: 'X Y' is not a header name"),
        ({"headers": {"X-Key": "s3cret\r\nX-Evil: 1"}}, "headers: the value of X-Key has characters"),
        ({"tenant": "a\nb"}, "tenant: the value of X-Scope-OrgID has characters"),
        ({"token": "s3cret\n"}, "token: the value of Authorization has characters"),
        ({"tempo_url": "ftp://tempo"}, "tempo_url: "),
        ({"tempo_url": "http://te mpo:3200"}, "tempo_url: "),
    ],
)
def test_a_value_that_can_not_be_used_gets_one_sentence(given: dict[str, object], words: str) -> None:
    with pytest.raises(BadOption) as caught:
        otlp.run(options(otlp, endpoint="http://127.0.0.1:1", **given))
    assert caught.value.message.startswith(words)
    assert "\n" not in caught.value.message
    assert "s3cret" not in caught.value.message
    assert caught.value.result["trace_ids"] == []
    assert set(caught.value.result) == set(otlp.run(options(otlp, endpoint="http://127.0.0.1:1")))
