"""What looking a canary up costs beyond the moment from which Tempo can be asked for it.

A receiver in front of the lab's Tempo hands each export on after a delay; the overhead is the time from
that moment until the probe has returned.
"""

from __future__ import annotations

import functools
import statistics
import threading
import time
import typing as t

import requests

from ansible_collections.traceops.tracing.tests.bench.measured import Measured, in_turn
from ansible_collections.traceops.tracing.tests.canary import ask
from ansible_collections.traceops.tracing.tests.contract.replay import Answer, Asked, serving
from ansible_collections.traceops.tracing.tests.lab.tempo import Tempo

ROUNDS = 3
DELAYS_S = (0.0, 0.1, 0.4, 1.0, 1.7, 2.5, 4.1)


def overhead(delay: float, profile: str = "2.10.8") -> float:
    """Seconds between the moment the trace can be read, `delay` after its export, and the probe's end."""
    tempo = Tempo(profile)
    readable: list[float] = []

    def hand_on(asked: Asked) -> None:
        readable.append(time.monotonic())
        headers = {"Content-Type": asked.headers["content-type"]}
        requests.post(f"{tempo.otlp_http}/v1/traces", data=asked.body, headers=headers, timeout=10).raise_for_status()

    def receive(asked: Asked) -> Answer:
        if asked.method == "POST":
            threading.Timer(delay, hand_on, [asked]).start()
        return Answer(200, {"Content-Type": "application/x-protobuf"}, b"")

    try:
        with serving(receive) as (url, _asked):
            seen = ask(url, protocol="http/protobuf", tempo_url=tempo.url, wait_timeout=delay + 10)
            ended = time.monotonic()
    finally:
        tempo.stop()
    if not seen["verified"]:
        raise RuntimeError(f"the canary was not found: {seen['message']}")
    return ended - readable[0]


def measure() -> t.Iterator[Measured]:
    """The largest overhead of all delays, each the median of its rounds."""
    taken = in_turn(ROUNDS, {f"{delay:g} s later": functools.partial(overhead, delay) for delay in DELAYS_S})
    worst = max(map(statistics.median, taken.values()))
    yield Measured("otlp_probe: verified after it can be read", worst, "s", 0.3, taken)
