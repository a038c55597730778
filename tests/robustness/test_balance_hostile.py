"""Metrics pages that are hostile: endless, huge, of another kind, with words that nobody should print."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._probe import balance
from ansible_collections.traceops.tracing.tests.contract.replay import Answer, serving
from ansible_collections.traceops.tracing.tests.probing import FakeClock, options
from ansible_collections.traceops.tracing.tests.servers import answering, closed_port, http_answer, tcp_server
from ansible_collections.traceops.tracing.tests.unit.tempo.server import as_text


def look(url: str, timeout: float = 2.0, **given: t.Any) -> dict[str, t.Any]:
    tempo = f"http://127.0.0.1:{closed_port()}"
    params = options(balance, tempo_url=tempo, collector_metrics_url=url, timeout=timeout, **given)
    result = balance.run(params, FakeClock())
    json.dumps(result, allow_nan=False)
    found = result["snapshots"]["collector"]
    assert "\n" not in found["message"]
    return dict(found)


def page(body: bytes) -> t.ContextManager[int]:
    return tcp_server(answering(http_answer(200, body, "text/plain")))


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe\x00" * 1000, b"<html>login</html>", b"otelcol_", b"{" * 10_000, b'otelcol_x{a="' + b"\\" * 9999],
)
def test_a_page_without_counters(body: bytes) -> None:
    with page(body) as port:
        assert look(f"http://127.0.0.1:{port}/metrics")["cause"] == "not_counted"


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", "1e400", "-5"])
def test_a_value_that_is_no_count(value: str) -> None:
    text = f"otelcol_receiver_accepted_spans {value}\nprocess_start_time_seconds {value}\n"
    given = {"tempo_url": f"http://127.0.0.1:{closed_port()}"}
    with serving(lambda request: as_text(text)) as (url, _asked):
        given["collector_metrics_url"] = url
        before = balance.run(options(balance, **given), FakeClock())
        after = balance.run(options(balance, before=before, **given), FakeClock())
    assert json.dumps(after, allow_nan=False)
    assert after["change"]["collector"]["accepted"] == 0


def test_labels_are_cleaned_and_few_are_kept() -> None:
    lines = [f'otelcol_exporter_sent_spans{{exporter="\x1b[31m{n}"}} 1' for n in range(12_000)]
    with serving(lambda request: as_text("\n".join(lines))) as (url, _asked):
        sent = look(url)["counts"]["sent"]
    assert len(sent) == 10_000
    assert not any("\x1b" in name for name in sent)


def test_a_page_that_is_not_there() -> None:
    with serving(lambda request: Answer(404, {}, b"404 page not found")) as (url, _asked):
        found = look(f"{url}/metrics")
    assert found["cause"] == "not_found"
    assert f"GET {url}/metrics should answer 200, but answered 404" in found["message"]
