"""What an application may have had at the other end, each once: servers that take spans, and servers that do not."""

from __future__ import annotations

import threading
import typing as t
import urllib.parse
from concurrent import futures
from contextlib import ExitStack
from pathlib import Path

import grpc

from ansible_collections.traceops.tracing.tests.certificates import Authority
from ansible_collections.traceops.tracing.tests.lab import Lab
from ansible_collections.traceops.tracing.tests.lab.otlp import Limits
from ansible_collections.traceops.tracing.tests.lab.tempo import Tempo
from ansible_collections.traceops.tracing.tests.lab.wire import Credentials
from ansible_collections.traceops.tracing.tests.servers import answering, closed_port, http_answer, tcp_server

STATUSES = (400, 401, 403, 404, 405, 415, 422, 429, 500, 502, 503)


class Receivers(t.NamedTuple):
    """Their ports on 127.0.0.1 by name, and the file of the authority of those with TLS."""

    ports: t.Mapping[str, int]
    authority: str


def receivers(lab: Lab, directory: Path, held: ExitStack) -> Receivers:
    """All that a case may name; they run until `held` is left.

    GRPC and HTTP are the receivers of the lab's Tempo, QUERY is its API. GRPCTLS and HTTPTLS lead to the same Tempo, by
    an authority that nobody trusts, OTHERNAME too, whose certificate has another name. TENANT and TENANTHTTP are those
    of a Tempo with tenants, TOKEN and TOKENHTTP want a token, RATELIMIT and RATELIMITHTTP limit the rate. CLOSED
    refuses, RESET closes every connection, SILENT never answers, UNIMPL is a gRPC server without OTLP, ANS404 answers
    every request with that status.
    """

    def tempo(**options: t.Any) -> Tempo:
        one = Tempo(api=False, **options)
        held.callback(one.stop)
        return one

    authority = Authority(directory)
    pair, other = authority.issue("receiver"), authority.issue("other", names=["tempo.example"])
    tls = tempo(store=lab.store, receiver_tls=(pair.cert, pair.key))
    misnamed = tempo(store=lab.store, receiver_tls=(other.cert, other.key))
    tenants = tempo(multitenant=True)
    token = tempo(credentials=Credentials(token="right"))
    limited = tempo(limits=Limits(rate_limit_bytes=1, burst_size_bytes=1))
    over = threading.Event()
    silent = held.enter_context(tcp_server(lambda connection: t.cast(None, over.wait(600))))
    held.callback(over.set)
    empty = grpc.server(futures.ThreadPoolExecutor(2))
    unimplemented = empty.add_insecure_port("127.0.0.1:0")
    empty.start()
    held.callback(lambda: empty.stop(0).wait())
    found = {
        "GRPC": _port(lab.otlp_grpc),
        "HTTP": _port(lab.otlp_http),
        "QUERY": _port(lab.tempo_url),
        "GRPCTLS": _port(tls.otlp_grpc),
        "HTTPTLS": _port(tls.otlp_http),
        "OTHERNAME": _port(misnamed.otlp_grpc),
        "TENANT": _port(tenants.otlp_grpc),
        "TENANTHTTP": _port(tenants.otlp_http),
        "TOKEN": _port(token.otlp_grpc),
        "TOKENHTTP": _port(token.otlp_http),
        "RATELIMIT": _port(limited.otlp_grpc),
        "RATELIMITHTTP": _port(limited.otlp_http),
        "CLOSED": closed_port(),
        "RESET": held.enter_context(tcp_server(lambda connection: None)),
        "SILENT": silent,
        "UNIMPL": unimplemented,
    }
    for status in STATUSES:
        answer = answering(http_answer(status, b"no", "text/plain"))
        found[f"ANS{status}"] = held.enter_context(tcp_server(answer))
    return Receivers(found, authority.ca)


def _port(url: str) -> int:
    port = urllib.parse.urlsplit(url).port
    assert port, url
    return port
