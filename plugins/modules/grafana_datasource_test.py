#!/usr/bin/python
# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: grafana_datasource_test
short_description: Test whether Grafana sees Tempo
version_added: 0.1.0
description:
  - Finds the Tempo data source and does what Save & Test and Explore do, through Grafana's own proxy.
  - Works with Grafana 7 to 13.
  - Save & Test alone proves little. It is green for a multi-tenant Tempo that refuses every search of the data source.
    Here a real search decides, and each way to fail has its own RV(cause).
  - A data source that does not work is an answer, RV(ok=false), and does not fail the task.
  - Nothing is changed in Grafana, not even the user's current organisation.
author: The traceops.tracing authors (@traceops)
options:
  datasource_uid:
    description:
      - The data source's uid.
      - Without O(datasource_uid) and O(datasource_name) the only data source of type tempo is tested.
      - None or several of them is an answer, with the candidates in RV(datasources).
    type: str
  datasource_name:
    description: The data source's name.
    type: str
  org_id:
    description: Number of the Grafana organisation. It goes with each request and changes nothing for the user.
    type: int
  trace_id:
    description: A trace to look for through Grafana, as up to 32 hexadecimal digits.
    type: str
  service_name:
    description: Search for traces of this service instead of any trace. RV(search) says how many were found.
    type: str
  explore:
    description:
      - Whether to send the queries that Explore has Grafana's back end carry out (POST to C(/api/ds/query)).
      - They read only. In check mode they are not sent all the same.
    type: bool
    default: true
  datasource_timeout:
    description: Seconds for each request that Grafana passes on to the data source; O(timeout) when not given.
    type: float
  tempo_url:
    description:
      - Base URL of Tempo, to look for O(trace_id) there as well. That tells a trace that Tempo does not have from one
        that Grafana does not see.
      - Tempo gets O(tenant), and none of Grafana's credentials. Grafana does not get O(tenant), which would hide that
        the data source has none.
    type: str
  tempo_username:
    description: User for HTTP basic authentication at O(tempo_url).
    type: str
  tempo_password:
    description: Password of O(tempo_username).
    type: str
  tempo_token:
    description: Bearer token for O(tempo_url). Takes precedence over O(tempo_username).
    type: str
extends_documentation_fragment:
  - traceops.tracing.options.http
  - traceops.tracing.options.grafana
  - traceops.tracing.attributes
  - traceops.tracing.attributes.actiongroup_tracing
attributes:
  check_mode:
    details: In check mode the queries of O(explore) are left out, the only requests other than GET.
seealso:
  - module: traceops.tracing.tempo_search
  - module: traceops.tracing.tempo_info
"""

EXAMPLES = r"""
- name: Does the only Tempo data source work?
  traceops.tracing.grafana_datasource_test:
    grafana_url: http://localhost:3000
    url_username: viewer
    url_password: "{{ viewer_password }}"
  register: grafana

- name: Is this trace visible in Grafana, and if not, does Tempo have it?
  traceops.tracing.grafana_datasource_test:
    grafana_url: https://grafana.example.com
    token: "{{ grafana_token }}"
    datasource_uid: tempo
    trace_id: 4bf92f3577b34da6a3ce929d0e0e4736
    tempo_url: http://tempo:3200
  register: grafana
  failed_when: not grafana.ok
"""

RETURN = r"""
ok:
  description: Whether the data source works.
  returned: always
  type: bool
  sample: false
cause:
  description:
    - V(ok) when nothing is wrong.
    - Grafana itself - V(grafana_unreachable) (see RV(transport)), V(not_grafana), V(grafana_unhealthy),
      V(unauthorized), V(forbidden).
    - Finding the data source - V(datasource_missing), V(datasource_ambiguous), V(wrong_type).
    - What it points at - V(datasource_unreachable) (see RV(reason)), V(datasource_unauthorized) (it refuses the data
      source's credentials), V(tenant_missing), V(points_at_grafana), V(proxy_between) (an HTTP proxy of
      Grafana's environment answers in Tempo's place), V(wrong_path), V(not_tempo), V(backend_error).
    - Searches work, but not all does - V(url_without_scheme) (the proxy repairs the URL, the back end does not),
      V(trace_unreadable) (a trace does not open through the proxy), V(explore_failed) (a query that Explore runs
      fails), V(backend_check_failed) (Grafana's own check fails), V(streaming_off) (searches are streamed, which is not
      served there), V(trace_missing), V(direct_access).
    - V(library_missing) or V(bad_option) when the task fails.
  returned: always
  type: str
  sample: tenant_missing
message:
  description: What is wrong, in one sentence.
  returned: always
  type: str
  sample: >-
    Tempo refuses searches through data source 'Tempo' without a tenant ('no org id'); the data source sends no
    X-Scope-OrgID header
reason:
  description:
    - Why Grafana does not reach the data source, if it tells - V(connection_refused), V(dns_failure),
      V(wrong_protocol), V(tls), V(timeout), V(no_route), V(bad_url), else V(unknown).
    - Set with RV(cause=datasource_unreachable), and where known with RV(cause=backend_check_failed).
  returned: always
  type: str
  sample: connection_refused
candidates:
  description: What an V(unknown) reason can be, the likeliest first. Grafana answers all with the same empty 502.
  returned: always
  type: list
  elements: str
  sample: [connection_refused, dns_failure, wrong_protocol, tls]
transport:
  description: Why Grafana is not reached, with RV(cause=grafana_unreachable).
  returned: always
  type: str
  sample: connection_refused
version:
  description: Grafana's version; null when Grafana hides it.
  returned: always
  type: str
  sample: 13.1.0
route:
  description: The form of the proxy's path that this Grafana serves for the data source, V(uid) or V(id).
  returned: always
  type: str
  sample: uid
datasource:
  description:
    - The data source. C(headers) are the names of the request headers that are set (their values cannot be read).
    - C(url) is null for users who may not see it.
  returned: always
  type: dict
  sample:
    id: 1
    uid: tempo
    name: Tempo
    type: tempo
    access: proxy
    url: http://tempo:3200
    headers: [X-Scope-OrgID]
datasources:
  description: All data sources of type tempo.
  returned: always
  type: list
  elements: dict
  sample:
    - {id: 1, uid: tempo, name: Tempo, type: tempo, access: proxy, url: "http://tempo:3200", headers: []}
settings:
  description:
    - Facts about the settings. C(streaming) says whether searches or metrics are streamed, C(tenant_header) whether
      C(X-Scope-OrgID) is set, C(time_shift) whether traces are looked for around the panel's time range only,
      C(time_shifts) how far its start and end are moved then.
    - C(links) has one entry for each setting that names another data source; was that C(found), its C(type), and
        whether that C(fits) the setting.
  returned: always
  type: dict
  sample:
    url: {scheme: http, host: tempo, port: 3200, path: "", loopback: false}
    access: proxy
    streaming: false
    tenant_header: true
    basic_auth: false
    tls_skip_verify: null
    time_shift: false
    time_shifts: ["", ""]
    links:
      - {setting: tracesToLogs, uid: prometheus, found: true, name: Prometheus, type: prometheus, fits: false}
search:
  description: What was searched for through Grafana in the last hour, and how many traces came, at most 3.
  returned: always
  type: dict
  sample: {query: "{ }", traces: 3}
trace:
  description:
    - Whether O(trace_id) was found through Grafana's proxy, and at O(tempo_url); null where that is not known.
    - C(opens) says whether it opens in every way that was tried, by the proxy and by what Explore runs.
  returned: always
  type: dict
  sample: {id: 4bf92f3577b34da6a3ce929d0e0e4736, found: false, found_directly: true, opens: false}
listed:
  description: The same of the largest trace that the search showed; null when it showed none.
  returned: always
  type: dict
  sample: {id: 0af7651916cd43dd8448eb211c80319c, found: true, opens: true}
explored:
  description: Whether the queries of O(explore) were sent; null when it never came to that.
  returned: always
  type: bool
  sample: true
credentials:
  description: What Grafana was asked with, V(token) or V(password); null without credentials.
  returned: always
  type: str
  sample: token
steps:
  description:
    - All steps, in order. C(ok) is null for a step that was not run or decides nothing.
    - C(reach), C(authenticate), C(permission), C(find), C(type), C(access), C(health) (Grafana's own check), C(echo),
      C(search), C(trace), C(listed_trace) (one that the search showed), C(explore), C(explore_listed) and
      C(explore_search) (the same and the search, as Explore has the back end do it), C(reason) (one more query that
      names why a search fails), C(identify) (is it a Grafana?), C(direct) (the trace at O(tempo_url)), C(from_here)
      (the data source's URL asked by this host).
  returned: always
  type: list
  elements: dict
  sample:
    - name: echo
      ok: true
      status: 200
      elapsed_ms: 5.1
      cause: ok
      message: Tempo's /api/echo answers through Grafana's proxy
      body_excerpt: echo
"""

from ansible_collections.traceops.tracing.plugins.module_utils._base.module import run_probe_module
from ansible_collections.traceops.tracing.plugins.module_utils._probe import grafana


def main() -> None:
    run_probe_module(grafana)


if __name__ == "__main__":
    main()
