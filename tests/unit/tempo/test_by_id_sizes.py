"""The sizes in what Tempo 2.10.8, 3.0.3 and older ones answer when a trace is too large, and the setting to raise."""

from __future__ import annotations

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._probe.by_id import sizes
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.opening import opening

INGESTERS = "error querying ingesters in Querier.FindTraceByID: failed to execute f() for 10.0.0.7:9095: rpc error: "


@pytest.mark.parametrize(
    ("said", "told", "setting"),
    [
        ("response larger than the max (3103930 vs 1000000)", (3103930, 1000000), "frontend_worker"),
        ("grpc: received message larger than max (6735537 vs. 4194304)", (6735537, 4194304), "server.grpc_server"),
        ("grpc: received message after decompression larger than max 1500000", (None, 1500000), "server.grpc_server"),
        (
            INGESTERS + "received message after decompression larger than max 1000000",
            (None, 1000000),
            "ingester_client",
        ),
        (INGESTERS + "trace exceeds max size (max bytes: 5000000)", (None, 5000000), "max_bytes_per_trace"),
        ("queue doesn't have room for 5514 jobs", (None, None), "server.grpc_server"),
    ],
)
def test_a_refusal_names_sizes_and_the_setting(said: str, told: tuple[int | None, int | None], setting: str) -> None:
    assert sizes(said) == told
    read = {"trace_id": "1" * 32, "whose": "service", "ok": False, "cause": "trace_too_large", "message": said}
    found = opening({"reads": [read]})
    assert found
    assert setting in found["limit_setting"]
