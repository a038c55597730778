# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Tempo's words mean: from a text in its answers or logs (or in Grafana) to the cause and the setting.

Read in Tempo's source at v2.3.1, v2.7.2, v2.10.8 and v3.0.3, and looked up at the last patch release of every minor
version between 2.0 and 3.0 (`versions`); seen printed by servers or in public reports where these exist.
"""

from __future__ import annotations

import functools
import re
import typing as t


class Meaning(t.NamedTuple):
    """One text of Tempo's.

    `word` names it; `pattern` is for one line or body. `side` is what is broken: ring (parts do not find each other),
    ingest, storage, compaction, query, generator (traces are not touched) or start. `settings` is what to set, where
    it differs by version or product as "2.x: ... | 3.0: ...". `frame`: the text says where it failed, the rest of the
    line why. `harmless`: a healthy system prints it, too.
    """

    word: str
    side: str
    versions: str
    pattern: str
    cause: str
    settings: str
    frame: bool = False
    harmless: bool = False

    def setting(self, version: t.Optional[str] = None) -> str:
        """What to set; with a version ("2.10") only what that major version has."""
        major = (version or "").lstrip("v").partition(".")[0]
        told = self.settings.split(" | ")
        fitting = [each for each in told if not each[:1].isdigit() or _spans(each.partition(": ")[0], major or "0")]
        return "; ".join(fitting if major and fitting else told)


def _spans(versions: str, major: str) -> bool:
    """Whether `versions` ("2.x", "2.9 - 2.10", "2.x - 3.0") have the major one."""
    found = [int(number) for number in re.findall(r"(?<![.\d])(\d)\.", versions)]
    return not found or min(found) <= int(major) <= max(found)


def meaning(text: t.Any) -> t.Optional[Meaning]:
    """The meaning of a line or body, the most special one; None for words that are not known."""
    return _meaning(text[:MAX_TEXT]) if isinstance(text, str) and text else None


MAX_TEXT = 8192


@functools.lru_cache(maxsize=1024)  # the hosts of a fleet are told the same
def _meaning(text: str) -> t.Optional[Meaning]:
    return next((each for pattern, each in _compiled() if pattern.search(text)), None)


@functools.lru_cache(maxsize=1)
def _compiled() -> t.Tuple[t.Tuple[t.Pattern[str], Meaning], ...]:
    return tuple((re.compile(each.pattern), each) for each in MEANINGS)


# Special before general: the first match counts.
MEANINGS: t.Tuple[Meaning, ...] = (
    Meaning(
        "generators-ring-empty", "generator", "2.6 - 2.10",
        r"finding generators[^\n]{0,60}: empty ring",
        "No metrics-generator is in the ring, so TraceQL metrics (Drilldown, rate()) fail; searches and traces by"
        " id are not touched",
        "2.x: metrics_generator.storage.path, metrics_generator.traces_storage.path, "
        "overrides.defaults.metrics_generator.processors: [local-blocks]",
    ),
    Meaning(
        "live-store-ring-empty", "ring", "2.9 - 2.10 with query_live_store, 3.0",
        r"finding partition ring replicas: empty ring",
        "The querier knows no live-store partition: the live-stores have not joined the same ring, or the "
        "configuration is a 2.x one that a 3.0 binary runs",
        "3.0: live_store.partition_ring.kvstore.store, live_store.ring.kvstore.store, memberlist.join_members | "
        "2.9 - 2.10: querier.query_live_store (false by default)",
    ),
    Meaning(
        "ingester-ring-empty", "ring", "2.0 - 2.10",
        r"(getting replication set for ring \(\d+\)|finding ingesters in Querier\.\w+): empty ring",
        "The querier sees no ingester in the ring: memberlist is not joined, or the ingesters use another "
        "key-value store or prefix",
        "2.x: ingester.lifecycler.ring.kvstore.store: memberlist, memberlist.join_members",
    ),
    Meaning(
        "ring-empty", "ring", "2.0 - 3.0",
        r"\bempty ring\b",
        "A component looked for others in a hash ring and found none",
        "2.x: ingester.lifecycler.ring.kvstore.store, memberlist.join_members, "
        "ingester.lifecycler.ring.replication_factor | 3.0: live_store.partition_ring.kvstore.store, "
        "memberlist.join_members",
    ),
    Meaning(
        "partition-unhealthy", "ring", "2.7 - 3.0 (partition ring)",
        r"partition \d+: too many unhealthy instances in the ring",
        "Every live-store of a partition is gone or past its heartbeat, so recent data of that partition cannot "
        "be read",
        "3.0: live_store.ring.heartbeat_timeout; remove the owner of the partition at /partition-ring, or start "
        "the live-store again",
    ),
    Meaning(
        "ring-too-many-unhealthy", "ring", "2.0 - 3.0",
        r"too many unhealthy instances in the ring",
        "More members of the ring are unhealthy than the replication factor tolerates, as after pods or "
        "containers that went away without leaving the ring",
        "2.x: forget the dead members at /ingester/ring; ingester.lifecycler.ring.replication_factor, "
        "ingester.lifecycler.ring.heartbeat_timeout | 3.0: forget them at /live-store/ring",
    ),
    Meaning(
        "ring-live-replicas", "ring", "2.0 - 3.0",
        r"at least \d+ live replicas required, could only find \d+",
        "Fewer ingesters are healthy than a write needs (a majority of replication_factor), so spans are refused",
        "2.x: ingester.lifecycler.ring.replication_factor, the number of ingester replicas; forget dead members "
        "at /ingester/ring",
    ),
    Meaning(
        "generator-ring-no-instances", "generator", "2.0 - 2.10",
        r"failed to forward request to metrics generator.{0,20}DoBatch: InstancesCount <= 0",
        "The distributor finds no metrics-generator; span metrics and the service graph stay empty, traces are "
        "stored all the same",
        "2.x: metrics_generator.ring.kvstore.store, memberlist.join_members; or remove "
        "overrides.defaults.metrics_generator.processors where no generator runs",
    ),
    Meaning(
        "ring-no-instances", "ring", "2.0 - 3.0",
        r"DoBatch: InstancesCount <= 0",
        "The distributor sees no member at all in the ring that it writes to (ingesters in 2.x, active partitions"
        " in 3.0), so every span is refused",
        "2.x: ingester.lifecycler.ring.kvstore.store, memberlist.join_members, "
        "ingester.lifecycler.ring.replication_factor | 3.0: live_store.partition_ring.kvstore.store, "
        "memberlist.join_members",
    ),
    Meaning(
        "ring-no-active-partition", "ring", "2.5 - 3.0 (partition ring)",
        r"no active partition found",
        "No live-store has made its partition ACTIVE yet, or all partitions are inactive, so no record can be "
        "produced",
        "3.0: live_store.partition_ring.min_partition_owners_count; see /partition-ring",
    ),
    Meaning(
        "ring-dead-address", "ring", "2.0 - 2.10",
        r"failed to (execute f\(\)|get client) for [\w.\[\]:-]+: rpc error: code = (Unavailable|DeadlineExceede"
        r"d)",
        "The ring names an ingester or generator at an address that no longer answers (a replaced container)",
        "2.x: forget it at /ingester/ring or /metrics-generator/ring; ingester.lifecycler.address, "
        "memberlist.advertise_addr behind NAT",
    ),
    Meaning(
        "ring-member-problem", "ring", "2.0 - 3.0",
        r"found an existing instance\(s\) with a problem in the ring",
        "Another member of the ring is past its heartbeat; this one does not become ready until it is forgotten "
        "or comes back",
        "2.x: forget the dead member at /ingester/ring; ingester.lifecycler.unregister_on_shutdown",
    ),
    Meaning(
        "ingester-stopping", "ring", "2.0 - 2.10 (starting since 2.4)",
        r"Ingester is (shutting down|starting)",
        "The span reached an ingester that was stopping or starting; exporters treat the answer as permanent and "
        "drop the batch",
        "2.x: run 3 ingesters with ingester.lifecycler.ring.replication_factor: 3, restart one at a time, "
        "ingester.lifecycler.unregister_on_shutdown",
    ),
    Meaning(
        "live-store-stopping", "ring", "3.0",
        r"live-store is (starting|stopping)",
        "The live-store that was asked replays its WAL or stops; recent traces are not there until it is ready",
        "3.0: live_store.readiness_target_lag, live_store.readiness_max_wait",
    ),
    Meaning(
        "not-ready-waiting", "start", "2.x",
        r"ingester check ready failed: waiting for 15s after being ready",
        "Tempo 2.x has just started; this passes after 15 s",
        "2.x: ingester.lifecycler.min_ready_duration", harmless=True,
    ),
    Meaning(
        "generator-not-in-ring", "generator", "2.0 - 2.10",
        r"metrics-generator check ready failed: not registered in the ring",
        "The metrics-generator has not joined its ring (memberlist, or another key-value store), so a single "
        "binary is not ready either",
        "2.x: metrics_generator.ring.kvstore.store, memberlist.join_members",
    ),
    Meaning(
        "memberlist-no-port", "ring", "2.x - 3.0",
        r"missing port in address given for dns lookup",
        "An entry of join_members has no port; the component never joins the cluster, and all traces are refused",
        "memberlist.join_members (host:7946)",
    ),
    Meaning(
        "memberlist-no-address", "ring", "2.0 - 3.0",
        r"no private IP address found, and explicit IP not provided",
        "Tempo does not find an address to tell the others: none of its interfaces has one of a private network",
        "memberlist.advertise_addr or memberlist.bind_addr (in Kubernetes the pod's IP from the environment)",
    ),
    Meaning(
        "ring-no-interface", "start", "2.0 - 3.0",
        r"no useable address found for interfaces",
        "Tempo looks for its address at eth0 and en0, and this machine's interface has another name",
        "2.x: ingester.lifecycler.address or interface_names, metrics_generator.ring.instance_addr or "
        "instance_interface_names | 3.0: live_store.ring.instance_addr or instance_interface_names",
    ),
    Meaning(
        "memberlist-join-failed", "ring", "2.0 - 3.0",
        r'(msg="joining memberlist cluster(: failed to reach any nodes|: found no nodes to join| faile'
        r'd)?"[^\n]*(last_error|err)=|failed to join memberlist cluster on startup)',
        "No other member could be reached on the gossip port (7946), so this component is alone in its ring",
        "memberlist.join_members, memberlist.bind_port, memberlist.abort_if_cluster_join_fails, "
        "memberlist.cluster_label (must be equal everywhere)",
    ),
    Meaning(
        "memberlist-http-on-gossip-port", "ring", "2.x",
        r"TCPTransport: unknown message type.{0,10}msgType=G",
        'Something sends HTTP (a scrape, a probe: "G" of GET) to the gossip port; harmless, but the port is not '
        "what the sender thinks",
        "memberlist.bind_port (7946); scrape server.http_listen_port instead", harmless=True,
    ),
    Meaning(
        "no-queriers", "query", "2.0 - 3.0",
        r"number of queriers connected to query-frontend is 0",
        "No querier has connected to this query-frontend, so it cannot answer anything",
        "querier.frontend_worker.frontend_address (the gRPC port of EVERY query-frontend, through a headless "
        "name)",
    ),
    Meaning(
        "querier-no-frontend", "query", "2.0 - 3.0",
        r'msg="error contacting frontend"',
        "A querier cannot reach a query-frontend; queries hang or fail when none can",
        "querier.frontend_worker.frontend_address", harmless=True,
    ),
    Meaning(
        "frontend-address-missing", "start", "2.0 - 3.0",
        r"frontend worker address not specified",
        'target is not "all" and the querier is not told where the query-frontend is; Tempo does not start',
        "querier.frontend_worker.frontend_address",
    ),
    Meaning(
        "job-queue-full", "query", "'too many outstanding requests' up to 2.4, 'job queue full' since 2.5",
        r"job queue full|too many outstanding requests",
        "One query made more jobs than the tenant may queue, or the queriers are too few to work them off",
        "query_frontend.max_outstanding_per_tenant (2000), query_frontend.search.concurrent_jobs, "
        "query_frontend.search.target_bytes_per_job, querier.max_concurrent_queries",
    ),
    Meaning(
        "pool-queue-full", "query", "2.0 - 3.0",
        r"queue doesn't have room for \d+ jobs|failed to add a job to work queue",
        "The block list is so long that a lookup by id does not fit into a querier's job queue: compaction is "
        "behind, or retention is long. Searches are not touched",
        "storage.trace.pool.queue_depth (20000), query_frontend.trace_by_id.query_shards; then compaction: "
        "compactor.compaction (2.x), backend_worker.compaction (3.0)",
    ),
    Meaning(
        "response-too-large", "query", "2.0 - 3.0",
        r"response larger than the max \(\S+ vs \S+\)",
        "What a querier found is larger than it may send to the query-frontend; large traces cannot be opened, "
        "small ones can",
        "2.x - 3.0: server.grpc_server_max_recv_msg_size and server.grpc_server_max_send_msg_size (16 MiB by "
        "default since 1.5), querier.frontend_worker.grpc_client_config.max_send_msg_size, "
        "ingester_client.grpc_client_config.max_recv_msg_size (2.x), "
        "live_store_client.grpc_client_config.max_recv_msg_size (3.0)",
    ),
    Meaning(
        "grpc-message-too-large-query", "query", "2.0 - 3.0",
        r"(Status: 500[^\n]*|Querier[^\n]*|error processing requests[^\n]*|method=/frontend[^\n]*|Error \()rpc e"
        r"rror: code = ResourceExhausted desc = grpc: received message (after decompression )?larger than max",
        "Between querier, ingester and query-frontend, or between Grafana and Tempo, an answer exceeds the "
        "receiver's gRPC limit: large traces do not open though searches list them",
        "2.x - 3.0: server.grpc_server_max_recv_msg_size and server.grpc_server_max_send_msg_size (16 MiB by "
        "default since 1.5), querier.frontend_worker.grpc_client_config.max_send_msg_size, "
        "ingester_client.grpc_client_config.max_recv_msg_size (2.x), "
        "live_store_client.grpc_client_config.max_recv_msg_size (3.0)",
    ),
    Meaning(
        "grpc-message-too-large", "query", "2.0 - 3.0",
        r"grpc: received message (after decompression )?larger than max",
        "A gRPC message exceeds the receiver's limit; 4194304 is the default of an OTLP receiver, 16777216 that "
        "of Tempo's own server",
        "ingest (vs. 4194304): distributor.receivers.otlp.protocols.grpc.max_recv_msg_size_mib; smaller batches "
        "at the sender | query (vs. 16777216): server.grpc_server_max_recv_msg_size, "
        "server.grpc_server_max_send_msg_size",
    ),
    Meaning(
        "trace-exceeds-max-size", "query", "2.3 - 3.0 (v1 API)",
        r"trace exceeds max size",
        "The whole trace is larger than max_bytes_per_trace, so GET /api/traces/ID refuses it; /api/v2/traces/ID "
        "gives a part",
        "overrides.defaults.global.max_bytes_per_trace (5 MB)",
    ),
    Meaning(
        "trace-partial", "query", "2.7 - 3.0 (v2 API)",
        r"Trace exceeds maximum size of \d+ bytes, a partial trace is returned",
        "The answer holds a part of the trace only; spans (the root, perhaps) are missing in what is shown",
        "overrides.defaults.global.max_bytes_per_trace (5 MB)",
    ),
    Meaning(
        "search-range-too-long", "query", "2.0 - 3.0",
        r"range specified by start and end (\([^)]*\) )?exceeds [\dhms.]+",
        "The time range is longer than a search may be; Explore shows an error or nothing for wide ranges",
        "query_frontend.search.max_duration (168h; 1h1m before 2.0), overrides.defaults.read.max_search_duration "
        "per tenant; for TraceQL metrics query_frontend.metrics.max_duration (3h)",
    ),
    Meaning(
        "metrics-range-too-long", "query", "2.8 - 3.0",
        r"metrics query time range exceeds the maximum allowed duration of",
        "A TraceQL metrics query spans more time than allowed",
        "query_frontend.metrics.max_duration (3h in 2.x, 24h in 3.0), "
        "overrides.defaults.read.max_metrics_duration",
    ),
    Meaning(
        "recent-range-too-long", "query", "2.3 - 3.0",
        r"time range must be within last [\dhms.]+",
        "The query-frontend asks the recent store (generator local-blocks in 2.x, live-store in 3.0) for older "
        "data than that store keeps. Searches and ids are not touched, TraceQL metrics and Drilldown fail",
        "2.x: query_frontend.metrics.query_backend_after must be smaller than "
        "metrics_generator.processor.local_blocks.complete_block_timeout (1h) | 3.0: "
        "query_frontend.metrics.query_backend_after (15m) must be smaller than live_store.complete_block_timeout "
        "(20m); the Helm chart sets 30m",
    ),
    Meaning(
        "live-store-lagging", "query", "3.0",
        r"cannot guarantee complete results",
        "The live-stores are behind Kafka by more than query_end_cutoff, so Tempo refuses searches that reach "
        "into the missing time",
        "3.0: live_store.fail_on_high_lag (true), query_frontend.query_end_cutoff (30s); cure the lag of the "
        "consumers",
    ),
    Meaning(
        "no-org-id-streamed", "query", "Grafana 10.3, 13.0 - 13.1.3, multi-tenant Tempo",
        r"rpc error: code = Unknown desc = no org id",
        "A streamed search reached Tempo without a usable tenant: the data source has none, or Grafana lost or "
        "doubled the header though it is set",
        "Grafana: data source jsonData.httpHeaderName1 X-Scope-OrgID; switch streaming off "
        "(jsonData.streamingEnabled.search), or Grafana >= 10.4, Tempo data source plugin >= 13.1.5 | Tempo: "
        "multitenancy_enabled",
    ),
    Meaning(
        "no-org-id", "query", "2.0 - 3.0",
        r"\bno org id\b",
        "Tempo is multi-tenant and the request had no X-Scope-OrgID",
        "Tempo: multitenancy_enabled | sender: OTEL_EXPORTER_OTLP_HEADERS=x-scope-orgid=TENANT; "
        "exporters.otlp.headers of a collector | Grafana: data source jsonData.httpHeaderName1 / "
        "secureJsonData.httpHeaderValue1",
    ),
    Meaning(
        "multi-tenant-query-refused", "query", "2.4 - 3.0",
        r"multi-tenant query unsupported|multiple org IDs present",
        'The tenant is a list ("a|b") where one tenant only is allowed (ingest, overrides, or federation switched'
        " off)",
        "query_frontend.multi_tenant_queries_enabled; one tenant per exporter",
    ),
    Meaning(
        "tenant-invalid", "query", "2.x - 3.0",
        r"tenant ID (is too long|is '\.' or|'[^']*' contains unsupported character)",
        "The value of X-Scope-OrgID has a character or a length that Tempo does not take",
        "X-Scope-OrgID (at most 150 characters of A-Z a-z 0-9 ! - _ . * ' ( ))",
    ),
    Meaning(
        "query-canceled", "query", "2.4 - 3.0",
        r"(Status: 499|code = Code\(499\)|status code 499)[^\n]{0,60}context canceled",
        "The caller gave up first: a timeout of Grafana, of a gateway, or Tempo's own write timeout ended the "
        "lookup; large traces and long block lists are hit, small ones are not",
        "Tempo: server.http_server_read_timeout and http_server_write_timeout (30s), "
        "querier.trace_by_id.query_timeout (10s), query_frontend.trace_by_id.query_shards | Grafana: [dataproxy] "
        "timeout (30), jsonData.timeout of the data source; traceQuery.timeShiftEnabled to search fewer blocks",
    ),
    Meaning(
        "block-page-finder", "query", "up to 2.10 (v2 blocks)",
        r"error using pageFinder",
        "A block in the store is damaged; lookups that touch it fail",
        "delete the object <tenant ID>/<block ID> that is named",
    ),
    Meaning(
        "parquet-damaged", "query", "2.7 - 3.0",
        r"invalid parquet magic footer|error opening parquet file: (reading magic footer|invalid magic)",
        "data.parquet of a block is cut off or overwritten (disk full, crash, a tool that rewrites objects)",
        "remove the block; storage.trace.wal.path and storage.trace.local.path on a disk with room",
    ),
    Meaning(
        "traceql-invalid", "query", "2.0 - 3.0",
        r"invalid TraceQL query: ",
        "The query is not TraceQL (quotes, scope, an identifier of a newer version)",
        "the query",
    ),
    Meaning(
        "traceql-too-long", "query", "2.7 - 3.0",
        r"TraceQL expression exceeds the configured maximum size of \d+ bytes",
        "The query text is too long",
        "query_frontend.max_query_expression_size_bytes (128 KiB)",
    ),
    Meaning(
        "search-limit", "query", "2.4 - 3.0",
        r"limit \d+ exceeds max limit \d+|spans per span set exceeds \d+",
        "More traces or spans are asked for than one answer may have",
        "query_frontend.search.max_result_limit (none up to 2.9, 262144 since 2.10), "
        "query_frontend.search.max_spans_per_span_set (100)",
    ),
    Meaning(
        "time-parameter", "query", "2.0 - 3.0",
        r"invalid (start|end): strconv|start must be before end|only one of start and end provided",
        "start and end are not unix seconds, are reversed, or one of them is missing",
        "the request",
    ),
    Meaning(
        "trace-id-invalid", "query", "2.0 - 3.0 ('invalid trace id': also Grafana)",
        r"trace IDs can only contain hex characters|trace IDs can't be larger than 128 bits|invalid trace id",
        "What was asked for is no trace id (dashes, base64, a span id, a variable that was not filled in)",
        "the link or the derived field that makes the id",
    ),
    Meaning(
        "tags-truncated", "query", "2.0 - 3.0",
        r"exceeded limit, +reduce cardinality or size of tags",
        "The list of tags or values is longer than allowed; names are missing in Explore's drop-downs, traces are"
        " not",
        "overrides.defaults.read.max_bytes_per_tag_values_query (5 MB in 2.3, 1 MB in 2.7 and later)",
    ),
    Meaning(
        "route-unknown", "query", "2.0 - 3.0",
        r"^404 page not found$",
        "The path is unknown: a prefix, an older version, or another product; it never means that a trace is "
        "missing",
        "http_api_prefix; the URL of the data source",
    ),
    Meaning(
        "trace-not-found", "query", "up to 2.4 (v1 API); later 404 with an empty body",
        r"trace not found",
        "Neither the ingesters nor a block that this querier knows has the id",
        "none by itself: retention, tenant, block list, time range",
    ),
    Meaning(
        "rate-limit-zero", "ingest", "2.3 - 3.0",
        r"RATE_LIMITED:? ingestion rate limit \((local: )?0 bytes",
        "A per-tenant override that leaves the ingestion limits out sets them to 0, so nothing of this tenant is "
        "taken",
        "overrides.per_tenant_override_config: repeat ingestion.rate_limit_bytes, burst_size_bytes and "
        "max_traces_per_user for the tenant",
    ),
    Meaning(
        "rate-limit-batch", "ingest", "2.8 - 3.0",
        r"RATE_LIMITED: batch size \(\d+ bytes\) exceeds ingestion limit",
        "One request is larger than the burst, so it can never be taken, however long the sender retries",
        "overrides.defaults.ingestion.burst_size_bytes; smaller batches (OTEL_BSP_MAX_EXPORT_BATCH_SIZE, "
        "send_batch_max_size)",
    ),
    Meaning(
        "rate-limited", "ingest", "2.0 - 3.0",
        r"RATE_LIMITED:? ingestion rate limit \(",
        "The tenant sends more bytes a second than it may; what exporters do not retry is lost",
        "overrides.defaults.ingestion.rate_limit_bytes and burst_size_bytes (15 MB/s and 20 MB in 2.x, 30 and 30 "
        "in 3.0); per tenant in overrides.per_tenant_override_config; rate_strategy: global divides it by the "
        "number of distributors",
    ),
    Meaning(
        "trace-too-large", "ingest", "2.0 - 3.0 (answer up to 2.4, log only since 2.5)",
        r"TRACE_TOO_LARGE",
        "A trace is larger than max_bytes_per_trace; its later spans are dropped, the sender is told success "
        "since 2.5",
        "overrides.defaults.global.max_bytes_per_trace (5 MB)",
    ),
    Meaning(
        "live-traces-exceeded", "ingest", "answer and log up to 2.4; debug log in 3.0",
        r"LIVE_TRACES_EXCEEDED|max live traces exceeded",
        "More traces are live at once than the tenant may have; new traces are dropped whole, with success since "
        "2.5",
        "overrides.defaults.ingestion.max_traces_per_user (10000), max_global_traces_per_user; "
        "ingester.trace_idle_period (2.x), live_store.max_trace_idle (3.0)",
    ),
    Meaning(
        "discarded-live-traces", "ingest", "2.0 - 3.0",
        r'tempo_discarded_spans_total\{[^}]*reason="live_traces_exceeded"[^}]*\} [1-9]',
        "Since 2.5 this counter is the only sign that new traces were dropped",
        "overrides.defaults.ingestion.max_traces_per_user",
    ),
    Meaning(
        "discarded-trace-too-large", "ingest", "2.0 - 3.0",
        r'tempo_discarded_spans_total\{[^}]*reason="trace_too_large"[^}]*\} [1-9]',
        "Spans beyond max_bytes_per_trace were dropped",
        "overrides.defaults.global.max_bytes_per_trace",
    ),
    Meaning(
        "discarded-in-compaction", "compaction", "2.0 - 3.0",
        r'tempo_discarded_spans_total\{[^}]*reason="trace_too_large_to_compact"[^}]*\} [1-9]',
        "Parts of one trace, each within the limit, exceed it together: compaction drops spans of traces that "
        "were complete before",
        "overrides.defaults.global.max_bytes_per_trace",
    ),
    Meaning(
        "discarded-other", "ingest", "2.0 - 3.0",
        r'tempo_discarded_spans_total\{[^}]*reason="(internal_error|unknown_error|invalid_trace_id|invalid_spa'
        r'n_id)"[^}]*\} [1-9]',
        "Spans were dropped for ids that are not valid, or because no ingester took them (ring, timeout)",
        "the sender's ids, or the ring",
    ),
    Meaning(
        "outside-slack", "ingest", "2.0 - 3.0 (blockbuilder_ in 3.0 microservices)",
        r'tempo_warnings_total\{[^}]*reason="(blockbuilder_)?outside_ingestion_time_slack"[^}]*\} [1-9]',
        "Spans carry times that are far from now; the block's time range is cut to the slack, so searches by time"
        " do not look into it, lookups by id do",
        "storage.trace.wal.ingestion_time_range_slack (2m); the clock of the sender",
    ),
    Meaning(
        "trace-id-not-128", "ingest", "2.0 - 3.0",
        r"trace ids must be 128 bit",
        "A span has no trace id of 16 bytes; the whole request is refused with its good spans",
        "the sender",
    ),
    Meaning(
        "span-id-not-64", "ingest", "2.9 - 3.0",
        r"span ids must be 64 bit and not all zero",
        "A span has a span id that is empty, zero or of a wrong length; the whole request is refused",
        "the sender",
    ),
    Meaning(
        "attributes-truncated", "ingest", "2.7 - 3.0 (log: 3.0)",
        r'msg="attributes truncated"|tempo_distributor_attributes_truncated_total\{[^}]*\} [1-9]',
        "Names or values of attributes longer than the limit were cut; searches for the full value find nothing",
        "2.7 - 2.9: distributor.max_span_attr_byte (2.7), distributor.max_attribute_bytes (2.8, 2.9); 2048 | 2.10"
        " - 3.0: distributor.max_attribute_bytes, overrides.defaults.ingestion.max_attribute_bytes",
    ),
    Meaning(
        "forwarder-queue-full", "ingest", "2.0 - 2.10",
        r'queue_name=\S+: queue is full|msg="failed to push traces to queue"',
        "The distributor's queue to the metrics-generator or to a forwarder overflows; metrics or the forwarded "
        "copy lack spans, storage does not",
        "overrides.defaults.metrics_generator.forwarder.queue_size and workers",
    ),
    Meaning(
        "pusher-deadline", "ingest", "2.0 - 2.10",
        r"pusher failed to consume trace data.*context (deadline exceeded|canceled)",
        "Ingesters did not take the spans in time, or the client gave up first: too few or too slow ingesters, or"
        " a short timeout of the exporter",
        "ingester_client.remote_timeout (5s), more ingesters; the exporter's timeout",
    ),
    Meaning(
        "kafka-partition-missing", "ingest", "2.8 - 3.0 (Kafka)",
        r"invalid record partitioning choice of \d+ from \d+ available",
        "The topic has fewer partitions than the partition ring: it was created again with one partition, or never "
        "enlarged",
        "3.0: ingest.kafka.auto_create_topic_default_partitions (1000) and auto_create_topic_enabled; add "
        "partitions to ingest.kafka.topic",
    ),
    Meaning(
        "kafka-topic-missing", "ingest", "2.8 - 3.0 (Kafka)",
        r"UNKNOWN_TOPIC_OR_PARTITION",
        "The topic does not exist on the broker and may not be made automatically",
        "3.0: ingest.kafka.topic, ingest.kafka.auto_create_topic_enabled",
    ),
    Meaning(
        "kafka-not-ready", "start", "2.8 - 3.0 (Kafka)",
        r'kafka broker not ready after \d+ retries|msg="ping kafka; will retry"',
        "No Kafka broker answers at the address; the component stops after ten tries",
        "3.0: ingest.kafka.address, ingest.kafka.sasl_username / sasl_password, ingest.kafka.dial_timeout",
    ),
    Meaning(
        "kafka-not-configured", "start", "2.8 - 3.0",
        r"the Kafka (address|topic) has not been configured",
        "A target of 3.0 that needs Kafka (everything but all) was started without it",
        "3.0: ingest.kafka.address, ingest.kafka.topic; target: all needs none",
    ),
    Meaning(
        "receiver-unknown", "start", "2.0 - 3.0",
        r"receiver factory not found for type: \S+",
        "distributor.receivers names a receiver that this version does not have (opencensus was removed in 3.0)",
        "distributor.receivers",
    ),
    Meaning(
        "s3-access-denied", "storage", "2.0 - 3.0",
        r"(ListObjects|s3|S3)[^\n]{0,160}Access Denied",
        "The key or role may not list the bucket (s3:ListBucket), or the key is wrong",
        "storage.trace.s3: bucket, endpoint, region, access_key, secret_key, insecure, forcepathstyle, prefix; "
        "IAM: s3:ListBucket, s3:PutObject, s3:GetObject, s3:DeleteObject, s3:GetObjectTagging, "
        "s3:PutObjectTagging",
    ),
    Meaning(
        "s3-bucket-missing", "storage", "2.0 - 3.0",
        r"The specified bucket does not exist",
        "The bucket was not created, or the endpoint or region leads elsewhere",
        "storage.trace.s3: bucket, endpoint, region, access_key, secret_key, insecure, forcepathstyle, prefix",
    ),
    Meaning(
        "s3-key-missing", "storage", "2.9",
        r"unexpected error from ListObjects on \S+: The specified key does not exist",
        "What answers the listing is not the bucket: a wrong endpoint or path style (the bucket is taken for an "
        "object)",
        "storage.trace.s3.endpoint, storage.trace.s3.forcepathstyle",
    ),
    Meaning(
        "s3-credentials", "storage", "2.0 - 3.0",
        r"SignatureDoesNotMatch|request signature we calculated does not match|Access Key Id you provided does n"
        r"ot exist|access key ID you provided does not exist|failed to (get|fetch) credentials",
        "The access key or the secret is wrong, or the clock is off",
        "storage.trace.s3.access_key, secret_key (with -config.expand-env=true when they are variables)",
    ),
    Meaning(
        "s3-bucket-name", "storage", "2.0 - 3.0",
        r"Bucket name (cannot be longer than 63 characters|contains invalid characters)",
        "A path was put into bucket; the path belongs into prefix",
        "storage.trace.s3.bucket, storage.trace.s3.prefix",
    ),
    Meaning(
        "s3-endpoint", "storage", "2.0 - 3.0",
        r"Endpoint: [^\n]{0,200}does not follow ip address or domain name standards",
        "The endpoint of the object store is empty, or more than a host and a port (a scheme, a path, a variable that"
        " was not replaced)",
        "storage.trace.s3.endpoint (HOST or HOST:PORT, without http://; insecure: true for one without TLS)",
    ),
    Meaning(
        "s3-unreachable", "storage", "2.0 - 3.0",
        r"unexpected error from ListObjects on [^\n]*(i/o timeout|connection refused|no such host|x509|http: ser"
        r"ver gave HTTP response to HTTPS client)",
        "The endpoint of the object store does not answer from here, or speaks the other of HTTP and HTTPS",
        "storage.trace.s3.endpoint, storage.trace.s3.insecure",
    ),
    Meaning(
        "gcs-forbidden", "storage", "2.0 - 3.0",
        r"googleapi: Error 403|does not have storage\.buckets\.get access",
        "The service account lacks storage.buckets.get on the bucket (Storage Object Admin does not have it), or "
        "is not the one that was meant",
        "storage.trace.gcs.bucket_name; GOOGLE_APPLICATION_CREDENTIALS; role with storage.buckets.get, "
        "storage.objects.*",
    ),
    Meaning(
        "azure-credentials", "storage", "2.0 - 3.0",
        r"(AuthenticationFailed|AuthorizationFailure|ContainerNotFound|InvalidAuthenticationInfo)",
        "The account name or key is wrong, the firewall of the account refuses, or the container was not created",
        "storage.trace.azure: storage_account_name, storage_account_key, container_name, use_managed_identity, "
        "use_federated_token",
    ),
    Meaning(
        "poll-foreign-object", "storage", "2.0 - 2.3 (any backend); 2.4 - 3.0 local backend only",
        r"failed to poll[^\n]*(invalid UUID (length|format)|failed to parse \S+: )",
        "An object beside the blocks is not a block (a folder of another program, lost+found): the poll of that "
        "tenant fails, and blocks that were flushed since are not found",
        "move the object away; storage.trace.s3.prefix or another bucket for Tempo alone",
    ),
    Meaning(
        "poll-shard-minimum", "storage", "2.4 - 3.0 (S3)",
        r"block UUID below shard minimum",
        "The S3-compatible store ignores start-after in listings, so the sharded poll cannot work",
        "storage.trace.s3.list_blocks_concurrency: 1",
    ),
    Meaning(
        "s3-listing-broken", "storage", "2.4 - 3.0 (S3)",
        r"Truncated response should have continuation token set",
        "The S3-compatible store truncates a listing without a token (old Ceph, Dell ECS, RustFS): the block list"
        " is never built",
        "storage.trace.s3: another store or version of it",
    ),
    Meaning(
        "poll-index-missing", "storage", "2.0 - 3.0",
        r'failed to pull bucket index for tenant\. falling back to polling.{0,60}err="does not exist"',
        "A folder in the root of the bucket has no tenant index: a tenant without blocks, or a folder that is "
        "none (bucket analytics). Other tenants are not touched",
        "move the folder; storage.trace.s3.prefix",
    ),
    Meaning(
        "tenant-index-stale", "storage", "2.0 - 3.0",
        r"tenant index created at .* is stale|failed to pull tenant index and no fallback configured",
        "Nobody has written the tenant index for longer than allowed: no compactor (2.x) or backend-worker (3.0) "
        "runs, or it cannot write",
        "storage.trace.blocklist_poll_stale_tenant_index, storage.trace.blocklist_poll_fallback; run target "
        "compactor (2.x) or backend-worker and backend-scheduler (3.0)",
    ),
    Meaning(
        "tenant-index-unwritable", "storage", "2.0 - 3.0",
        r'msg="failed to write tenant index"',
        "The block list cannot be written to the store; every other component falls back to listing, or works "
        "with an old list",
        "permission to write; storage.trace.blocklist_poll_tenant_index_builders: 1 (Azure)",
    ),
    Meaning(
        "block-lost", "storage", "2.0 - 2.10",
        r"Block exceeded max completion errors\. Deleting\. POSSIBLE DATA LOSS",
        "A WAL block could not be turned into a block after several tries and was deleted: its traces are gone",
        "storage.trace.wal.path (damaged or full disk)",
    ),
    Meaning(
        "disk-full", "storage", "2.0 - 3.0",
        r"no space left on device",
        "The volume of the WAL or of the local blocks is full: no new trace can be cut, and spans that are "
        "accepted are lost",
        "2.x: storage.trace.wal.path, storage.trace.local.path; compactor.compaction.block_retention | 3.0: "
        "live_store.wal.path, storage.trace.local.path, backend_scheduler.local_work_path; "
        "backend_worker.compaction.block_retention",
    ),
    Meaning(
        "wal-folder-gone", "storage", "2.0 - 2.4",
        r"error writing meta json: open \S+: no such file or directory",
        "After an unclean stop the ingester writes to a WAL folder that it removed itself; every trace of that "
        "tenant is lost until a restart",
        "upgrade (fixed in 2.4)",
    ),
    Meaning(
        "permission-denied", "start", "2.0 - 3.0",
        r"(mkdir|open|failed to mkdir on) \S+: permission denied",
        "The user that Tempo runs as (10001 in images since 2.5) may not write to its folder",
        "2.x: owner of storage.trace.wal.path, storage.trace.local.path, metrics_generator.storage.path | 3.0: "
        "also live_store.wal.path, live_store.shutdown_marker_dir, backend_scheduler.local_work_path (all under "
        "/var/tempo by default)",
    ),
    Meaning(
        "read-only", "start", "2.0 - 3.0",
        r"(mkdir|open) \S+: read-only file system",
        "The container or the mount is read-only at a path that Tempo writes to",
        "mount a writable volume at the storage paths",
    ),
    Meaning(
        "wal-replay-dropped", "storage", "2.0 - 3.0",
        r'msg="failed to replay block\. removing\."',
        "A WAL block could not be read at the start and was removed: traces of the last minutes before the stop "
        "are gone",
        "storage.trace.wal.path; stop Tempo with SIGTERM and enough time",
    ),
    Meaning(
        "wal-replay-partial", "storage", "2.0 - 3.0",
        r"partial replay likely",
        "A WAL block was read in part: some traces of the time before an unclean stop are gone",
        "storage.trace.wal.path",
    ),
    Meaning(
        "wal-unowned", "storage", "2.0 - 3.0",
        r"unowned file entry ignored during wal replay",
        'A file of another version or folder lies in the WAL path; "blocks" is normal, a name that ends in an '
        "older +vParquet is a WAL that this version does not read: its traces are lost",
        "upgrade one version at a time, so that the old WAL is flushed first",
    ),
    Meaning(
        "block-version", "storage", "2.0 - 3.0",
        r"\S+ is not a valid block version( for creating blocks)?",
        "A block was written by a version whose format this one no longer (or not yet) reads: v2 and vParquet2 "
        "are gone in 3.0, vParquet2 in 2.10, vParquet in 2.5",
        "reads: 2.3: v2 - vParquet3; 2.7: v2, vParquet2 - 4; 2.10: v2, vParquet3 - 5; 3.0: vParquet3 - 5 | "
        "setting: storage.trace.block.version; upgrade through the versions between",
    ),
    Meaning(
        "local-backend-distributed", "storage", "2.0 - 3.0",
        r"Local backend will not correctly retrieve traces with a distributed deployment",
        "Components run apart with backend local: unless they share one disk, a flushed trace is found by none of"
        " them, though it is stored",
        "storage.trace.backend: s3, gcs or azure; or one disk for all; or target: all",
    ),
    Meaning(
        "complete-block-timeout", "storage", "2.x (ingester), 3.0 (live_store)",
        r"(ingester|live_store)\.complete_block_timeout < storage\.trace\.blocklist_poll",
        "A flushed trace is forgotten before the queriers know its block: by id it is 404 for some minutes, then "
        "found",
        "2.x: ingester.complete_block_timeout (15m) must exceed storage.trace.blocklist_poll (5m) | 3.0: "
        "live_store.complete_block_timeout (20m) must exceed storage.trace.blocklist_poll",
    ),
    Meaning(
        "unknown-backend", "start", "2.0 - 3.0",
        r"unknown backend \S+",
        "storage.trace.backend is misspelt",
        "storage.trace.backend: local, s3, gcs, azure",
    ),
    Meaning(
        "compaction-shared-twice", "compaction", "3.0",
        r"error compacting blocks: does not exist",
        "Two backend-schedulers hand out the same blocks: several instances of target all work on one store, "
        "which 3.0 does not support",
        "3.0: one instance of target: all, or microservices with one backend-scheduler",
    ),
    Meaning(
        "compaction-failed", "compaction", "2.0 - 2.10",
        r'msg="error during compaction cycle"|unable to mark (block|\d+ blocks) compacted',
        "Compaction fails: the block list grows until lookups by id overflow the queue, and deleted traces come "
        "back. Two compactors without a common ring do this to each other",
        "2.x: compactor.ring.kvstore.store: memberlist for more than one compactor; permission to delete and copy",
    ),
    Meaning(
        "compaction-drops-spans", "compaction", "2.1 - 3.0",
        r'msg="max size of trace exceeded"',
        "Compaction joined parts of a trace that exceed max_bytes_per_trace together, and dropped the rest of its"
        " spans",
        "overrides.defaults.global.max_bytes_per_trace",
    ),
    Meaning(
        "compaction-version", "compaction", "2.10 - 3.0",
        r"compaction not supported for block version \S+",
        "Blocks of a format that is read but not written stay uncompacted until retention removes them",
        "none: wait for retention",
    ),
    Meaning(
        "worker-no-scheduler", "compaction", "2.8 - 3.0",
        r"error getting next job: (?!.*no jobs found)[^\n]*(Unavailable|connection refused|no such host)",
        "A backend-worker does not reach the backend-scheduler: nothing is compacted, and retention does not run",
        "3.0: backend_worker.backend_scheduler_addr",
    ),
    Meaning(
        "overrides-legacy-refused", "start", "3.0",
        r"legacy overrides are disabled by default",
        "The overrides are in the flat format of 2.x, which 3.0 refuses",
        "3.0: overrides.defaults.… (scoped format), or -config.enable-legacy-overrides=true for the time being",
    ),
    Meaning(
        "overrides-file-field", "start", "2.0 - 3.0",
        r"failed to load runtime config: [^\n]{0,120}field \S+ not found in type overrides\.",
        "The per-tenant overrides have a key that Tempo does not know: where the one that is named is right, one beside"
        " or below it is misspelt, and the message is that of the old format, which was tried last",
        "the file that overrides.per_tenant_override_config names, around the line in the message",
    ),
    Meaning(
        "overrides-field", "start", "2.0 - 3.0",
        r"field \S+ not found in type overrides\.(legacyConfig|LegacyOverrides|Limits|Overrides)",
        "overrides mixes formats, or one key in it is misspelt; the message names the old format although the new"
        " one was meant",
        "overrides.defaults and what stands in it",
    ),
    Meaning(
        "config-field", "start", "2.0 - 3.0",
        r"field \S+ not found in type \S+",
        "A key of the configuration is unknown to this version: misspelt, or of another major version",
        "3.0 refuses: ingester, compactor, ingester_client, metrics_generator.traces_storage | 2.x up to 2.9 "
        "refuses: live_store, backend_worker, backend_scheduler, block_builder",
    ),
    Meaning(
        "port-in-use", "start", "2.0 - 3.0",
        r"listen tcp [^\n]*: bind: address already in use",
        "Another process (an older Tempo, a collector on 4317 or 4318) has the port",
        "server.http_listen_port, server.grpc_listen_port, distributor.receivers.*.endpoint, memberlist.bind_port",
    ),
    Meaning(
        "listen-address", "start", "2.0 - 3.0",
        r"failed to create server: listen tcp: address [^\n]{0,120}(missing port|too many colons) in address",
        "An address that Tempo shall listen at is malformed (brackets around one that has some, a port in it)",
        "server.http_listen_address, server.grpc_listen_address (the address alone; the port has a setting of its own)",
    ),
    Meaning(
        "polling-off", "start", "2.0 - 3.0",
        r"polling cycle unset\. compaction and retention disabled",
        "storage.trace.blocklist_poll is 0: no block in the store is ever found",
        "storage.trace.blocklist_poll",
    ),
    Meaning(
        "generator-off", "generator", "2.0 - 3.0",
        r"no metrics_generator\.storage\.path configured|metrics-generator is not configured\.",
        "The metrics-generator does not run: no span metrics, no service graph; in 2.x no TraceQL metrics. Traces"
        " are not touched",
        "metrics_generator.storage.path", harmless=True,
    ),
    Meaning(
        "generator-processor", "generator", "2.0 - 3.0 (3.0 ignores it)",
        r"unknown processor \S+|ignoring unknown metrics-generator processor",
        "The overrides name a processor that does not exist (local-blocks is gone in 3.0)",
        "overrides.defaults.metrics_generator.processors: service-graphs, span-metrics, host-info (local-blocks "
        "up to 2.10)",
    ),
    Meaning(
        "generator-no-local-blocks", "generator", "2.2 - 2.10",
        r"localblocks processor not found|local blocks processor requires traces wal",
        "A TraceQL metrics query reached a generator without local-blocks, or without a folder for its traces",
        "2.x: overrides.defaults.metrics_generator.processors: [local-blocks], "
        "metrics_generator.traces_storage.path",
    ),
    Meaning(
        "remote-write-receiver-off", "generator", "2.0 - 3.0",
        r"remote write receiver needs to be enabled with --web\.enable-remote-write-receiver",
        "Prometheus does not take what the metrics-generator writes: the service graph and span metrics stay "
        "empty, traces are fine",
        "Prometheus: --web.enable-remote-write-receiver; Tempo: metrics_generator.storage.remote_write[].url",
    ),
    Meaning(
        "generator-series-limit", "generator", "2.0 - 3.0",
        r"reached max active (series|entities)",
        "The generator makes no new series; newer services and edges are missing in the service graph",
        "overrides.defaults.metrics_generator.max_active_series (max_active_entities since 2.10)",
    ),
    Meaning(
        "grafana-url-scheme", "query", "Grafana 8 - 13",
        r"first path segment in URL cannot contain colon",
        "The data source's URL has no http:// in front: Grafana's proxy mends it, so that Save & Test and "
        "searches of older versions work, its back end does not",
        "Grafana: url of the data source: http://HOST:3200",
    ),
    Meaning(
        "grafana-url-no-scheme", "query", "Grafana 8 - 13",
        r'unsupported protocol scheme "',
        "The data source's URL has no http:// or https://",
        "Grafana: url of the data source",
    ),
    Meaning(
        "grafana-proxy-between", "query", "Grafana 7.5 - 13",
        r"proxyconnect tcp: ",
        "Grafana asks Tempo through the HTTP proxy of its environment, which does not know it",
        "Grafana: NO_PROXY with Tempo's name in the environment of Grafana (also ~/.docker/config.json proxies)",
    ),
    Meaning(
        "grafana-unreachable", "query", "Grafana 7.5 - 13",
        r"(failed get to tempo|Proxy request failed|failed to send request to Tempo)[^\n]*(connection refused|n"
        r"o such host|i/o timeout|no route to host)",
        "Grafana does not reach the URL of its data source: host, port or network",
        "Grafana: url of the data source (3200; 3100 was the port of older Helm charts)",
    ),
    Meaning(
        "grafana-streaming-unserved", "query", "Grafana 10 - 13, Tempo without stream_over_http_enabled",
        r"code = Unimplemented desc = unexpected HTTP status code received from server: 404",
        "Streaming is on in the data source, and what answers on Tempo's HTTP port serves no gRPC: the setting is"
        " off, or a gateway is in between",
        "Tempo: stream_over_http_enabled: true | Grafana: jsonData.streamingEnabled.search: false (older: feature"
        " toggle traceQLStreaming)",
    ),
    Meaning(
        "grafana-streaming-http1", "query", "Grafana 10 - 13",
        r"error reading server preface: http2: frame too large|connection closed before server preface received",
        "Grafana streams (gRPC) to something that speaks HTTP/1 only: a gateway, a load balancer, or Tempo with "
        "streaming off. Save & Test is green in Grafana before 12.3",
        "Tempo: stream_over_http_enabled: true and an HTTP/2 gateway | Grafana: streaming off in the data source",
    ),
    Meaning(
        "grafana-html", "query", "Grafana Tempo plugin 13.1",
        r"the Tempo instance may be unavailable or a proxy/gateway returned an HTML error page",
        "A gateway or a login page answered instead of Tempo",
        "Grafana: url and authentication of the data source",
    ),
    Meaning(
        "grafana-not-in-range", "query", "Grafana 12.x - 13 with 'Use time range in query' (or a range sent)",
        r"trace with id \S+ not found in the selected time range",
        "Tempo has no such trace in the time that Grafana sent along; it may exist outside of it",
        "Grafana: jsonData.traceQuery.timeShiftEnabled, spanStartTimeShift, spanEndTimeShift",
    ),
    Meaning(
        "grafana-query-type", "query", "Grafana 9 - 11",
        r"unsupported query type: '\w+'",
        "This Grafana's back end has no such query: in these versions the browser searches through the proxy. Not"
        " a fault of Tempo",
        "Grafana: use the proxy (as Explore does), or Grafana >= 12", harmless=True,
    ),
    Meaning(
        "grafana-no-service-graph", "query", "Grafana 8 - 13",
        r"No service graph data found|No service graph datasource selected",
        "The Prometheus that serviceMap names has no traces_service_graph_* series, or none is named. Traces are "
        "not touched",
        "Grafana: jsonData.serviceMap.datasourceUid | Tempo: overrides.defaults.metrics_generator.processors, "
        "metrics_generator.storage.remote_write",
    ),
    Meaning(
        "grafana-unparsed", "query", "Grafana 12.x",
        r"Unable to parse uploaded data",
        "Tempo answered and Grafana could not draw it; the trace is there",
        "Grafana: upgrade Grafana; fetch /api/v2/traces/ID directly meanwhile",
    ),
    Meaning(
        "query-deadline", "query", "2.0 - 3.0",
        r"context deadline exceeded",
        "A step took longer than its timeout: queriers or the object store are too slow, or ingesters do not "
        "keep up",
        "query: querier.search.query_timeout (30s), querier.trace_by_id.query_timeout (10s), "
        "query_frontend.api_timeout | ingest: ingester_client.remote_timeout (5s, 2.x), "
        "ingest.kafka.write_timeout (3.0)",
    ),
    Meaning(
        "overrides-load-failed", "start", "2.0 - 3.0",
        r"failed to load runtime config",
        "The per-tenant overrides file is not valid for this version or mixes the flat and the scoped format; "
        "everything that depends on overrides stops",
        "overrides.per_tenant_override_config; the file begins with overrides: and the tenants below it", frame=True,
    ),
    Meaning(
        "overrides-reload-failed", "start", "2.0 - 3.0 (validating: since 2.5)",
        r'msg="failed to load config"|validating overrides for \S+ failed',
        "A change of the per-tenant overrides is not valid: Tempo runs on with the old limits",
        "overrides.per_tenant_override_config", frame=True,
    ),
    Meaning(
        "store-failed", "start", "2.0 - 3.0",
        r"failed to create store:? ",
        "Tempo cannot open its storage and does not start; what follows says why",
        "storage.trace.*", frame=True,
    ),
    Meaning(
        "receiver-start-failed", "start", "2.0 - 3.0",
        r"error starting receiver",
        "An OTLP receiver cannot listen; Tempo stops",
        "distributor.receivers.otlp.protocols.*.endpoint", frame=True,
    ),
    Meaning(
        "wal-replay-fatal", "start", "2.x / 3.0",
        r"fatal error replaying wal|failed to replay wal|failed to reload blocks from wal|failed to rediscover l"
        r"ocal blocks",
        "The WAL folder cannot be read at the start, so the ingester or live-store does not start",
        "2.x: storage.trace.wal.path | 3.0: live_store.wal.path", frame=True,
    ),
    Meaning(
        "config-unreadable", "start", "2.0 - 3.0",
        r"failed to (read|parse|expand env vars from) configFile",
        "The configuration file is missing, not readable for Tempo's user, or not YAML",
        "-config.file, -config.expand-env", frame=True,
    ),
    Meaning(
        "azure-read-failed", "storage", "'storage container' up to 2.5, 'Azure blob container' 2.0 - 3.0",
        r"reading (storage container|Azure blob container):",
        "A request to Azure failed; when it comes with every poll, the block list stands still and flushed traces"
        " are not found",
        "storage.trace.azure, storage.trace.blocklist_poll_concurrency, "
        "storage.trace.blocklist_poll_tenant_index_builders: 1", frame=True,
    ),
    Meaning(
        "poll-tenant-failed", "storage", "2.2 - 3.0",
        r'msg="failed to poll or create index for tenant"',
        "The block list of a tenant could not be read; its flushed traces are not found (2.2 - 2.5: also those "
        "that were found before)",
        "storage.trace.*, storage.trace.blocklist_poll_tolerate_tenant_failures (1)", frame=True,
    ),
    Meaning(
        "poll-failed", "storage", "2.0 - 3.0",
        r'msg="failed to poll blocklist(\. using previously polled lists)?"|too many tenant failures; abandonin'
        r"g polling cycle|exiting polling loop early because too many errors",
        "The whole poll failed: this querier or compactor goes on with an old block list, so what was flushed "
        "since is not found",
        "storage.trace.*, storage.trace.blocklist_poll (5m)", frame=True,
    ),
    Meaning(
        "flush-failed", "storage", "2.x / 3.0",
        r'msg="error performing op in flushQueue"|msg="failed to flush complete block"|error copying block fro'
        r"m local to remote backend",
        "A block could not be written to the store. The ingester keeps it and tries again: lookups by id go on to"
        " work, searches for more than query_ingesters_until ago do not, and the disk fills",
        "storage.trace.* (credentials, quota, endpoint)", frame=True,
    ),
    Meaning(
        "cut-failed", "storage", "2.0 - 3.0",
        r'msg="failed to cut (traces|idle traces|blocks?)"',
        "Live traces cannot be written to the WAL; memory grows, and traces are lost at the next stop",
        "2.x: storage.trace.wal.path | 3.0: live_store.wal.path", frame=True,
    ),
    Meaning(
        "block-completion-failed", "storage", "2.0 - 3.0",
        r'msg="failed to complete (block|operation)"(?![^\n]*context canceled)',
        "A WAL block could not be completed; its traces do not become searchable blocks",
        "storage.trace.wal.path, live_store.wal.path (3.0)", frame=True,
    ),
    Meaning(
        "block-damaged", "query", "2.5 - 3.0",
        r"reading parquet file metadata|(reading|invalid) magic (header|footer) of parquet",
        "The data of one block is damaged or cut off, and every search and lookup by id that has to look into it fails",
        "storage.trace.*: find the block by Tempo's log (blockID), then remove or restore <tenant ID>/<block ID>",
    ),
    Meaning(
        "block-read-failed", "query", "2.0 - 3.0",
        r"error finding trace by id, blockID: [0-9a-f-]{36}",
        "One block cannot be read (damaged, deleted behind Tempo's back, or the store is slow); every lookup by "
        "id that has to look into it fails",
        "storage.trace.*; remove or restore <tenant ID>/<block ID>; "
        "compactor.compaction.compacted_block_retention must exceed storage.trace.blocklist_poll", frame=True,
    ),
    Meaning(
        "memberlist-unresolved", "ring", "2.0 - 3.0",
        r'msg="failed to resolve members"',
        "The names in join_members do not resolve: a wrong service name, namespace or network",
        "memberlist.join_members", frame=True,
    ),
    Meaning(
        "kafka-write-failed", "ingest", "2.8 - 3.0",
        r'msg="failed to write to kafka"',
        "A record could not be produced; the spans of that request are lost unless the sender retries",
        "3.0: ingest.kafka.address, topic, write_timeout (10s), producer_max_buffered_bytes", frame=True,
    ),
    Meaning(
        "local-push-failed", "ingest", "3.0 (target all)",
        r'msg="failed to push to local consumers"|failed to push spans to local live-store',
        "The live-store of the same process did not take the spans (not started, disk full)",
        "3.0: live_store.wal.path, live_store.shutdown_marker_dir", frame=True,
    ),
    Meaning(
        "remote-write-failing", "generator", "2.0 - 3.0",
        r'Failed to send batch, retrying|non-recoverable error(?: while sending metadata)?"',
        "The metrics-generator cannot write to Prometheus or Mimir (address, credentials, tenant, limits): the "
        "service graph is empty or stale",
        "metrics_generator.storage.remote_write[].url, .headers (X-Scope-OrgID), .basic_auth", frame=True,
    ),
    Meaning(
        "pusher-failed", "ingest", "2.0 - 3.0",
        r"pusher failed to consume trace data",
        "The distributor refused a request; what follows err= says why",
        "see err=", frame=True,
    ),
    Meaning(
        "module-failed", "start", "2.0 - 3.0",
        r'failed to init module services|msg="module failed"',
        "A part of Tempo does not start; the module and the reason follow",
        "see the module that is named", frame=True,
    ),
    Meaning(
        "services-not-running", "start", "2.0 - 3.0",
        r"Some services are not Running",
        "A module of Tempo is still starting or has failed",
        "GET /status/services names it", frame=True,
    ),
    Meaning(
        "grafana-trace-404", "query", "Grafana 7.5 - 13",
        r"failed to get trace with id:? \S+ Status: (404 )?Not Found",
        "Tempo was reached and does not know the id (or, with Body: 404 page not found, the URL has a wrong path)",
        "retention, tenant, block list, time range; the URL's path", frame=True,
    ),
    Meaning(
        "grafana-search-failed", "query", "Grafana 12 - 13 (TraceQL metrics: 11)",
        r"failed to execute (search query|TraceQL query: .*) [Ss]tatus: (?P<status>\d{3})",
        "Explore shows that Tempo refused a search; 12.4 and some of 13 leave Tempo's text out, so ask Tempo "
        "itself",
        "see the body, or Tempo's answer to the same query", frame=True,
    ),
    Meaning(
        "grafana-trace-failed", "query", "Grafana 7.5 - 13",
        r"failed to get trace with id: \S+ Status: (?P<status>\d{3})[^\n]* Body: (?P<body>.*)",
        "Explore shows what Tempo answered to a lookup by id; match the body against this table",
        "see the body", frame=True,
    ),
)  # fmt: skip
