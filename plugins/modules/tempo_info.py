#!/usr/bin/python
# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tempo_info
short_description: Show what Grafana Tempo says about itself
version_added: 0.1.0
description:
  - Readiness with its reason, version, the settings that decide whether a trace can be seen, and the counters of a
    span's way
    through Tempo, for 2.3 to 3.x.
  - Tempo accepts a span over its per-trace limits with a success and drops it, from 2.7 on. Only
    C(counters.discarded) tells.
author: The traceops.tracing authors (@traceops)
options:
  tempo_urls:
    description:
      - Base URLs of other processes of the same Tempo, by the name of what runs in them (distributor, ingester,
        live-store ...), at most 20. They are asked with the same credentials, and their counters are added.
    type: dict
    default: {}
  sample_interval:
    description: When above 0, the counters are read again after so many seconds (at most 300), for RV(rates).
    type: float
    default: 0.0
extends_documentation_fragment:
  - traceops.tracing.options.tempo
  - traceops.tracing.options.http
  - traceops.tracing.attributes
  - traceops.tracing.attributes.actiongroup_tempo
"""

EXAMPLES = r"""
- name: Ask Tempo how it is
  traceops.tracing.tempo_info:
    tempo_url: http://tempo:3200
  register: tempo

- name: Nothing may have been dropped
  ansible.builtin.assert:
    that: tempo.counters.discarded_total == 0
    fail_msg: "Tempo dropped spans: {{ tempo.counters.discarded }}"
"""

RETURN = r"""
cause:
  description:
    - V(ok), or why there is no answer, which is
      V(bad_option), V(tenant_missing), V(unauthorized), V(forbidden), V(not_tempo), V(rate_limited), V(http_status),
      V(library_missing), or a failed connection (V(dns_failure), V(connection_refused), V(connection_reset),
      V(connection_timeout), V(no_route), V(response_timeout), V(body_too_large), V(tls_not_spoken), V(tls_failure),
      V(certificate_untrusted), V(certificate_expired), V(certificate_name_mismatch), V(client_certificate_required),
      V(proxy_in_the_way)).
  returned: always
  type: str
  sample: ok
ok:
  description: Whether the question could be answered.
  returned: always
  type: bool
  sample: true
message:
  description: The answer in one sentence.
  returned: success
  type: str
  sample: Tempo 2.10.8 at http://localhost:3200 is ready
url:
  description: The Tempo that was asked, without credentials.
  returned: always
  type: str
  sample: http://localhost:3200
ready:
  description: Whether Tempo says that it is ready, null when it does not let itself be asked.
  returned: always
  type: bool
  sample: false
ready_status:
  description: The HTTP status of C(/ready), null when there was no answer.
  returned: always
  type: int
  sample: 503
ready_reason:
  description: Why it is not ready. Tempo 2.x waits for 15 seconds after a start.
  returned: always
  type: str
  sample: "Ingester not ready: ingester check ready failed: waiting for 15s after being ready"
version:
  description: The version as Tempo says it, null in builds that were given none.
  returned: always
  type: str
  sample: 2.10.8
at_least:
  description: The version's first two numbers, or the lowest version that can do what this server does.
  returned: always
  type: str
  sample: "2.10"
config:
  description:
    - Settings from C(/status/config), in seconds where a key ends in C(_s). Null is what the page does not show.
    - C(receivers) are the addresses that spans can be sent to, C(loopback_receivers) those that no other host can
      reach.
    - C(search_delay_s) is after how many seconds a search shows a span at the latest.
    - C(limits) are the defaults for all tenants. C(per_tenant_overrides) names the file that may have others.
    - C(metrics_generator) tells whether it has C(storage) (without it there is none), whether its metrics go anywhere
      (C(remote_write)), and whether C(processors) are switched on or can be, for a tenant.
  returned: always
  type: dict
  sample:
    receivers:
      otlp_grpc: localhost:4317
      otlp_http: 0.0.0.0:4318
    loopback_receivers:
      - otlp_grpc
    multitenancy: false
    stream_over_http: false
    retention_s: 1209600.0
    query_end_cutoff_s: 30.0
    trace_idle_s: 5.0
    flush_check_s: 5.0
    search_delay_s: 30.0
    max_search_range_s: 604800.0
    query_backend_after_s: 900.0
    metrics_backend_after_s: 1800.0
    max_block_s: 30.0
    ingestion_slack_s: 120.0
    blocklist_poll_s: 300.0
    complete_block_timeout_s: 900.0
    limits:
      rate_limit_bytes: 30000000
      burst_size_bytes: 30000000
      max_traces_per_user: 10000
      max_bytes_per_trace: 5000000
      max_bytes_per_tag_values_query: 1000000
    target: all
    http_api_prefix:
    storage_backend: local
    storage_path: /var/tempo/blocks
    per_tenant_overrides:
    metrics_generator:
      storage: false
      remote_write: false
      processors: false
runs:
  description: The parts of Tempo that run in the processes that were asked, empty when they do not tell.
  returned: always
  type: list
  elements: str
  sample:
    - distributor
    - ingester
    - querier
    - query-frontend
processes:
  description:
    - Of each process of O(tempo_urls) its C(url), whether it could be asked (C(ok), C(cause), C(message)), C(ready) and
      what it C(runs).
  returned: always
  type: dict
  sample:
    ingester:
      url: http://tempo-ingester:3200
      ok: true
      cause: ok
      message: its counters were read
      ready: true
      runs:
        - ingester
members:
  description:
    - The ingesters or live stores that the rings of a Tempo of several processes name, each with its C(ring), its
      C(address) (of gRPC) and C(state). Empty for a single binary, and for a query-frontend, which knows none.
  returned: always
  type: list
  elements: dict
  sample:
    - ring: ingester
      address: 10.0.0.7:9095
      state: ACTIVE
counters:
  description:
    - Spans C(accepted) and C(refused) by the receivers and C(received) by the distributor, C(discarded) afterwards
      by reason and
      C(discarded_total), C(warnings) by reason, C(traces_created), C(live_traces), C(append_failures),
      C(flush_failures),
      C(blocks_flushed), C(blocklist) (blocks), C(backend_bytes), C(backend_objects), C(retention_deleted) (blocks),
      C(tenants)
      (spans received by tenant), C(spans_ahead) and C(spans_behind) (that came with an end more than five minutes in
      the future or in the past; Tempo 2.9 and later) and C(uptime_s). All but the last since Tempo's start.
    - C(bytes_received), C(discarded_by_tenant) (by tenant and reason), C(poll_errors) (the list of blocks could not be
      read), C(tenants_unlisted) (whose list it never got), C(lagged_requests) (3.0), and the samples that the metrics
      generator wrote to its Prometheus, C(remote_write_sent), C(remote_write_failed) and C(remote_write_retried).
    - Null is what no process that was asked counts, which is not zero. A query-frontend counts no spans.
  returned: always
  type: dict
  sample:
    accepted: 8
    refused: 1
    received: 9
    discarded:
      invalid_trace_id: 1
    discarded_total: 1
    warnings:
      rootless_trace_flushed_to_wal: 1
    bytes_received: 2400
    discarded_by_tenant:
      single-tenant:
        invalid_trace_id: 1
    lagged_requests:
    poll_errors: 0
    tenants_unlisted: 0
    remote_write_failed:
    remote_write_retried:
    remote_write_sent:
    traces_created: 6
    live_traces: 0
    append_failures: 0
    flush_failures: 0
    blocks_flushed: 0
    blocklist: 0
    backend_bytes:
    backend_objects:
    retention_deleted: 0
    spans_ahead:
    spans_behind: 0
    tenants:
      single-tenant: 9
    uptime_s: 60
rates:
  description:
    - Spans and traces per second over O(sample_interval), null without it. A counter that went back has null.
  returned: always
  type: dict
  sample:
    accepted: 12.5
    refused: 0.0
    received: 12.5
    discarded_total: 0.0
    traces_created: 3.1
clock_offset_s:
  description: How many seconds the server's clock is ahead of this host's, within one second or so.
  returned: always
  type: float
  sample: 0.2
unavailable:
  description: What could not be read besides, one sentence each, for instance behind a gateway.
  returned: always
  type: list
  elements: str
  sample: []
"""

from ansible_collections.traceops.tracing.plugins.module_utils._base.module import run_probe_module
from ansible_collections.traceops.tracing.plugins.module_utils._probe import tempo_info


def main() -> None:
    run_probe_module(tempo_info)


if __name__ == "__main__":
    main()
