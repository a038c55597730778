"""The clock probe against servers whose clocks are wrong by a known amount."""

from __future__ import annotations

import email.utils
import http.server
import threading

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption, ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._probe import clock
from ansible_collections.traceops.tracing.tests.servers import answering, closed_port, http_answer, tcp_server

NOW = 1_770_000_000.25  # what this host believes; a server's Date header has whole seconds
NTP = {"synchronised": True, "source": "ntp.example.com", "offset_s": 0.001, "by": "chrony"}


@pytest.fixture(autouse=True)
def host_clock(monkeypatch):
    monkeypatch.setattr(clock, "_now", lambda: NOW)
    monkeypatch.setattr(clock.ntp, "state", lambda: NTP)


def look(port, **options):
    defaults = {name: spec.get("default") for name, spec in clock.ARGUMENT_SPEC.items()}
    return clock.run({**defaults, "tempo_url": f"http://127.0.0.1:{port}", **options})


def says(date, *headers, status=200):
    """A server that answers with this Date header."""
    return tcp_server(answering(http_answer(status, b"ready", "text/plain", f"Date: {date}", *headers)))


def http_date(seconds):
    return email.utils.formatdate(seconds, usegmt=True)


@pytest.mark.parametrize("ahead", [0, 7200, -7200, 3 * 86400, -31, 31])
def test_the_offset_is_host_minus_server_within_the_error(ahead):
    with says(http_date(NOW - ahead)) as port:
        seen = look(port)

    assert (seen["ok"], seen["cause"]) == (True, "ok")
    assert abs(seen["offset_s"] - ahead) <= seen["error_s"]
    assert 0.4 < seen["error_s"] < 2
    assert seen["round_trip_ms"] >= 0
    assert seen["ntp"] == NTP


def test_the_message_says_who_is_ahead():
    with says(http_date(NOW - 7200)) as port:
        ahead = look(port)["message"]
    with says(http_date(NOW + 7200)) as port:
        behind = look(port)["message"]
    with says(http_date(NOW)) as port:
        right = look(port)["message"]

    assert "s ahead of that of http://127.0.0.1" in ahead
    assert "s behind that of http://127.0.0.1" in behind
    assert "agrees with" in right


def test_any_answer_has_a_time():
    with says(http_date(NOW), status=503) as port:
        assert look(port)["ok"]


def test_a_cached_answer_is_not_taken_for_a_slow_clock():
    with says(http_date(NOW - 600), "Age: 600") as port:
        seen = look(port)

    assert abs(seen["offset_s"]) <= seen["error_s"]


@pytest.mark.parametrize(
    "date", ["yesterday", "", "Thu, 99 Foo 2026 99:99:99 GMT", "Mon, 01 Jan 99999999 00:00:00 GMT"]
)
def test_a_date_that_is_none(date):
    with says(date) as port, pytest.raises(ProbeFailure) as failure:
        look(port)

    assert failure.value.cause == "no_date"
    assert failure.value.result["ntp"] == NTP


def test_a_server_without_a_date():
    with tcp_server(answering(http_answer(200, b"ready"))) as port, pytest.raises(ProbeFailure) as failure:
        look(port)

    assert failure.value.cause == "no_date"
    assert failure.value.message == f"GET http://127.0.0.1:{port}/ready answered 200 without a Date header"


def test_a_server_that_is_not_there_keeps_the_keys_of_a_success():
    with pytest.raises(ProbeFailure) as failure:
        look(closed_port())
    with says(http_date(NOW)) as port:
        success = look(port)

    assert failure.value.cause == "connection_refused"
    assert set(failure.value.result) | {"cause"} == set(success)
    assert failure.value.result["offset_s"] is None


def test_a_url_that_is_none_is_named():
    with pytest.raises(BadOption) as failure:
        look(0, tempo_url="tempo:3200")

    assert "tempo_url" in failure.value.message


def test_credentials_are_in_no_message():
    with pytest.raises(ProbeFailure) as failure:
        look(0, tempo_url=f"http://user:s3cr3t-sentinel@127.0.0.1:{closed_port()}", token="s3cr3t-sentinel")

    assert "s3cr3t-sentinel" not in failure.value.message + str(failure.value.result)


def test_samples_narrow_the_bounds():
    # The server's second began somewhere before the exchange: both samples together know more.
    early, late = clock.offset_bounds(100.1, 100.2, 100.0), clock.offset_bounds(100.8, 100.9, 100.0)

    assert early == pytest.approx((-0.9, 0.2))
    assert late == pytest.approx((-0.2, 0.9))
    assert max(early.low, late.low) == pytest.approx(-0.2)
    assert min(early.high, late.high) == pytest.approx(0.2)


def test_a_clock_that_is_set_meanwhile_gives_what_the_last_exchange_says():
    times = iter([http_date(NOW - 3600), http_date(NOW - 3600), http_date(NOW)])

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()

        def date_time_string(self, timestamp=None):
            return next(times)

        def log_message(self, format, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        seen = look(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()

    assert abs(seen["offset_s"]) <= seen["error_s"]
