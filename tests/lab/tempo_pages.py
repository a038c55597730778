"""Tempo's operator pages by version: the recorded ones with this instance's addresses, and live counters.

The pages are long and say much that a lab has no opinion about (defaults, module names), so they come from the
recordings that the contract test replays; what the lab can know for itself replaces what was recorded.
"""

from __future__ import annotations

import functools
import json
import re
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.traceops.tracing.tests.lab.otlp import Limits, idle_seconds, version_of
from ansible_collections.traceops.tracing.tests.lab.store import Store

RECORDINGS = Path(__file__).parents[1] / "contract" / "recordings"
Samples = t.List[t.Tuple[t.Dict[str, str], float]]
# Families of the recorded page that describe the instance, not what happened to it.
_CONSTANT = ("tempo_build_info", "tempo_limits_defaults", "tempo_ring_members", "tempodb_work_queue_max")

# Families by tenant that the recorded page lacks: nothing had failed, no block was written, no generator ran.
_ABSENT = (
    "tempodb_blocklist_poll_errors_total",
    "tempodb_blocklist_tenant_index_builder",
    "prometheus_remote_storage_samples_total",
    "prometheus_remote_storage_samples_retried_total",
)


@functools.lru_cache(maxsize=None)
def recording(name: str) -> dict[str, t.Any]:
    """A recording by product and version, `tempo-2.10.8`."""
    loaded: dict[str, t.Any] = json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def recorded_body(profile: str, path: str) -> str:
    for exchange in recording(f"tempo-{profile}")["exchanges"]:
        if exchange.get("request", {}).get("path") == path:
            return str(exchange["response"]["body"])
    raise KeyError(path)


def services(parts: t.Sequence[str]) -> str:
    """/status/services of a process in which these parts run, in the form of all versions."""
    width = max(len(part) for part in (*parts, "SERVICE NAME"))
    line = f"+{'-' * (width + 2)}+---------+--------------+\n"
    rows = "".join(f"| {part:<{width}} | Running |              |\n" for part in sorted(parts))
    return f"GET /status/services\n{line}| {'SERVICE NAME':<{width}} |  STATUS | FAILURE CASE |\n{line}{rows}{line}"


def member(address: str, state: str) -> dict[str, t.Any]:
    """A member of a ring as its page has it in JSON (2.10.8 and 3.0.3)."""
    return {"id": "vm", "state": state, "address": address, "read_only": False, "zone": "", "tokens": []}


@dataclass(frozen=True)
class Settings:
    """What an instance shows of itself."""

    profile: str
    http_port: int
    otlp_grpc_port: int
    otlp_http_port: int
    multitenant: bool
    stream_over_http: bool
    search_delay: float
    limits: Limits


def _overrides(changed: dict[str, int]) -> str:
    groups: dict[str, str] = {}
    for name, value in changed.items():
        group = "global" if name == "max_bytes_per_trace" else "ingestion"
        groups[group] = groups.get(group, "") + f"            {name}: {value}\n"
    return "".join(f"        {group}:\n{body}" for group, body in sorted(groups.items()))


def config(settings: Settings, mode: str) -> str | None:
    """The body of /status/config; None for a mode that Tempo does not know."""
    if mode not in ("", "diff", "defaults"):
        return None
    body = recorded_body(settings.profile, "/status/config?mode=diff" if mode == "diff" else "/status/config")
    if mode == "defaults":
        return body
    ports = {"23200": settings.http_port, "24317": settings.otlp_grpc_port, "24318": settings.otlp_http_port}
    body = re.sub(rf"\b({'|'.join(ports)})\b", lambda match: str(ports[match.group()]), body)
    flags = {"multitenancy_enabled": settings.multitenant, "stream_over_http_enabled": settings.stream_over_http}
    lines = [f"{name}: true\n" for name, on in flags.items() if on]
    changed = {name: value for name, value in vars(settings.limits).items() if value and name != "of_tenant"}
    if mode == "diff":
        if changed:
            lines.append("overrides:\n    defaults:\n" + _overrides(changed))
        head, _unused, blocks = body.partition("---\n")
        return head + "---\n" + "".join(sorted([*re.split(r"(?m)^(?=\S)", blocks), *lines])).lstrip("\n")
    for name, value in changed.items():
        body = re.sub(rf"(?m)^( +{name}): .*$", rf"\1: {value}", body)
    body = re.sub(r"(?m)^( +query_end_cutoff): .*$", rf"\1: {settings.search_delay:g}s", body)
    if not settings.search_delay:
        body = re.sub(r"(?m)^( +(?:trace_idle_period|max_trace_idle|flush_check_period)): .*$", r"\1: 0s", body)
    return body.replace('http_api_prefix: ""\n', "".join(lines) + 'http_api_prefix: ""\n', 1)


def _live(store: Store, profile: str) -> dict[str, Samples]:
    version = version_of(profile)
    receiver = "" if version < (2, 7) else "otlp/otlp_receiver"

    def by_tenant(name: str) -> Samples:
        return [({"tenant": tenant}, n) for (tenant,), n in sorted(store.counted(name).items())]

    def by_transport(name: str) -> Samples:
        counted = store.counted(name)
        if not (store.counted("accepted") or store.counted("refused")):
            return []
        return [
            ({"receiver": receiver, "transport": transport}, counted.get((transport,), 0))
            for transport in ("grpc", "http")
        ]

    discarded = store.counted("discarded")
    if (2, 7) <= version < (3,):  # its ingester answers name by name, so these exist from the first push on
        for (tenant,) in store.counted("spans_received"):
            for reason in ("live_traces_exceeded", "trace_too_large", "unknown_error"):
                discarded.setdefault((reason, tenant), 0)
    received = by_tenant("bytes_received")
    live = {tenant: store.live(tenant, idle_seconds(version)) for tenant in sorted(store.tenants)}
    kept = {tenant: sum(trace.size for trace in traces.values()) for tenant, traces in sorted(store.tenants.items())}
    where = "live_store" if version >= (3,) else "ingester"
    return {
        "process_start_time_seconds": [({}, store.started)],
        "tempo_discarded_spans_total": [
            ({"reason": reason, "tenant": tenant}, n) for (reason, tenant), n in sorted(discarded.items())
        ],
        "tempo_distributor_spans_received_total": by_tenant("spans_received"),
        "tempo_distributor_bytes_received_total": received,
        "tempo_distributor_ingress_bytes_total": received,
        f"tempo_{where}_traces_created_total": by_tenant("traces_created"),
        f"tempo_{where}_live_traces": [({"tenant": tenant}, len(traces)) for tenant, traces in live.items()],
        f"tempo_{where}_live_trace_bytes": [
            ({"tenant": tenant}, sum(trace.size for trace in traces)) for tenant, traces in live.items()
        ],
        f"tempo_{where}_bytes_received_total": [
            ({"data_type": "trace", "tenant": tenant}, size) for tenant, size in kept.items()
        ],
        "tempo_live_store_ready": [({}, 1)],
        "tempo_receiver_accepted_spans": by_transport("accepted"),
        "tempo_receiver_refused_spans": by_transport("refused"),
        "tempo_warnings_total": _warnings(store, version),
        "tempo_request_duration_seconds_count": [
            ({"method": method, "route": route, "status_code": status, "ws": "false"}, n)
            for (method, route, status), n in sorted(store.counted("requests").items())
        ],
    }


def _warnings(store: Store, version: tuple[int, ...]) -> Samples:
    reasons: dict[tuple[str, str], int] = {}
    slack = 2 * 60e9  # ingestion_time_range_slack
    for tenant, traces in store.tenants.items():
        for trace in traces.values():
            ids = {span.span_id for _unused, span in trace.spans()}
            parents = [span.parent_span_id for _unused, span in trace.spans()]
            late = abs(trace.start - trace.received * 1e9) > slack
            found = {
                "outside_ingestion_time_slack": late and version < (3,),
                "rootless_trace_flushed_to_wal": all(parents) and version >= (2, 7),
                "disconnected_trace_flushed_to_wal": any(p and p not in ids for p in parents) and version >= (2, 7),
            }
            for reason, applies in found.items():
                if applies:
                    reasons[reason, tenant] = reasons.get((reason, tenant), 0) + 1
    return [({"reason": reason, "tenant": tenant}, n) for (reason, tenant), n in sorted(reasons.items())]


_FAR_S = (300.0, 1800.0, 3600.0)  # the bounds of the histograms of distances


def _distances(store: Store) -> str:
    """How far from their arrival spans end (2.9 and later), where one is further than the recorded page's were."""
    measured: dict[tuple[str, str], list[float]] = {}
    for tenant, traces in sorted(store.tenants.items()):
        for trace in traces.values():
            for _unused, span in trace.spans():
                ahead = span.end_time_unix_nano / 1e9 - trace.received
                measured.setdefault(("future" if ahead > 0 else "past", tenant), []).append(abs(ahead))
    out = []
    for (word, tenant), seconds in sorted(measured.items()):
        if max(seconds) <= _FAR_S[0]:
            continue
        name = f"tempo_spans_distance_in_{word}_seconds"
        out.append(f"# TYPE {name} histogram\n")
        for bound in (*_FAR_S, float("inf")):
            shown = "+Inf" if bound == float("inf") else f"{bound:g}"
            within = sum(each <= bound for each in seconds)
            out.append(f'{name}_bucket{{tenant="{tenant}",le="{shown}"}} {within}\n')
        out.append(_sample(f"{name}_sum", {"tenant": tenant}, sum(seconds)))
        out.append(_sample(f"{name}_count", {"tenant": tenant}, len(seconds)))
    return "".join(out)


def _sample(name: str, labels: dict[str, str], value: float) -> str:
    inside = ",".join(f'{key}="{labels[key]}"' for key in sorted(labels))
    shown = repr(value) if isinstance(value, float) and not value.is_integer() else str(int(value))
    return f"{name}{{{inside}}} {shown}\n" if labels else f"{name} {shown}\n"


def metrics(store: Store, profile: str) -> str:
    """/metrics with the families of that version; counters that the lab does not drive stay at zero."""
    with store.lock:
        live = _live(store, profile)
    out: list[str] = []
    head: list[str] = []  # HELP and TYPE lines wait for a sample: a family without one is not shown
    done = set()
    for line in recording(f"tempo-{profile}")["metrics_after_ingest"].splitlines():
        if line.startswith("#"):
            head = [line + "\n"] if line.startswith("# HELP") else [*head, line + "\n"]
            continue
        name = re.split(r"[{ ]", line, maxsplit=1)[0]
        if name in live:
            samples = [] if name in done else [_sample(name, labels, value) for labels, value in live[name]]
            done.add(name)
        elif name.startswith(_CONSTANT):
            samples = [line + "\n"]
        else:
            samples = [line.rpartition(" ")[0] + " 0\n"]
        if samples:
            out += [*head, *samples]
            head = []
    for name in _ABSENT:
        counted = store.counted(name)
        if counted:
            out.append(f"# TYPE {name} counter\n")
            out += [_sample(name, {"tenant": tenant}, count) for (tenant,), count in sorted(counted.items())]
    with store.lock:
        return "".join(out) + (_distances(store) if version_of(profile) >= (2, 9) else "")
