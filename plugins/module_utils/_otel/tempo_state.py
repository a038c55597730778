# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings and counters of Tempo that decide whether a trace can be seen; their names by version are here."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import addresses
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean
from ansible_collections.traceops.tracing.plugins.module_utils._otel.metrics_text import Metrics, by_label, total
from ansible_collections.traceops.tracing.plugins.module_utils._otel.times import seconds

Flat = t.Mapping[str, str]


class Limits(t.TypedDict, total=False):
    """The defaults for all tenants, each null when the configuration does not show it."""

    rate_limit_bytes: t.Optional[int]
    burst_size_bytes: t.Optional[int]
    max_traces_per_user: t.Optional[int]
    max_bytes_per_trace: t.Optional[int]
    max_bytes_per_tag_values_query: t.Optional[int]


class Generator(t.TypedDict):
    """Whether the generator runs (`storage`), where its metrics go, and whether any tenant may have processors."""

    storage: bool
    remote_write: bool
    processors: bool


class Config(t.TypedDict, total=False):
    """The settings that hide traces; each is null when the configuration does not show it."""

    retention_s: t.Optional[float]
    query_end_cutoff_s: t.Optional[float]
    max_search_range_s: t.Optional[float]
    query_backend_after_s: t.Optional[float]
    metrics_backend_after_s: t.Optional[float]
    trace_idle_s: t.Optional[float]
    flush_check_s: t.Optional[float]
    max_block_s: t.Optional[float]
    ingestion_slack_s: t.Optional[float]
    blocklist_poll_s: t.Optional[float]
    complete_block_timeout_s: t.Optional[float]
    search_delay_s: t.Optional[float]
    target: t.Optional[str]
    http_api_prefix: t.Optional[str]
    storage_backend: t.Optional[str]
    storage_path: t.Optional[str]
    per_tenant_overrides: t.Optional[str]
    receivers: t.Optional[t.Dict[str, str]]
    loopback_receivers: t.Optional[t.List[str]]
    limits: Limits
    multitenancy: t.Optional[bool]
    stream_over_http: t.Optional[bool]
    metrics_generator: t.Optional[Generator]


class Counters(t.TypedDict, total=False):
    """The counters of a span's way through Tempo, over all tenants; null when no process that was asked counts them."""

    accepted: t.Optional[int]
    refused: t.Optional[int]
    received: t.Optional[int]
    bytes_received: t.Optional[int]
    traces_created: t.Optional[int]
    live_traces: t.Optional[int]
    flush_failures: t.Optional[int]
    blocks_flushed: t.Optional[int]
    append_failures: t.Optional[int]
    lagged_requests: t.Optional[int]
    poll_errors: t.Optional[int]
    tenants_unlisted: t.Optional[int]
    remote_write_failed: t.Optional[int]
    remote_write_retried: t.Optional[int]
    remote_write_sent: t.Optional[int]
    blocklist: t.Optional[int]
    backend_bytes: t.Optional[int]
    backend_objects: t.Optional[int]
    retention_deleted: t.Optional[int]
    spans_ahead: t.Optional[int]
    spans_behind: t.Optional[int]
    discarded: t.Optional[t.Dict[str, int]]  # reason -> spans
    warnings: t.Optional[t.Dict[str, int]]  # reason -> times
    tenants: t.Optional[t.Dict[str, int]]  # tenant -> spans received
    discarded_total: t.Optional[int]
    discarded_by_tenant: t.Optional[t.Dict[str, t.Dict[str, int]]]  # tenant -> reason -> spans
    uptime_s: t.Optional[int]


class Rates(t.TypedDict, total=False):
    """Per second; null when absent, or when the process was restarted in between (a counter went back)."""

    accepted: t.Optional[float]
    refused: t.Optional[float]
    received: t.Optional[float]
    discarded_total: t.Optional[float]
    traces_created: t.Optional[float]


# Key -> where it is in the configuration, the first that exists. 2.x keeps fresh traces in ingesters (2.10 also shows
# the unused live_store), 3.x in live stores.
_SECONDS: t.Dict[str, t.Tuple[str, ...]] = {
    "retention_s": (
        "overrides.defaults.compaction.block_retention",
        "compactor.compaction.block_retention",
        "backend_worker.compaction.block_retention",
    ),
    "query_end_cutoff_s": ("query_frontend.query_end_cutoff", "query_frontend.search.query_end_cutoff"),
    "max_search_range_s": ("overrides.defaults.read.max_search_duration", "query_frontend.search.max_duration"),
    "query_backend_after_s": ("query_frontend.search.query_backend_after",),
    "metrics_backend_after_s": ("query_frontend.metrics.query_backend_after",),
    "trace_idle_s": ("ingester.trace_idle_period", "live_store.max_trace_idle"),
    "flush_check_s": ("ingester.flush_check_period", "live_store.flush_check_period"),
    "max_block_s": ("ingester.max_block_duration", "live_store.max_block_duration"),
    "ingestion_slack_s": ("storage.trace.wal.ingestion_time_range_slack",),
    "blocklist_poll_s": ("storage.trace.blocklist_poll",),
    # How long the process that took a trace keeps it after it wrote the block.
    "complete_block_timeout_s": ("ingester.complete_block_timeout", "live_store.complete_block_timeout"),
}
_LIMITS: t.Dict[str, str] = {
    "rate_limit_bytes": "overrides.defaults.ingestion.rate_limit_bytes",
    "burst_size_bytes": "overrides.defaults.ingestion.burst_size_bytes",
    "max_traces_per_user": "overrides.defaults.ingestion.max_traces_per_user",
    "max_bytes_per_trace": "overrides.defaults.global.max_bytes_per_trace",
    "max_bytes_per_tag_values_query": "overrides.defaults.read.max_bytes_per_tag_values_query",
}
_TEXTS: t.Dict[str, str] = {
    "target": "target",
    "http_api_prefix": "http_api_prefix",
    "storage_backend": "storage.trace.backend",
    "storage_path": "storage.trace.local.path",
    "per_tenant_overrides": "overrides.per_tenant_override_config",
}
_PROCESSORS = ("overrides.defaults.metrics_generator.processors", "overrides.metrics_generator_processors")
_RECEIVERS = "distributor.receivers."
_OTLP_PORTS = {"grpc": 4317, "http": 4318}


def settings(flat: Flat, otlp_bind: str) -> Config:
    """The settings that hide traces; each is null when the configuration does not show it.

    `otlp_bind` is where this version listens when a receiver has no endpoint.
    """
    known: t.Dict[str, t.Any] = {key: _seconds(flat, paths) for key, paths in _SECONDS.items()}
    known.update({key: clean(flat[path])[:200] if flat.get(path) else None for key, path in _TEXTS.items()})
    found = t.cast(Config, known)
    receivers = _receivers(flat, otlp_bind) if flat else None
    found["receivers"] = receivers
    found["loopback_receivers"] = (
        None if receivers is None else [name for name, bind in receivers.items() if _on_loopback(bind)]
    )
    found["limits"] = t.cast(Limits, {key: _integer(flat.get(path)) for key, path in _LIMITS.items()})
    # Both are left out of the page when they are off.
    found["multitenancy"] = _switch(flat, "multitenancy_enabled")
    found["stream_over_http"] = _switch(flat, "stream_over_http_enabled")
    found["search_delay_s"] = _search_delay(found)
    found["metrics_generator"] = _generator(flat) if flat else None
    return found


def _on_loopback(bind: str) -> bool:
    address = addresses.split(bind)
    return address is not None and addresses.is_loopback(address.host)


def _seconds(flat: Flat, paths: t.Iterable[str]) -> t.Optional[float]:
    known = [value for value in (seconds(flat.get(path)) for path in paths) if value is not None]
    # 0 in an override means that the general setting holds.
    return next((value for value in known if value), known[0] if known else None)


def _receivers(flat: Flat, otlp_bind: str) -> t.Dict[str, str]:
    """`otlp_grpc`, `otlp_http`, `zipkin` ... -> the address that the receiver listens on."""
    found: t.Dict[str, str] = {}
    for path, value in flat.items():
        if not path.startswith(_RECEIVERS):
            continue
        parts = path[len(_RECEIVERS) :].split(".")
        if len(parts) == 3 and parts[1] == "protocols":
            port = _OTLP_PORTS.get(parts[2]) if parts[0].split("/")[0] == "otlp" else None
            found.setdefault(f"{parts[0]}_{parts[2]}", f"{otlp_bind}:{port}" if port else "")
        elif len(parts) == 4 and parts[1] == "protocols" and parts[3] == "endpoint" and value:
            found[f"{parts[0]}_{parts[2]}"] = clean(value)[:100]
        elif len(parts) == 2 and parts[1] == "endpoint":
            found[parts[0]] = clean(value)[:100]
    return found


def _generator(flat: Flat) -> Generator:
    by_tenant = flat.get("overrides.per_tenant_override_config") or _switch(
        flat, "overrides.user_configurable_overrides.enabled"
    )
    return {
        "storage": bool(flat.get("metrics_generator.storage.path")),
        "remote_write": "metrics_generator.storage.remote_write" in flat,
        "processors": bool(by_tenant) or any(path in flat for path in _PROCESSORS),
    }


def _switch(flat: Flat, path: str) -> t.Optional[bool]:
    return flat.get(path) == "true" if flat else None


def _integer(text: t.Optional[str]) -> t.Optional[int]:
    try:
        return None if text is None else int(float(text))
    except (ValueError, OverflowError):
        return None


def _search_delay(found: Config) -> t.Optional[float]:
    """The seconds after which a search shows a span for sure; by its id the trace can be read at once."""
    idle, check = found["trace_idle_s"], found["flush_check_s"]
    if idle is None or check is None:
        return found["query_end_cutoff_s"]
    return float(max(idle + check, found["query_end_cutoff_s"] or 0.0))


# The parts of Tempo whose counters are read here, under the names of /status/services and of `target`. Metrics without
# labels are exposed by every process, those of parts that do not run in it, too: the names of metrics tell nothing.
TAKES_IN = ("distributor",)
KEEPS = ("ingester", "live-store", "block-builder")
GENERATES = ("metrics-generator",)
_WHOLE = ("all", "scalable-single-binary")

_SERVICE = re.compile(r"(?m)^\| ([a-z][a-z-]{2,40}?) *\| *\w+ *\|")


def parts(services_page: str, target: t.Optional[str]) -> t.List[str]:
    """The parts of Tempo that run in a process: by its page /status/services, else by `target`; [] when unknown."""
    listed = sorted(set(_SERVICE.findall(services_page)))
    if listed:
        return listed
    targets = [word for word in (target or "").split(",") if word]
    return [] if any(word in _WHOLE for word in targets) else sorted(targets)


def runs(running: t.Sequence[str], wanted: t.Tuple[str, ...]) -> bool:
    """Whether one of the `wanted` parts runs in the process; True as well when its parts are not known."""
    return not running or any(part in running for part in wanted)


def of_parts(config: Config, running: t.Sequence[str]) -> Config:
    """The settings without those of parts that do not run in the process: each process may have a file of its own."""
    found = config.copy()
    if not runs(running, TAKES_IN):
        found["receivers"] = found["loopback_receivers"] = None
        if not runs(running, GENERATES):
            found["metrics_generator"] = None
    if not runs(running, KEEPS):
        found["complete_block_timeout_s"] = None
    return found


class _Counter(t.NamedTuple):
    names: t.Tuple[str, ...]
    siblings: t.Tuple[str, ...]  # with one of these prefixes exposed, an absent counter was never incremented: 0
    counted_by: t.Tuple[str, ...] = ()  # the parts that count it; () is every part


_DISTRIBUTOR = ("tempo_distributor_", "tempo_receiver_")
_STORE = ("tempo_ingester_", "tempo_live_store_live", "tempo_live_store_ready")
_CREATED = ("tempo_ingester_traces_created_total", "tempo_live_store_traces_created_total")
_COUNTERS: t.Dict[str, _Counter] = {
    "accepted": _Counter(("tempo_receiver_accepted_spans",), _DISTRIBUTOR, TAKES_IN),
    "refused": _Counter(("tempo_receiver_refused_spans",), _DISTRIBUTOR, TAKES_IN),
    "received": _Counter(("tempo_distributor_spans_received_total",), _DISTRIBUTOR, TAKES_IN),
    "bytes_received": _Counter(("tempo_distributor_bytes_received_total",), _DISTRIBUTOR, TAKES_IN),
    "traces_created": _Counter(_CREATED, _STORE, KEEPS),
    "live_traces": _Counter(("tempo_ingester_live_traces", "tempo_live_store_live_traces"), _STORE, KEEPS),
    "flush_failures": _Counter(
        (
            "tempo_ingester_failed_flushes_total",
            "tempo_live_store_local_failed_flushes_total",
            "tempo_live_store_failed_completions_total",
        ),
        _STORE,
        KEEPS,
    ),
    "blocks_flushed": _Counter(
        (
            "tempo_ingester_blocks_flushed_total",
            "tempo_live_store_local_blocks_flushed_total",
            "tempo_block_builder_flushed_blocks",
        ),
        _STORE,
        KEEPS,
    ),
    # To ingesters (2.x), and to Kafka (3.0 in several processes).
    "append_failures": _Counter(
        ("tempo_distributor_ingester_append_failures_total", "tempo_distributor_produce_failures_total"),
        _DISTRIBUTOR,
        TAKES_IN,
    ),
    # A query that the live stores refused or answered in part, since they are behind Kafka (3.0).
    "lagged_requests": _Counter(("tempo_live_store_lagged_requests_total",), ()),
    # Polls for the list of blocks that failed: what was flushed since the last good one is not found.
    "poll_errors": _Counter(("tempodb_blocklist_poll_errors_total",), ("tempodb_blocklist_",)),
    # Samples of the metrics generator that its Prometheus did not take, and those that were sent again.
    "remote_write_failed": _Counter(("prometheus_remote_storage_samples_failed_total",), ("prometheus_remote_",)),
    "remote_write_retried": _Counter(("prometheus_remote_storage_samples_retried_total",), ("prometheus_remote_",)),
    "remote_write_sent": _Counter(("prometheus_remote_storage_samples_total",), ("prometheus_remote_",)),
    "blocklist": _Counter(("tempodb_blocklist_length",), ("tempodb_blocklist_",)),
    "backend_bytes": _Counter(("tempodb_backend_bytes_total",), ()),
    "backend_objects": _Counter(("tempodb_backend_objects_total",), ()),
    "retention_deleted": _Counter(("tempodb_retention_deleted_total",), ("tempodb_retention_",)),
}
# How far a span's end is from the moment at which it came (2.9 and later).
_DISTANCES = {
    "spans_ahead": "tempo_spans_distance_in_future_seconds",
    "spans_behind": "tempo_spans_distance_in_past_seconds",
}
_FAR_S = 300.0  # their first bucket
MAX_TENANTS = 50


def counters(metrics: Metrics, now: t.Optional[float], running: t.Sequence[str] = ()) -> Counters:
    """The counters of a process; `now` is its own clock, `running` are the parts that run in it."""
    found: t.Dict[str, t.Any] = {
        key: _count(metrics, counter) if not counter.counted_by or runs(running, counter.counted_by) else None
        for key, counter in _COUNTERS.items()
    }
    found["tenants_unlisted"] = _unlisted(metrics)
    found.update({key: _far(metrics, histogram) for key, histogram in _DISTANCES.items()})
    for key, name, label, counted_by in (
        ("discarded", "tempo_discarded_spans_total", "reason", TAKES_IN + KEEPS),
        ("warnings", "tempo_warnings_total", "reason", KEEPS),
        ("tenants", "tempo_distributor_spans_received_total", "tenant", TAKES_IN),
    ):
        sums = sorted(by_label(metrics, name, label).items(), key=lambda item: -item[1])[:MAX_TENANTS]
        known = bool(metrics) and runs(running, counted_by)
        found[key] = {clean(word)[:100]: _whole(value) for word, value in sums} if known else None
    found["discarded_total"] = None if found["discarded"] is None else sum(found["discarded"].values())
    found["discarded_by_tenant"] = None if found["discarded"] is None else _by_tenant(metrics)
    begun = total(metrics, "process_start_time_seconds")
    found["uptime_s"] = None if begun is None or now is None else max(0, round(now - begun))
    return t.cast(Counters, found)


def added(first: Counters, second: Counters) -> Counters:
    """The counters of two processes together; `uptime_s` is that of the one that started last."""
    both: t.Dict[str, t.Any] = _added(first, second)
    uptimes = [uptime for uptime in (first["uptime_s"], second["uptime_s"]) if uptime is not None]
    both["uptime_s"] = min(uptimes, default=None)
    return t.cast(Counters, both)


def _added(first: t.Any, second: t.Any) -> t.Any:
    if first is None or second is None:
        return second if first is None else first
    if isinstance(first, dict):
        return {key: _added(first.get(key), second.get(key)) for key in {**first, **second}}
    return first + second


def _by_tenant(metrics: Metrics) -> t.Dict[str, t.Dict[str, int]]:
    sums: t.Dict[str, t.Dict[str, int]] = {}
    for labels, value in metrics.get("tempo_discarded_spans_total", ()):
        tenant, reason = clean(labels.get("tenant", ""))[:100], clean(labels.get("reason", ""))[:100]
        if value and (tenant in sums or len(sums) < MAX_TENANTS):
            reasons = sums.setdefault(tenant, {})
            reasons[reason] = reasons.get(reason, 0) + _whole(value)
    return sums


def _count(metrics: Metrics, counter: _Counter) -> t.Optional[int]:
    value = total(metrics, *counter.names)
    if value is None:
        return 0 if counter.siblings and any(name.startswith(counter.siblings) for name in metrics) else None
    return _whole(value)


def _unlisted(metrics: Metrics) -> t.Optional[int]:
    """The tenants whose blocks this process lists for all, and never could: their length is shown after a good poll.

    A poll that fails for one tenant of few is no poll error (2.10.8 and 3.0.3).
    """
    if not any(name.startswith("tempodb_blocklist_") for name in metrics):
        return None
    listed = {labels.get("tenant") for labels, _length in metrics.get("tempodb_blocklist_length", ())}
    builds = metrics.get("tempodb_blocklist_tenant_index_builder", ())
    return len({labels.get("tenant") for labels, is_builder in builds if is_builder} - listed)


def _far(metrics: Metrics, histogram: str) -> t.Optional[int]:
    """The spans that were more than _FAR_S away; null where none was measured."""
    count = total(metrics, f"{histogram}_count")
    near = sum(value for labels, value in metrics.get(f"{histogram}_bucket", ()) if _bound(labels) == _FAR_S)
    return None if count is None else _whole(max(0.0, count - near))


def _bound(labels: t.Mapping[str, str]) -> t.Optional[float]:
    try:
        return float(labels.get("le", ""))
    except ValueError:
        return None


def _whole(value: float) -> int:
    return int(value) if abs(value) < 2**63 else 0


RATED = ("accepted", "refused", "received", "discarded_total", "traces_created")


def rates(before: Counters, after: Counters, elapsed: float) -> Rates:
    """Those of RATED."""
    found: t.Dict[str, t.Any] = {}
    for key in RATED:
        first, second = before.get(key), after.get(key)
        if isinstance(first, int) and isinstance(second, int) and second >= first and elapsed > 0:
            found[key] = round((second - first) / elapsed, 3)
        else:
            found[key] = None
    return t.cast(Rates, found)
