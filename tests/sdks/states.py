"""The states that SDKs are put into: how the receiver behaves, what the program is told, what its log should name.

Causes are those of the module otlp_probe, so that a log and a canary say the same of the same fault.
"""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.tests.sdks.server import (
    PARTIAL,
    Closed,
    Closing,
    Grpc,
    GrpcOnly,
    Http,
    Receiver,
    Resetting,
)

GRPC, HTTP = "grpc", "http/protobuf"
PLAIN, TLS = "http://127.0.0.1:{port}", "https://127.0.0.1:{port}"
# Ways in which a program of a language listens to its SDK (see builds.LOGGING).
HEARD, DEBUG, UNHEARD = "heard", "debug", "unheard"


class Way(t.NamedTuple):
    """One protocol of a state: the receiver and the endpoint that the program is given; `{port}` is the receiver's."""

    receiver: Receiver
    endpoint: str = PLAIN
    settings: t.Mapping[str, str] = {}


class State(t.NamedTuple):
    """A state. `causes`: any of them is right; none means that traces arrive and nothing may be said against them.

    `signals` are what the program exports; all but traces go to a port on which nothing listens.
    """

    name: str
    ways: t.Mapping[str, Way]
    causes: t.FrozenSet[str] = frozenset()
    logging: str = HEARD
    signals: str = "traces"
    untold: t.FrozenSet[str] = frozenset()  # what an SDK may see of it instead, and then cannot tell better
    accepts: bool = False  # the receiver takes exports, although something is wrong

    @property
    def healthy(self) -> bool:
        return not self.causes


def _both(
    name: str, grpc: Receiver, http: Receiver, *causes: str, endpoint: str = PLAIN, logging: str = HEARD
) -> State:
    return State(name, {GRPC: Way(grpc, endpoint), HTTP: Way(http, endpoint)}, frozenset(causes), logging)


STATES = (
    _both("healthy", Grpc(), Http()),
    _both("healthy-debug", Grpc(), Http(), logging=DEBUG),
    _both("other-signals-fail", Grpc(), Http())._replace(signals="traces,metrics,logs"),
    _both("refused", Closed(), Closed(), "connection_refused"),
    # The receiver listens on 127.0.0.1 alone, as Tempo does since 2.7 where it is not told otherwise.
    _both("refused-v6", Grpc(), Http(), "connection_refused", endpoint="http://[::1]:{port}"),
    _both("unresolved", Closed(), Closed(), "dns_failure", endpoint="http://collector.invalid:4318"),
    _both("tls-to-plain", Grpc(), Http(), "tls_not_spoken", endpoint=TLS),
    # gRPC sees a connection that is closed at once.
    _both("plain-to-tls", Grpc(tls=True), Http(tls=True), "tls_required")._replace(
        untold=frozenset({"connection_reset"})
    ),
    State("http-to-grpc", {HTTP: Way(GrpcOnly())}, frozenset({"protocol_mismatch"})),
    State("grpc-to-http", {GRPC: Way(Http())}, frozenset({"protocol_mismatch"})),
    # SDKs differ in what they make of it: an error, or TLS over gRPC, which the receiver does not speak.
    _both(
        "no-scheme",
        *(Grpc(), Http()),
        *("scheme_missing", "scheme_unsupported", "endpoint_invalid", "tls_not_spoken"),
        endpoint="localhost:{port}",
    ),
    _both(
        "400",
        Grpc("INVALID_ARGUMENT", "invalid trace id"),
        Http("400 Bad Request", b"invalid trace id"),
        "invalid_data",
    ),
    _both(
        "401",
        Grpc("UNAUTHENTICATED", "no basic auth provided"),
        Http("401 Unauthorized", b"Unauthorized", ("WWW-Authenticate: Basic",)),
        "unauthorized",
    ),
    State(
        "404",
        {
            GRPC: Way(Grpc(serves=False)),
            HTTP: Way(Http(), settings={"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:{port}/v1/trace"}),
        },
        frozenset({"path_not_found"}),
    ),
    _both(
        "429",
        Grpc("RESOURCE_EXHAUSTED", "RATE_LIMITED: batch size (14 bytes) exceeds rate limit"),
        Http("429 Too Many Requests", b"RATE_LIMITED: batch size (14 bytes) exceeds rate limit"),
        "rate_limited",
    )._replace(untold=frozenset({"response_timeout"})),  # it may be tried again until the time is over
    _both(
        "503",
        Grpc("UNAVAILABLE", "data refused due to high memory usage"),
        Http("503 Service Unavailable", b"data refused due to high memory usage"),
        "server_error",
        "unavailable",
    )._replace(untold=frozenset({"response_timeout"})),  # it may be tried again until the time is over
    _both("hang", Grpc(hangs=True), Http(hangs=True), "response_timeout"),
    _both("reset", Resetting(), Resetting(), "connection_reset"),
    _both("closes", Closing(), Closing(), "connection_reset"),
    _both("self-signed", Grpc(tls=True), Http(tls=True), "certificate_untrusted", endpoint=TLS),
    _both("partial", Grpc(body=PARTIAL), Http(body=PARTIAL), "partial_success")._replace(accepts=True),
    # The same fault, and a program that has not let its SDK speak: nothing may be made of the silence.
    _both("refused-unheard", Closed(), Closed(), "connection_refused", logging=UNHEARD),
)
