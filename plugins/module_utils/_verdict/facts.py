# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows from the evidence by rules that no condition should spell out; checks see it as `facts`.

Pure functions of what a check sees anyway. A fact says what is so, never whether it is a fault.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import addresses
from ansible_collections.traceops.tracing.plugins.module_utils._base.nested import nested
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.topology import Topology
from ansible_collections.traceops.tracing.plugins.module_utils._otel import canary, programs, velostream
from ansible_collections.traceops.tracing.plugins.module_utils._otel.sdks import Sdk
from ansible_collections.traceops.tracing.plugins.module_utils._probe.containers import Container
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import handles, logged, losses, way
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.handles import Handle
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.losses import Losses
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.opening import Opening, opening
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.presence import Unsteady, unsteady
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.tempo_said import Said, said

Labels = t.Mapping[str, t.Any]

PRINTED_TO = 0.000501  # Velostream prints its percentage with one decimal


class Sampling(t.TypedDict):
    """The sampling ratio that an application is configured with, and what comes of it."""

    ratio: float  # 0 to 1
    percent: float
    source: str  # where it is said
    velostream: bool  # its own sampler decides: a dice per record, then the SDK's
    off: bool  # the program records no new trace at this ratio, or was told to record none
    always_off: bool  # by its name the sampler is meant to record nothing
    recorded_percent: float  # of new traces


class Endpoint(t.TypedDict):
    """The endpoint that was tried, against the one that the process is configured with."""

    tried: str
    configured: str
    same: bool


class NamedContainer(Container):
    """A container as the probe describes it, with its name."""

    name: str


class Containers(t.TypedDict):
    """A host's containers by what runs in them."""

    tempo: t.List[NamedContainer]
    grafana: t.List[NamedContainer]


class HostFacts(t.TypedDict):
    containers: Containers
    network_shared: bool  # a container of Grafana reaches one of Tempo's
    found: t.Optional[way.HostWay]  # what was found of the path on the host
    tempo: Handle  # how Tempo is looked after
    grafana: Handle


class ApplicationFacts(HostFacts):
    way: t.Optional[way.Way]  # the path of its spans, as it was found
    sampling: t.Optional[Sampling]
    endpoint: t.Optional[Endpoint]
    tracing_logged: t.Optional[bool]  # the log has a line that only a program prints that traces
    log: logged.Log
    sdk: Sdk
    exports: logged.Exports
    collector_exports: logged.Exports  # by the collector's own log
    stored: bool  # Tempo has traces of the service


class Clocks(t.TypedDict):
    """The hosts' clocks against each other, in seconds."""

    compared: int
    ahead: str  # the host whose clock is furthest ahead
    behind: str
    apart_s: float
    apart_at_least_s: float  # less what both measurements may be wrong by
    apart_at_most_s: float


class Ratios(t.TypedDict):
    """The configured sampling ratios of all applications behind a backend; null where none is known."""

    low: t.Optional[float]
    high: t.Optional[float]
    velostream: t.Optional[float]  # the highest of those that Velostream samples with
    off: bool  # one of them records no new trace at all


class Samplers(t.TypedDict):
    """The ratio samplers that stored trace ids show beyond doubt."""

    sdks: t.List[str]
    ratios: t.List[float]
    in_series: bool


class FarSpans(t.TypedDict):
    """Spans whose time is far from the time at which they came, since Tempo started."""

    ahead: int
    behind: int
    warned: int  # Tempo's own warnings, where it does not measure
    percent: float  # of what it received


class Disk(t.TypedDict):
    """A volume of Tempo's that the spans that come would fill."""

    container: str
    destination: str
    days: float  # until it is full, at half the rate of bytes since Tempo started: blocks are compressed
    kept_days: float  # how long traces are kept


class BackendFacts(t.TypedDict):
    clocks: t.Optional[Clocks]
    ratios: Ratios
    samplers: Samplers
    endpoints_tried: t.List[str]
    endpoints_connected: int
    exports_failing: bool  # by an application's log
    uses_the_name: bool  # an application says that it reports under the very name that is searched for
    behind_loopback: t.List[str]  # endpoints that fail as they do behind a receiver on Tempo's own loopback
    grafana_containers: t.List[str]  # running, with a network of their own
    foreign_port: t.Optional[str]  # whose well-known port the data source's is, when it is not that of Tempo's API
    losses: Losses
    said: t.List[Said]  # what Tempo said of itself, by what it means
    ring: t.Optional[Said]  # that its parts do not find each other
    stored: t.Optional[Said]  # that its storage fails
    asked: t.Optional[Said]  # that a query fails
    start: t.Optional[Said]  # that it does not start, by its own log
    far_spans: FarSpans
    gone: t.Optional[Unsteady]  # a Tempo that did not stay there while it was looked at
    polls_failing: bool  # Tempo cannot list its blocks, or not in one of ten tries
    disks: t.List[Disk]  # of Tempo's containers, that would be full before traces are deleted
    opening: t.Optional[Opening]  # how reading traces by id went
    tempo: Handle  # how Tempo is looked after
    grafana: Handle
    data_source_file: t.Optional[str]  # FILE:LINE that has the data source
    shown: t.Optional[way.Shown]  # the data sources that were found, against the Tempo that is fed
    only_canaries: bool  # other tenants have spans, this one nothing but the diagnosis' own


class Source(t.NamedTuple):
    """What a fact is made of, and the words where that does not tell it."""

    labels: t.Tuple[str, ...]
    untold: str


# Of facts that can be null.
SOURCES: t.Dict[str, Source] = {
    "sampling": Source(("logs", "environment"), "neither the log nor the process tells a sampling ratio"),
    "endpoint": Source(("environment", "otlp"), "the process's own endpoint is not known"),
    "clocks": Source(("hosts",), "the clock of one host at most was compared with Tempo's"),
    "opening": Source(("by_id",), "no trace was read by its id"),
    "gone": Source(("tempo_info",), "whoever asked Tempo was answered, or nobody was"),
    "found": Source(("discover",), "nobody looked around on the host"),
    "way": Source(("discover",), "discovery did not find this application"),
    "data_source_file": Source(("hosts",), "no file that was found has the data source"),
    "shown": Source(("hosts",), "discovery did not find both a Tempo that is fed and a data source"),
    "foreign_port": Source(("grafana",), "the data source's port is no other program's"),
}


# --- applications and hosts


def of_host(labels: Labels, host: str = "", path: t.Optional[Topology] = None) -> HostFacts:
    """The facts of a host, by its labels and the path that was found."""
    path = path or way.NOTHING
    found = _containers(labels)
    reached = {name for seen in found["grafana"] for name in seen.get("reaches") or {}}
    return {
        "containers": found,
        "network_shared": any(seen["name"] in reached for seen in found["tempo"]),
        "found": way.of_host(labels, host, path),
        "tempo": handles.of("tempo", [host], path, _named(found["tempo"])),
        "grafana": handles.of("grafana", [host], path, _named(found["grafana"])),
    }


def _containers(labels: Labels) -> Containers:
    return containers(nested(labels, "containers", "containers"))


def _named(seen: t.Sequence[NamedContainer]) -> t.List[str]:
    return [each["name"] for each in seen]


def of_application(
    labels: Labels,
    backend: Labels,
    settings: Labels,
    host: str = "",
    path: t.Optional[Topology] = None,
    finished: t.Any = None,
    its_host: t.Optional[HostFacts] = None,
) -> ApplicationFacts:
    """The facts of an application, by the labels of it and of its host, those of its backend, and its settings.

    `path` is the one that was found, `finished` when the run ended, `its_host` what `of_host` said of its host.
    """
    path = path or way.NOTHING
    its_host = its_host or of_host(labels, host, path)
    its_way = way.of_application(labels, host, settings, path, finished)
    return {
        "containers": its_host["containers"],
        "network_shared": its_host["network_shared"],
        "found": its_host["found"],
        "tempo": handles.of(
            "tempo", [host], path, _named(its_host["containers"]["tempo"]), its_way["tempo"] if its_way else ""
        ),
        "grafana": its_host["grafana"],
        "way": its_way,
        "sampling": sampling(labels),
        "endpoint": endpoint(labels),
        "tracing_logged": tracing_logged(labels),
        "log": logged.log(labels),
        "sdk": logged.sdk(labels),
        "exports": logged.exports(labels, backend, settings),
        "collector_exports": logged.exports({"logs": labels.get("collector_logs")}, backend, settings),
        "stored": logged.stored(backend, settings),
    }


def sampling(labels: Labels) -> t.Optional[Sampling]:
    """The configured ratio: what the application's log says that it started with, else what its process has."""
    logged = _logged_ratio(nested(labels, "logs", "patterns"))
    if logged is not None:
        return _sampled(logged, "the application's log", True, False)
    ratio = _number(nested(labels, "environment", "effective", "ratio", "value"))
    if ratio is None:
        return None
    sampler = nested(labels, "environment", "effective", "sampler") or {}
    source = str(nested(labels, "environment", "effective", "ratio", "from"))
    its_own = sampler.get("from") == "velostream"
    return _sampled(ratio, source, its_own, not its_own and "always_off" in str(sampler.get("value")))


def _logged_ratio(patterns: t.Any) -> t.Optional[float]:
    """The ratio of Velostream's start: the sampler's own percentage, exactly where the configuration agrees."""
    percent = _since_start(patterns, "sampling_ratio", "percent")
    exact = _since_start(patterns, "tracing_config", "ratio")
    if percent is None or (exact is not None and abs(exact - percent / 100) <= PRINTED_TO):
        return exact
    return percent / 100


def _since_start(patterns: t.Any, name: str, capture: str) -> t.Optional[float]:
    said = _number(nested(patterns, name, "captures", capture, "last"))
    return said if nested(patterns, name, "count_since_start") else None


def _sampled(ratio: float, source: str, its_own: bool, always_off: bool) -> Sampling:
    recorded = velostream.recorded(ratio) if its_own else ratio
    return {
        "ratio": ratio,
        "percent": round(100 * ratio, 6),
        "source": source,
        "velostream": its_own,
        "off": recorded == 0,
        "always_off": always_off,
        "recorded_percent": round(100 * recorded, 6),
    }


_TRACING = (
    *("tracing_initializing", "tracing_enabled", "tracer_initialized", "tracing_config", "exporter_created"),
    *("exporter_failed", "observability_failed", "observability_ready", "noop_mode", "in_memory_mode"),
    *("export_failed", "export_retry", "export_timed_out", "export_loop_started", "export_succeeded_unreliable"),
    *("span_started", "span_completed", "span_failed", "span_finished", "traceparent", "trace_context"),
    *("endpoint_option", "service_name", "sampling_ratio", "sampling_mode_invalid", "adaptive_sampling"),
    *("batch_not_sampled", "queue_drop", "channel_closed", "observability_started", "stopped", "sdk_heard"),
    *("invalid_span_context", "traceparent_malformed"),
)


def tracing_logged(labels: Labels) -> t.Optional[bool]:
    """Since the last start; null where no log was looked through for such lines."""
    patterns = nested(labels, "logs", "patterns")
    known = [patterns[name] for name in _TRACING if name in patterns] if isinstance(patterns, dict) else []
    return any(nested(pattern, "count_since_start") for pattern in known) if known else None


def endpoint(labels: Labels) -> t.Optional[Endpoint]:
    """Null unless an endpoint was tried and the process's own is known."""
    tried, configured = nested(labels, "otlp", "endpoint"), nested(labels, "environment", "effective", "endpoint")
    if not isinstance(tried, str) or not isinstance(configured, dict) or configured.get("port") is None:
        return None
    found = addresses.split(tried)
    if found is None:
        return None
    same_host = bool(configured.get("loopback")) or found.host == configured.get("host")
    same = same_host and found.port == configured["port"]
    return {"tried": tried, "configured": str(configured.get("value")), "same": same}


def containers(found: t.Any) -> Containers:
    """By image and command first: a name is what somebody chose."""
    roles: Containers = {"tempo": [], "grafana": []}
    for name, seen in found.items() if isinstance(found, dict) else ():
        if not isinstance(seen, dict):
            continue
        role = programs.role_of(name, str(seen.get("image") or ""), str(seen.get("program") or ""))
        if role == "tempo":
            roles["tempo"].append(t.cast(NamedContainer, {**seen, "name": name}))
        elif role == "grafana":
            roles["grafana"].append(t.cast(NamedContainer, {**seen, "name": name}))
    return roles


# --- backends


def of_backend(
    backend: Labels,
    hosts: t.Mapping[str, Labels],
    applications: t.Sequence[Labels],
    settings: Labels,
    path: t.Optional[Topology] = None,
    origins: t.Sequence[str] = (),
) -> BackendFacts:
    """`applications` have the labels of their hosts as well; `settings` are those of the backend.

    `path` is the one that was found, `origins` the ids that its applications have there.
    """
    tried = [labels for labels in applications if nested(labels, "otlp", "phases")]
    words = said(backend, hosts.values(), applications)
    path = path or way.NOTHING
    shown = way.of_backend(origins, path)
    everywhere = [_containers(labels) for labels in hosts.values()]
    seen: Containers = {
        "tempo": [one for each in everywhere for one in each["tempo"]],
        "grafana": [one for each in everywhere for one in each["grafana"]],
    }
    return {
        "clocks": clocks(hosts),
        "ratios": ratios(applications),
        "samplers": samplers(nested(backend, "sampling_ratio", "by_id", "rules")),
        "endpoints_tried": sorted({str(nested(labels, "otlp", "endpoint")) for labels in tried}),
        "endpoints_connected": sum(1 for labels in tried if nested(labels, "otlp", "phases", "tcp", "ok")),
        "exports_failing": any(logged.exports(labels, backend, settings)["cause"] for labels in applications),
        "uses_the_name": bool(settings.get("service")) and settings["service"] in _names(applications),
        "behind_loopback": sorted({str(nested(e, "otlp", "endpoint")) for e in tried if _behind_loopback(e)}),
        "grafana_containers": [
            each["name"]
            for each in seen["grafana"]
            if each.get("running") and not re.match(r"host$|container:", str(each.get("network_mode")))
        ],
        "foreign_port": _FOREIGN_PORTS.get(nested(backend, "grafana", "settings", "url", "port")),
        "losses": losses.of_backend(backend),
        "said": words,
        "ring": next((each for each in words if each["side"] == "ring"), None),
        "stored": next((each for each in words if each["side"] in ("storage", "compaction")), None),
        "start": next((each for each in words if each["side"] == "start" and each["seen_in"] == "tempo_logs"), None),
        "asked": next((each for each in words if each["side"] == "query"), None),
        "far_spans": far_spans(nested(backend, "tempo_info", "counters")),
        "gone": unsteady(backend, hosts, applications),
        "polls_failing": polls_failing(nested(backend, "tempo_info")),
        "disks": disks(backend, hosts),
        "opening": opening(nested(backend, "by_id")),
        "data_source_file": way.data_source(path, nested(backend, "grafana", "datasource", "uid")),
        "shown": shown,
        "tempo": handles.of("tempo", list(hosts), path, _named(seen["tempo"]), shown["fed"][0] if shown else ""),
        "grafana": handles.of("grafana", list(hosts), path, _named(seen["grafana"])),
        "only_canaries": _only_canaries(backend),
    }


def polls_failing(info: t.Any) -> bool:
    """Whether polls for the list of blocks fail for good: a store that did not answer once is no fault."""
    if nested(info, "counters", "tenants_unlisted"):
        return True
    errors = _number(nested(info, "counters", "poll_errors")) or 0.0
    uptime, every = _number(nested(info, "counters", "uptime_s")), _number(nested(info, "config", "blocklist_poll_s"))
    return errors > 0 and (not uptime or not every or errors * every >= uptime / 10)


def clocks(hosts: t.Mapping[str, Labels]) -> t.Optional[Clocks]:
    """Null unless the clocks of two hosts were compared with Tempo's."""
    known = {
        name: (offset, _number(nested(labels, "clock", "error_s")) or 0.0)
        for name, labels in hosts.items()
        for offset in [_number(nested(labels, "clock", "offset_s"))]
        if offset is not None
    }
    if len(known) < 2:
        return None
    ahead, behind = max(known, key=lambda name: known[name][0]), min(known, key=lambda name: known[name][0])
    apart, error = known[ahead][0] - known[behind][0], max(error for _offset, error in known.values())
    return {
        "compared": len(known),
        "ahead": ahead,
        "behind": behind,
        "apart_s": round(apart, 3),
        "apart_at_least_s": round(apart - 2 * error, 3),
        "apart_at_most_s": round(apart + error, 3),
    }


def ratios(applications: t.Sequence[Labels]) -> Ratios:
    found = [each for each in map(sampling, applications) if each]
    its_own = [each["ratio"] for each in found if each["velostream"]]
    return {
        "low": min((each["ratio"] for each in found), default=None),
        "high": max((each["ratio"] for each in found), default=None),
        "velostream": max(its_own, default=None),
        "off": any(each["velostream"] and each["off"] for each in found),
    }


SURE = 1e-6  # the chance that unsampled ids look so


def samplers(rules: t.Any) -> Samplers:
    """Of the rules that the ids may follow, as the probe sampling_ratio tells them."""
    sure = [rule for rule in rules or [] if isinstance(rule, dict) and (rule.get("p_value") or 0.0) < SURE]
    # Half of what Java's rule looks at is the low digits': where those decide, Java's seems to hold, too.
    implied = {"java"} if any(rule.get("rule") == "low64" for rule in rules or []) else set()
    return {
        "sdks": [str(rule.get("sdk")) for rule in sure],
        "ratios": [rule["ratio"] for rule in sure if _number(rule.get("ratio")) is not None],
        "in_series": len([rule for rule in sure if rule.get("rule") not in implied]) > 1,
    }


def _names(applications: t.Sequence[Labels]) -> t.Set[t.Any]:
    logged = (
        nested(e, "logs", "patterns", "tracing_initializing", "captures", "service", "last") for e in applications
    )
    started = (nested(e, "environment", "effective", "service_name", "value") for e in applications)
    return {name for name in (*logged, *started) if isinstance(name, str)}


def _behind_loopback(labels: Labels) -> bool:
    """Whether the endpoint fails as one does whose receiver listens on Tempo's own loopback only."""
    cause, tried = nested(labels, "otlp", "cause"), str(nested(labels, "otlp", "endpoint"))
    if cause not in ("connection_reset", "connection_refused"):
        return False
    address = addresses.split(tried)
    if cause == "connection_reset" and re.search(r":431[78](?:/|$)", tried):
        return True
    if nested(labels, "otlp", "phases", "export", "ok") is False and address and not addresses.leads_here(address.host):
        return True
    port = str(nested(labels, "otlp", "phases", "tcp", "port"))
    published = (
        address
        for seen in _containers(labels)["tempo"]
        for inside in ("4317/tcp", "4318/tcp")
        for address in (seen.get("ports") or {}).get(inside) or []
    )
    return any(str(address).rpartition(":")[2] == port for address in published)


_FOREIGN_PORTS: t.Dict[t.Any, str] = {
    3000: "Grafana's",
    3100: "Loki's",
    4317: "where spans are taken over gRPC",
    4318: "where spans are taken over HTTP",
    9090: "Prometheus'",
    9095: "Tempo's internal gRPC",
    9411: "Zipkin's",
    16686: "Jaeger's",
}


def far_spans(counters: t.Any) -> FarSpans:
    """By the histograms of Tempo 2.9 and later, and the warnings of those before 3.0."""
    ahead, behind = (int(_number(nested(counters, name)) or 0) for name in ("spans_ahead", "spans_behind"))
    warned = int(_number(nested(counters, "warnings", "outside_ingestion_time_slack")) or 0)
    received = _number(nested(counters, "received")) or 0.0
    far = max(ahead + behind, warned)
    return {
        "ahead": ahead,
        "behind": behind,
        "warned": warned,
        "percent": round(min(100.0, 100 * far / received), 1) if received else (100.0 if far else 0.0),
    }


_DAY_S = 86400.0
_COMPRESSED = 0.5  # what a span takes in a block, of what it took when it came; as a rule less


def disks(backend: Labels, hosts: t.Mapping[str, Labels]) -> t.List[Disk]:
    """Only where Tempo keeps its blocks on disk, and ran for an hour: before, its rate says little."""
    uptime = _number(nested(backend, "tempo_info", "counters", "uptime_s")) or 0.0
    came = _number(nested(backend, "tempo_info", "counters", "bytes_received"))
    kept = _number(nested(backend, "tempo_info", "config", "retention_s"))
    local = nested(backend, "tempo_info", "config", "storage_backend") == "local"
    if not local or uptime < 3600 or not came or not kept:
        return []
    return [
        {
            "container": str(seen["name"]),
            "destination": str(mount.get("destination")),
            "days": round(days, 1),
            "kept_days": round(kept / _DAY_S, 1),
        }
        for labels in hosts.values()
        for seen in _containers(labels)["tempo"]
        for mount in seen.get("mounts") or []
        for free in [_number(nested(mount, "host", "free"))]
        if free is not None
        for days in [free / (_COMPRESSED * came / uptime) / _DAY_S]
        if days < kept / _DAY_S
    ]


def _only_canaries(backend: Labels) -> bool:
    tenants = nested(backend, "tempo_info", "counters", "tenants")
    search = nested(backend, "tempo_search") or {}
    others = [name for name in search.get("services") or [] if name != canary.SERVICE]
    return isinstance(tenants, dict) and len(tenants) > 1 and search.get("count") == 0 and not others


def _number(value: t.Any) -> t.Optional[float]:
    if isinstance(value, str):
        return velostream.number(value)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
