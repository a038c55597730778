#!/usr/bin/python
# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tempo_search
short_description: Search Grafana Tempo for traces
version_added: 0.1.0
description:
  - Searches Tempo 2.3 to 3.x for traces, by TraceQL or by service, tags and durations, which become a query that is
    right for
    the server's version.
  - A search shows a trace only some seconds after it was received, 30 and more with Tempo 3. RV(pending_until) and
    RV(hint) say so.
    Where the trace id is known, M(traceops.tracing.tempo_trace) finds it at once.
  - A service without traces is compared with the names that Tempo does have, see RV(suggestions).
author: The traceops.tracing authors (@traceops)
options:
  query:
    description: A TraceQL query. It is sent as it is, so its quoting is yours.
    type: str
  service_name:
    description: The value of the resource attribute C(service.name). Case counts.
    type: str
  tags:
    description:
      - Attributes and their values, all of which must match. A name may have a scope, as in V(span.http.method);
        without one every
        scope matches.
      - The intrinsics V(name), V(status), V(kind), V(statusMessage), V(rootName) and V(rootServiceName) can be used
        like attributes.
      - Text that looks like a number or a boolean matches attributes of either type.
    type: dict
    default: {}
  min_duration:
    description: Only traces that took at least this long, such as V(250ms) or V(1m30s).
    type: str
  max_duration:
    description: Only traces that took at most this long.
    type: str
  start:
    description:
      - The begin of the range, which is V(now), relative (V(-1h), V(now-15m), V(-7d)), ISO 8601 (UTC unless it has
        an offset), or
        an epoch in seconds, milliseconds, microseconds or nanoseconds.
      - A range longer than Tempo allows in one request is searched in parts.
    type: str
    default: -1h
  end:
    description:
      - The end of the range, written like O(start). V(now) includes one minute of the future, as clocks run ahead.
    type: str
    default: now
  limit:
    description: Return at most this many traces, 1 to 10000.
    type: int
    default: 20
  min_traces:
    description: Fail when fewer traces are found, after waiting for O(wait_timeout).
    type: int
  select:
    description:
      - A JMESPath expression over C({traces, count}), whose value is returned as RV(selected).
      - It needs the Python package jmespath on the host.
    type: str
extends_documentation_fragment:
  - traceops.tracing.options.tempo
  - traceops.tracing.options.http
  - traceops.tracing.options.wait
  - traceops.tracing.attributes
  - traceops.tracing.attributes.actiongroup_tempo
seealso:
  - module: traceops.tracing.tempo_trace
  - module: traceops.tracing.tempo_info
"""

EXAMPLES = r"""
- name: Wait for the first trace of a service
  traceops.tracing.tempo_search:
    tempo_url: http://tempo:3200
    service_name: velo-sql-app.sql
    start: -15m
    min_traces: 1
    wait_timeout: 45

- name: Slow requests that failed
  traceops.tracing.tempo_search:
    tags:
      span.http.response.status_code: 500
      status: error
    min_duration: 2s
    start: "2026-01-31T08:00:00Z"
    end: "2026-01-31T12:00:00Z"
    select: traces[].trace_id
  register: slow

- name: TraceQL as it is
  traceops.tracing.tempo_search:
    query: '{ resource.service.name = "billing" && span.db.system = "postgresql" } | count() > 3'
"""

RETURN = r"""
cause:
  description:
    - V(ok), or why there is no answer, which is V(not_enough_traces) (with O(min_traces) only), V(bad_option),
      V(bad_query),
      V(rejected), V(tenant_missing), V(unauthorized), V(forbidden), V(not_tempo), V(rate_limited), V(http_status),
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
  sample: '1 trace for { resource.service.name = "velo-sql-app.sql" }'
url:
  description: The Tempo that was asked, without credentials.
  returned: always
  type: str
  sample: http://localhost:3200
traces:
  description:
    - The traces, newest first, each with C(trace_id) (32 hexadecimal digits), C(root_service) and C(root_name) (null
      when the
      root span has not been received), C(start) (epoch seconds), C(duration_ms) and C(services).
  returned: always
  type: list
  elements: dict
  sample:
    - trace_id: 4bf92f3577b34da6a3ce929d0e0e4736
      root_service: velo-sql-app.sql
      root_name: process:market_data
      start: 1795398984.992
      duration_ms: 5
      services:
        - velo-sql-app.sql
count:
  description: The number of RV(traces).
  returned: always
  type: int
  sample: 1
query_used:
  description: The TraceQL that was sent.
  returned: always
  type: str
  sample: '{ resource.service.name = "velo-sql-app.sql" }'
services:
  description: The names of the services that Tempo has in this range. Asked only when O(service_name) has no traces.
  returned: always
  type: list
  elements: str
  sample:
    - billing
    - velo-sql-app.sql
suggestions:
  description: Those of RV(services) that may be meant by O(service_name), best first.
  returned: always
  type: list
  elements: str
  sample:
    - velo-sql-app.sql
pending_until:
  description:
    - When too few traces were found, the time (epoch seconds) by which a search shows all that was received by now.
    - Null when enough was found, when the range ends before that matters, or when Tempo does not show its
      configuration.
  returned: always
  type: float
  sample: 1795399032.5
hint:
  description: What may explain that too few traces were found, or null.
  returned: always
  type: str
  sample: a search shows new traces after up to 30 s here; by id they can be read at once
selected:
  description: The value of O(select), null without it.
  returned: always
  type: raw
  sample:
    - 4bf92f3577b34da6a3ce929d0e0e4736
attempts:
  description: How often Tempo was asked.
  returned: always
  type: int
  sample: 1
elapsed:
  description: Seconds spent asking and waiting.
  returned: always
  type: float
  sample: 0.021
"""

from ansible_collections.traceops.tracing.plugins.module_utils._base.module import run_probe_module
from ansible_collections.traceops.tracing.plugins.module_utils._probe import tempo_search


def main() -> None:
    run_probe_module(tempo_search)


if __name__ == "__main__":
    main()
