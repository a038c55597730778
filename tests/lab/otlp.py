"""OTLP receivers over HTTP and gRPC that accept, refuse and drop spans as Tempo's do, by version."""

from __future__ import annotations

import base64
import gzip
import json
import re
import typing as t
import zlib
from concurrent import futures
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from google.protobuf import json_format
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from ansible_collections.traceops.tracing.tests.lab.store import SINGLE_TENANT, Store, split_by_trace
from ansible_collections.traceops.tracing.tests.lab.wire import (
    ClosedPort,
    Credentials,
    Request,
    Response,
    as_json,
    demand,
    not_found,
    text,
)

PROTOBUF = "application/x-protobuf"
_TENANT = re.compile(r"[a-zA-Z0-9!\-_.*'()]*")
_IDS = {"traceId", "spanId", "parentSpanId"}


def version_of(profile: str) -> tuple[int, ...]:
    return tuple(int(part) for part in profile.split("-")[0].split("."))


def idle_seconds(version: tuple[int, ...]) -> float:
    """How long a trace stays live after its last span: trace_idle_period, max_trace_idle from 3.0 on."""
    return 10.0 if version < (2, 7) else 5.0


@dataclass(frozen=True)
class Limits:
    """Tempo's overrides under the names that its configuration gives them; 0 is unlimited.

    With `of_tenant` they are a tenant's own override, in which a rate limit of 0 is none at all.
    """

    rate_limit_bytes: int = 0
    burst_size_bytes: int = 0
    max_traces_per_user: int = 0
    max_bytes_per_trace: int = 0
    of_tenant: bool = False


class Refused(Exception):
    """An export that is answered with an error: HTTP status, gRPC code, text, seconds to wait."""

    def __init__(self, http: int, code: grpc.StatusCode, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.http, self.code, self.message, self.retry_after = http, code, message, retry_after

    def status(self) -> status_pb2.Status:
        status = status_pb2.Status(code=self.code.value[0], message=self.message)
        if self.retry_after is not None:
            info = error_details_pb2.RetryInfo()
            info.retry_delay.seconds = self.retry_after
            status.details.add().Pack(info)
        return status


def check_tenant(tenant: str) -> str:
    """The tenant, or ValueError with Tempo's words for a bad one."""
    bad = _TENANT.sub("", tenant, count=1)
    if bad:
        raise ValueError(f"tenant ID '{tenant}' contains unsupported character '{bad[0]}'")
    return tenant


@dataclass
class Distributor:
    """What stands behind both receivers. `keeps=False` accepts everything and stores nothing.

    `refuses` is the text with which every span is refused, as when nobody is in the ring to keep it (503, as 2.10.8
    and 3.0.3 answered).
    """

    store: Store
    profile: str
    multitenant: bool = False
    limits: Limits = field(default_factory=Limits)
    keeps: bool = True
    refuses: str = ""
    _tokens: float | None = None
    _filled: float = 0.0

    def __post_init__(self) -> None:
        self.version = version_of(self.profile)

    def export(self, request: ExportTraceServiceRequest, tenant: str | None, transport: str) -> None:
        """Store the request's spans; raises `Refused`. `transport` is http or grpc."""
        spans = [span for batch in request.resource_spans for scope in batch.scope_spans for span in scope.spans]
        try:
            if self.refuses:
                raise Refused(503, grpc.StatusCode.UNAVAILABLE, self.refuses)
            self._push(request, len(spans), self._tenant(tenant))
        except Refused:
            self.store.count("refused", transport, by=len(spans))
            raise
        self.store.count("accepted", transport, by=len(spans))

    def _tenant(self, tenant: str | None) -> str:
        if not self.multitenant:
            return SINGLE_TENANT
        if not tenant:
            if self.version < (2, 7):
                raise Refused(500, grpc.StatusCode.UNKNOWN, "no org id")
            raise Refused(503, grpc.StatusCode.UNAVAILABLE, "no org id")
        try:
            return check_tenant(tenant)
        except ValueError as error:
            raise Refused(400, grpc.StatusCode.INVALID_ARGUMENT, str(error)) from None

    def _push(self, request: ExportTraceServiceRequest, spans: int, tenant: str) -> None:
        size = sum(batch.ByteSize() for batch in request.resource_spans)
        self._limit_rate(size, spans, tenant)
        if not spans:
            return
        self.store.count("spans_received", tenant, by=spans)
        self.store.count("bytes_received", tenant, by=size)
        traces = split_by_trace(request.resource_spans)
        for trace_id in traces:
            if len(trace_id) != 16 or not any(trace_id):
                self._refuse_id(spans, tenant)
        for trace_id, batches in traces.items():
            for batch in batches:
                self._append(tenant, trace_id, batch)

    def _append(self, tenant: str, trace_id: bytes, batch: t.Any) -> None:
        spans = sum(len(scope.spans) for scope in batch.scope_spans)
        if not self.keeps:
            # From 2.10 on Tempo answers 200 and only this counter tells that live traces are refused. 2.3.1 answers
            # 500 in that case; the lab's 2.3.1 drops without any sign, since this fault is about silence.
            if self.version >= (2, 10):
                self.store.count("discarded", "live_traces_exceeded", tenant, by=spans)
            return
        live = {trace.trace_id: trace for trace in self.store.live(tenant, idle_seconds(self.version))}
        limit, size = self.limits, batch.ByteSize()
        old = self.version < (2, 7)
        if limit.max_traces_per_user and trace_id not in live and len(live) >= limit.max_traces_per_user:
            self.store.count("discarded", "live_traces_exceeded", tenant, by=spans)
            if old:
                raise Refused(
                    500,
                    grpc.StatusCode.FAILED_PRECONDITION,
                    f"LIVE_TRACES_EXCEEDED: max live traces exceeded for tenant {tenant}: per-user traces limit"
                    f" (local: {limit.max_traces_per_user} global: 0 actual local: {len(live)}) exceeded",
                )
            return
        stored = live[trace_id].size if trace_id in live else 0
        if limit.max_bytes_per_trace and stored + size > limit.max_bytes_per_trace:
            self.store.count("discarded", "trace_too_large", tenant, by=spans)
            if old:
                raise Refused(
                    500,
                    grpc.StatusCode.FAILED_PRECONDITION,
                    f"TRACE_TOO_LARGE: max size of trace ({limit.max_bytes_per_trace}) exceeded while adding"
                    f" {size} bytes to trace {trace_id.hex()} for tenant {tenant}",
                )
            return
        self.store.add(tenant, batch, trace_id, size)

    def use_up(self) -> None:
        """Spend the burst that the rate limit allows."""
        self._tokens, self._filled = 0.0, self.store.clock()

    def _limit_rate(self, size: int, spans: int, tenant: str) -> None:
        burst, rate = self.limits.burst_size_bytes, self.limits.rate_limit_bytes
        if not burst and not self.limits.of_tenant:
            return
        now = self.store.clock()
        tokens = burst if self._tokens is None else min(burst, self._tokens + (now - self._filled) * rate)
        self._filled = now
        self._tokens = tokens - size if size <= tokens else tokens
        if size <= tokens:
            return
        self.store.count("discarded", "rate_limited", tenant, by=spans)
        code = grpc.StatusCode.RESOURCE_EXHAUSTED
        if self.version < (2, 7):
            raise Refused(
                500,
                code,
                f"RATE_LIMITED: ingestion rate limit ({rate} bytes) exceeded"
                f" while adding {size} bytes for user {tenant}",
            )
        allowed = f"(local: {rate} bytes/s, global: 0 bytes/s, burst: {burst} bytes)"
        adding = f"while adding {size} bytes for user {tenant}."
        raise Refused(
            429,
            code,
            f"RATE_LIMITED: batch size ({size} bytes) exceeds ingestion limit {allowed} {adding} consider reducing"
            " batch size or increasing rate limit."
            if size > burst  # at no time would it pass
            else f"RATE_LIMITED: ingestion rate limit {allowed} exceeded {adding} consider increasing the limit or"
            " reducing ingestion rate.",
            retry_after=5 if self.version >= (3,) else None,
        )

    def _refuse_id(self, spans: int, tenant: str) -> None:
        if self.version < (2, 7):
            self.store.count("discarded", "internal_error", tenant, by=spans)
            raise Refused(500, grpc.StatusCode.INVALID_ARGUMENT, "trace ids must be 128 bit")
        if self.version >= (3,):  # 2.10 counts these nowhere
            self.store.count("discarded", "invalid_trace_id", tenant, by=spans)
        raise Refused(400, grpc.StatusCode.INVALID_ARGUMENT, "trace ids must be 128 bit, received 0 bits")


def http_app(distributor: Distributor, credentials: Credentials | None = None) -> t.Callable[[Request], Response]:
    """The OTLP/HTTP receiver: POST /v1/traces with protobuf or JSON, gzip or not."""

    def app(request: Request) -> Response:
        if request.path != "/v1/traces":
            return not_found()
        if request.method != "POST":
            return text(405, "405 method not allowed, supported: [POST]", "text/plain")
        kind = request.headers.get("Content-Type", "").split(";")[0].strip().lower()
        if kind not in (PROTOBUF, "application/json"):
            supported = "[application/json, application/x-protobuf]"
            return text(415, f"415 unsupported media type, supported: {supported}", "text/plain")
        try:
            message = _decode(_plain(request), kind)
            distributor.export(message, request.headers.get("X-Scope-OrgID"), "http")
        except Refused as refused:
            return _refusal(refused, kind)
        if kind == PROTOBUF:
            return Response(200, b"\n\x00", PROTOBUF)  # an ExportTraceServiceResponse with an empty partial_success
        return as_json(200, {"partialSuccess": {}})

    return demand(credentials, app)


def _plain(request: Request) -> bytes:
    encoding = request.headers.get("Content-Encoding", "").lower()
    try:
        if encoding == "gzip":
            return gzip.decompress(request.body)
        if encoding in ("deflate", "zlib"):
            return zlib.decompress(request.body)
    except (OSError, EOFError, zlib.error):
        raise Refused(400, grpc.StatusCode.INVALID_ARGUMENT, f"{encoding}: invalid header") from None
    if encoding:
        raise Refused(400, grpc.StatusCode.INVALID_ARGUMENT, f'unsupported "Content-Encoding": "{encoding}"')
    return request.body


def _decode(body: bytes, kind: str) -> ExportTraceServiceRequest:
    message = ExportTraceServiceRequest()
    try:
        if kind == PROTOBUF:
            message.ParseFromString(body)
        else:
            json_format.ParseDict(_with_base64_ids(json.loads(body or b"{}")), message, ignore_unknown_fields=True)
    except DecodeError:
        raise Refused(400, grpc.StatusCode.INVALID_ARGUMENT, _protobuf_error(body)) from None
    except (ValueError, TypeError, AttributeError, json_format.ParseError) as error:
        raise Refused(400, grpc.StatusCode.INVALID_ARGUMENT, f"ReadObject: {error}"[:200]) from None
    for batch in message.resource_spans:
        for scope in batch.scope_spans:
            for span in scope.spans:
                if len(span.trace_id) not in (0, 16):
                    raise Refused(400, grpc.StatusCode.INVALID_ARGUMENT, "unmarshal: invalid TraceID length")
                if len(span.span_id) not in (0, 8):
                    raise Refused(400, grpc.StatusCode.INVALID_ARGUMENT, "unmarshal: invalid SpanID length")
    return message


def _protobuf_error(body: bytes) -> str:
    wire_type = body[0] & 7 if body else 0
    return f"proto: illegal wireType {wire_type}" if wire_type in (6, 7) else "unexpected EOF"


def _with_base64_ids(value: t.Any) -> t.Any:
    """OTLP's JSON has ids in hex where protobuf's own mapping has base64."""
    if isinstance(value, list):
        return [_with_base64_ids(item) for item in value]
    if not isinstance(value, dict):
        return value
    out = {key: _with_base64_ids(item) for key, item in value.items()}
    for key in _IDS & out.keys():
        out[key] = base64.b64encode(bytes.fromhex(out[key])).decode()
    return out


def _refusal(refused: Refused, kind: str) -> Response:
    status = refused.status()
    if kind == PROTOBUF:
        response = Response(refused.http, status.SerializeToString(), PROTOBUF)
    else:
        response = as_json(refused.http, {"code": status.code, "message": status.message})
    if refused.retry_after is not None:
        response.headers["Retry-After"] = str(refused.retry_after)
    return response


class GrpcListener:
    """The OTLP/gRPC receiver on loopback. Raises OSError when the port is taken."""

    def __init__(
        self,
        distributor: Distributor,
        port: int = 0,
        *,
        tls: tuple[str, str] | None = None,
        credentials: Credentials | None = None,
    ) -> None:
        def export(request: ExportTraceServiceRequest, context: grpc.ServicerContext) -> ExportTraceServiceResponse:
            metadata = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
            if credentials and not credentials.accepts(metadata.get("authorization")):
                context.abort(grpc.StatusCode.UNAUTHENTICATED, "invalid or missing credentials")
            try:
                distributor.export(request, metadata.get("x-scope-orgid"), "grpc")
            except Refused as refused:
                context.abort(refused.code, refused.message)
            response = ExportTraceServiceResponse()
            response.partial_success.SetInParent()
            return response

        handler = grpc.unary_unary_rpc_method_handler(
            export,
            request_deserializer=ExportTraceServiceRequest.FromString,
            response_serializer=ExportTraceServiceResponse.SerializeToString,
        )
        service = "opentelemetry.proto.collector.trace.v1.TraceService"
        self._server = grpc.server(
            futures.ThreadPoolExecutor(max_workers=4),
            handlers=[grpc.method_handlers_generic_handler(service, {"Export": handler})],
            options=[("grpc.so_reuseport", 0)],  # or a taken port would be shared in silence
        )
        ClosedPort(port).stop()  # says in one OSError what grpcio would also log
        address = f"127.0.0.1:{port}"
        if tls:
            cert, key = (Path(path).read_bytes() for path in tls)
            self.port = self._server.add_secure_port(address, grpc.ssl_server_credentials([(key, cert)]))
        else:
            self.port = self._server.add_insecure_port(address)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._server.start()

    def stop(self) -> None:
        self._server.stop(grace=None).wait()
