# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe: does this endpoint take spans from this host? It goes the way of an exporter, phase by phase."""

from __future__ import annotations

import contextlib
import os
import socket
import time
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption, MissingLibrary
from ansible_collections.traceops.tracing.plugins.module_utils._base.waiting import REAL, Clock
from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp import detect, http
from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.encode import Span, to_json, to_protobuf
from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.endpoint import proxy_for
from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.net import (
    Deadline,
    OtlpError,
    Route,
    connect,
    open_tunnel,
    resolve,
)
from ansible_collections.traceops.tracing.plugins.module_utils._otel import canary
from ansible_collections.traceops.tracing.plugins.module_utils._probe.otlp import options as _otlp_options
from ansible_collections.traceops.tracing.plugins.module_utils._probe.otlp.options import (
    AUTO,
    GRPC,
    HTTP_JSON,
    HTTP_PROTOBUF,
    Options,
    read_options,
)
from ansible_collections.traceops.tracing.plugins.module_utils._probe.otlp.result import (
    DnsPhase,
    ExportPhase,
    Phase,
    Phases,
    Result,
    TcpPhase,
)

ARGUMENT_SPEC = _otlp_options.ARGUMENT_SPEC
CHECK_MODE = {"send": False}

PHASES = ("dns", "tcp", "tls", "protocol", "export", "verify")
_CLIENT_CERTIFICATE = ("client_certificate_required", "client_certificate_rejected")


def run(params: t.Mapping[str, t.Any], clock: Clock = REAL) -> Result:
    """Go the way of an exporter; BadOption when an option cannot be used."""
    pid = params.get("inside_of")
    if not pid:
        return _from_here(params, clock)
    from ansible_collections.traceops.tracing.plugins.module_utils._probe.otlp import inside

    read_options(params)  # what cannot be used is said as ever
    try:
        longest = params["timeout"] * 2 + (params["wait_timeout"] if params.get("tempo_url") else 0)
        result = inside.attempt({**params, "inside_of": 0}, pid, longest)
        return {**result, "inside": {"ok": True, "pid": pid, "reason": ""}}
    except inside.CannotJoin as why:
        # The next best: as this host sees it, without the files that only the application has.
        follows = inside.without_ca(params["follows"])
        own = {"ca_path": None, "follows": follows} if follows != params["follows"] else {}
        result = _from_here({**params, **own}, clock)
        return {**result, "inside": {"ok": False, "pid": pid, "reason": why.reason}}


def _from_here(params: t.Mapping[str, t.Any], clock: Clock) -> Result:
    """The result of `run`, from the network that this process is in."""
    result = _attempt(params, clock)
    result["follows"] = params.get("follows", [])
    if params["counterfactual"] and params["send"] and not result["ok"]:
        from ansible_collections.traceops.tracing.plugins.module_utils._probe.otlp import counterfactual

        proof = counterfactual.prove(params, result, lambda changed: _attempt(changed, clock))
        result.update({"counterfactuals": proof["counterfactuals"], "passes_with": proof["passes_with"]})
    return result


def like(params: t.Mapping[str, t.Any], seen: t.Mapping[str, t.Any]) -> t.Mapping[str, t.Any]:
    """`params` as the application whose settings were `seen` (a result of the probe `environment`) would have them."""
    from ansible_collections.traceops.tracing.plugins.module_utils._probe.otlp.own_way import followed, inside_of

    changed, taken = followed(params, seen)
    return {**changed, "follows": taken, "inside_of": inside_of(params, seen)}


def _attempt(params: t.Mapping[str, t.Any], clock: Clock) -> Result:
    """The result of `run`, of one go."""
    result: Result = {
        "ok": False,
        "cause": "",
        "message": "",
        "endpoint": "",
        "protocol": "" if params["protocol"] == AUTO else params["protocol"],
        "detected": "",
        "phases": t.cast(Phases, {name: {"ok": None, "ms": 0.0, "cause": "not_run"} for name in PHASES}),
        "trace_ids": [],
        "verified": None,
        "visible_after": None,
        "follows": [],
        "inside": None,
        "counterfactuals": [],
        "passes_with": "",
    }
    try:
        cause, message = _walk(params, read_options(params), result, clock)
    except BadOption as error:
        error.result = result
        raise
    except OtlpError as error:
        cause, message = error.cause, error.message
        result["detected"] = result["phases"]["tls"].get("spoken", result["detected"])
    return {**result, "ok": cause == "ok", "cause": cause, "message": message}


def _walk(params: t.Mapping[str, t.Any], options: Options, result: Result, clock: Clock) -> t.Tuple[str, str]:
    """Go through the phases and fill `result`; (cause, message) of the whole.

    What only some runs need is imported where they need it: on a host every import is compiled anew.
    """
    phases = result["phases"]
    result["endpoint"] = options.endpoint.url(options.protocol == GRPC)
    if options.endpoint.tls:  # before the time begins: a busy host takes long to compile what is imported
        from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp import tls
    deadline = Deadline(options.timeout)
    route = _reach(options, phases, deadline)
    if options.endpoint.tls:
        with _phase(phases["tls"]) as seen:
            tls.shake_hands(route, seen, deadline)
    else:
        phases["tls"]["cause"] = "not_wanted"
    # Of a counterfactual that changes neither endpoint nor protocol it is known what speaks there.
    protocol = params.get("spoken") or _choose(route, options.protocol, result, deadline)
    result["protocol"], result["endpoint"] = protocol, options.endpoint.url(protocol == GRPC)
    speaks = f"{result['endpoint']} speaks {'gRPC' if protocol == GRPC else 'HTTP'}"
    if not params["send"]:
        phases["export"]["cause"] = "not_sent"
        return "not_sent", f"{speaks}; no span was sent, so whether it takes spans is not known"
    if not options.sampled:
        phases["export"]["cause"] = "not_sampled"
        return "not_sampled", f"{speaks}; the traceparent is not sampled (flags 00), so no span was sent"
    # Importing grpcio and encoding 100,000 spans take their time: the export's time, and its limit, leave them out.
    left = deadline.left()
    if protocol == GRPC:
        from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp import grpc as _otlp_grpc

        if not _otlp_grpc.available():
            phases["export"]["cause"] = "library_missing"
            missing = MissingLibrary("grpcio", "to send a span over gRPC")
            return missing.cause, f"{speaks}; whether it takes spans is not known: {missing.message}"
    spans = _canaries(options, params["spans"], clock.time())
    resource = {"service.name": params["service_name"], "host.name": socket.gethostname()}
    body = to_json(resource, spans) if protocol == HTTP_JSON else to_protobuf(resource, spans)
    with _phase(phases["export"]) as exported:
        exported["spans"], exported["bytes"] = len(spans), len(body)
        gzipped = params["compression"] == "gzip"
        exported.update(_export(route, protocol, body, options.headers, gzipped, Deadline(left)))
    result["trace_ids"] = list(dict.fromkeys(span.trace_id.hex() for span in spans))
    count = "a span" if len(spans) == 1 else f"{len(spans)} spans"
    message = f"{result['endpoint']} accepted {count} over {protocol} in {exported['ms']:.0f} ms"
    if not params.get("tempo_url"):
        phases["verify"]["cause"] = "not_wanted"
        return "ok", message
    from ansible_collections.traceops.tracing.plugins.module_utils._probe.otlp.verify import verify

    return verify(params, options.endpoint.host, spans, result, message, clock)


P = t.TypeVar("P", bound=Phase)


@contextlib.contextmanager
def _phase(phase: P) -> t.Iterator[P]:
    """Time one phase; what its block puts into the yielded dictionary is what was learnt."""
    seen = t.cast(t.Dict[str, t.Any], phase)
    started = time.monotonic()
    try:
        yield phase
        seen.update(ok=True, cause="ok")
    except OtlpError as error:
        seen.update(error.seen, ok=False, cause=error.cause)
        raise
    finally:
        seen["ms"] = round((time.monotonic() - started) * 1000, 1)


def _reach(options: Options, phases: Phases, deadline: Deadline) -> Route:
    endpoint = options.endpoint
    grpc = options.protocol == GRPC
    proxy = proxy_for(endpoint, grpc, options.proxies)
    tunnel = endpoint.tls or grpc
    host, port = (proxy.host, proxy.port) if proxy else (endpoint.host, endpoint.port)
    where = proxy.url if proxy else endpoint.authority
    # With a proxy, some time is kept to find out whether it goes without.
    until = deadline.part(0.7) if proxy else deadline
    try:
        with _phase(phases["dns"]) as asked:
            asked["host"] = host
            addresses = resolve(host, port, until)
            asked["addresses"] = [address.text for address in addresses]
        with _phase(phases["tcp"]) as seen:
            seen["port"] = port
            if proxy:
                seen["proxy"], seen["proxy_variable"] = proxy.url, proxy.variable
                if proxy.scheme != "http":
                    words = f"the proxy {proxy.url} (from {proxy.variable}) is of a kind that this probe cannot use"
                    raise OtlpError("proxy_in_the_way", f"{words}: only http:// proxies can be used")
            sock, address, seen["tried"] = connect(addresses, where, until)
            seen["address"] = address.text
            with sock:
                if proxy and tunnel:
                    open_tunnel(sock, endpoint, proxy, until)
    except OtlpError as error:
        if not proxy:
            raise
        raise _proxy_failure(error, options, proxy.variable, phases, deadline) from None
    # The address that answered, so that no later phase waits for those that did not.
    return Route(endpoint, [address], options.tls, proxy, tunnel)


def _proxy_failure(error: OtlpError, options: Options, variable: str, phases: Phases, deadline: Deadline) -> OtlpError:
    """The same failure with the proxy named as its cause, and whether the endpoint can be reached without it."""
    endpoint = options.endpoint
    words = error.message if error.cause == "proxy_in_the_way" else f"{error.message} (the proxy that {variable} names)"
    try:
        connect(resolve(endpoint.host, endpoint.port, deadline), endpoint.authority, deadline)[0].close()
        direct = True
    except OtlpError:
        direct = False
    failed: t.Union[DnsPhase, TcpPhase] = phases["tcp"] if phases["tcp"]["ok"] is False else phases["dns"]
    failed["cause"], failed["direct"] = "proxy_in_the_way", direct
    if direct:
        words += f"; {endpoint.authority} can be reached without it, so no_proxy should name it"
    return OtlpError("proxy_in_the_way", words)


def _choose(route: Route, wanted: str, result: Result, deadline: Deadline) -> str:
    """The protocol phase; the protocol to export with."""
    phases = result["phases"]
    try:
        with _phase(phases["protocol"]) as seen:
            found = detect.sniff(route, wanted == GRPC, deadline)
            asked = route.proxy if not route.tunnel else None
            if wanted == AUTO and found.status == 404 and not asked:
                found = detect.prefer_grpc(route, found, deadline.part(0.3))
            result["detected"] = found.kind
            seen["status"], seen["server"] = found.status, found.server
            seen["http2"], seen["banner"] = found.http2, found.banner
            if asked and found.kind != "http":
                words = f"the proxy {asked.url} (from {asked.variable}) does not answer as an HTTP proxy does"
                raise OtlpError("proxy_in_the_way", words)
            return _judge(route, found, wanted)
    except OtlpError as error:
        if error.cause in _CLIENT_CERTIFICATE:  # TLS 1.3 says so only after the handshake
            phases["tls"].update({"ok": False, "cause": error.cause})
            phases["protocol"].update({"ok": None, "cause": "not_run"})
        raise


def _judge(route: Route, found: detect.Sniffed, wanted: str) -> str:
    """The wanted protocol, or for `auto` the one that is spoken; OtlpError when it is not spoken."""
    where = route.where
    if found.kind == "silent":
        raise OtlpError("response_timeout", f"{where} takes the connection but answers neither HTTP nor gRPC in time")
    if found.kind == "closed":
        raise OtlpError("connection_reset", f"{where} takes the connection and closes it without an answer")
    if found.kind == "tls":
        raise OtlpError("tls_required", f"{where} speaks TLS: use https://{route.endpoint.authority}")
    if found.kind == "other":
        raise OtlpError("protocol_mismatch", f"{where} speaks neither HTTP nor gRPC: it says '{found.banner}'")
    if wanted == AUTO:
        return GRPC if found.kind == "grpc" else HTTP_PROTOBUF
    if found.kind == "grpc" and wanted != GRPC:
        raise OtlpError("protocol_mismatch", f"{where} speaks gRPC, not {wanted}")
    # A status that this probe cannot read may be a gateway's; the export will tell then.
    if found.kind == "http" and wanted == GRPC and not (found.http2 and found.status is None):
        raise OtlpError("protocol_mismatch", f"{where} speaks {'HTTP/2' if found.http2 else 'HTTP/1'}, but not gRPC")
    return wanted


def _canaries(options: Options, count: int, now: float) -> t.List[Span]:
    """`count` spans of a millisecond: each the root of a trace of its own, or all children of the traceparent."""
    end = int(now * 1e6) * 1000  # a float has no room for nanoseconds since 1970
    trace_id, parent_id = options.parent or (b"", b"")
    return [
        Span(
            trace_id or _trace_id(options, number),
            os.urandom(8),
            parent_id,
            "traceops canary",
            end - 1_000_000,
            end,
            options.attributes,
        )
        for number in range(count)
    ]


def _trace_id(options: Options, number: int) -> bytes:
    return bytes.fromhex(canary.trace_id(*options.canary, number)) if options.canary else os.urandom(16)


def _export(
    route: Route, protocol: str, body: bytes, headers: t.Mapping[str, str], gzipped: bool, deadline: Deadline
) -> ExportPhase:
    if protocol == GRPC:
        from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp import grpc as _otlp_grpc

        metadata = {name.lower(): value for name, value in headers.items()}
        return t.cast(ExportPhase, _otlp_grpc.export(route, body, metadata, gzipped, deadline))
    is_json = protocol == HTTP_JSON
    kind = http.JSON if is_json else http.PROTOBUF
    if gzipped:
        import gzip

        body, headers = gzip.compress(body), {**headers, "Content-Encoding": "gzip"}
    answer = http.post(route, body, kind, headers, deadline)
    seen = http.judge(route, answer, is_json)
    # Only a browser asks for it, which gives its own header Origin.
    origin = next((value for name, value in headers.items() if name.lower() == "origin"), None)
    if origin is not None:
        seen["origin_allowed"] = answer.headers.get("access-control-allow-origin") in ("*", origin)
    return t.cast(ExportPhase, seen)
