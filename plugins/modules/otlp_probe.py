#!/usr/bin/python
# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: otlp_probe
short_description: Send a canary span to an OTLP endpoint and tell what happens to it
version_added: 0.1.0
description:
  - Goes the way of an exporter from this host, phase by phase. It resolves the name, connects, shakes hands over TLS,
    finds out which protocol is spoken, sends a real span, and looks it up in Tempo if asked to.
  - Each phase is timed and reports what it learnt. A failure has a RV(cause) from a fixed list and one sentence.
  - The module succeeds whatever it finds. Look at RV(ok) and RV(cause).
  - A proxy that the environment names (C(http_proxy), C(https_proxy), C(no_proxy)) is used and reported.
author: The traceops.tracing authors (@traceops)
options:
  endpoint:
    description:
      - Where to send to, as C(HOST:PORT), C(http://HOST:PORT) or C(https://HOST:PORT), with a path prefix if need be.
        Without a scheme it is plaintext.
      - It is a base URL as in E(OTEL_EXPORTER_OTLP_ENDPOINT). For OTLP over HTTP C(/v1/traces) is appended
        unless it ends so.
    type: str
    required: true
  protocol:
    description:
      - The protocol to export with. With V(auto) it is what the endpoint speaks, and V(http/protobuf) rather than
        V(grpc) where both are.
      - V(grpc) needs the Python package C(grpcio) on the host for the export. The phases before it do not.
    type: str
    choices: [auto, grpc, http/protobuf, http/json]
    default: auto
  path:
    description:
      - Where OTLP over HTTP posts, whatever the path of O(endpoint), as E(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) makes an
        exporter do.
    type: str
  compression:
    description: How the export is compressed.
    type: str
    choices: [none, gzip]
    default: none
  send:
    description: Whether to send spans. If not, the probe ends once it knows the protocol, with RV(cause) V(not_sent).
    type: bool
    default: true
  spans:
    description: How many canary spans to send in one request, each the root of a trace of its own. At most 100000.
    type: int
    default: 1
  service_name:
    description: The service that the canary spans belong to.
    type: str
    default: traceops-canary
  attributes:
    description: More attributes of each span.
    type: dict
  traceparent:
    description:
      - A W3C traceparent. The canary spans continue its trace as children of its span.
      - If its flags say that it is not sampled, no span is sent, as an SDK would do. RV(cause) is then V(not_sampled).
    type: str
  canary:
    description:
      - Derive the trace ids from these words instead of choosing them at random. Who knows the words can recompute the
        ids, so that no list of ids has to travel. It cannot be used with O(traceparent).
    type: dict
    suboptions:
      run:
        description: A word that nobody else uses, new for each run.
        type: str
        required: true
      host:
        description: Who sends.
        type: str
        required: true
      hop:
        description: Where the spans are sent to, in a word.
        type: str
        required: true
  counterfactual:
    description:
      - When the export fails, send the same span again with nothing changed but the suspected fix, so that the fix is
        proved and not guessed. The other port of the two, V(https) or V(http), the path, the other protocol, a tenant.
      - At most six requests, in O(timeout) seconds together. The first that is accepted ends it.
    type: bool
    default: false
  tenants:
    description: Tenants that O(counterfactual) may try when the endpoint wants one.
    type: list
    elements: str
    default: []
  tempo_url:
    description:
      - Base URL of a Tempo, in which to wait for the spans, by trace id. It is asked with the same O(tenant).
      - O(token), O(url_username) and O(headers) are sent to it only if it is on the host of O(endpoint).
      - This needs the Python package C(requests) on the host.
    type: str
  wait_timeout:
    description: Seconds to wait for the spans in Tempo. V(0) looks once.
    type: float
    default: 30.0
  timeout:
    description: Seconds for all phases before the look into Tempo together, and for each request to Tempo.
    type: float
    default: 10.0
extends_documentation_fragment:
  - traceops.tracing.options.http
  - traceops.tracing.attributes
  - traceops.tracing.attributes.actiongroup_tracing
attributes:
  check_mode:
    details: In check mode no span is sent, as with O(send=false).
seealso:
  - module: traceops.tracing.tempo_trace
  - module: traceops.tracing.tempo_search
"""

EXAMPLES = r"""
- name: Does the collector take spans from here?
  traceops.tracing.otlp_probe:
    endpoint: http://tempo:4318
  register: canary

- name: Stop if it does not
  ansible.builtin.assert:
    that: canary.ok
    fail_msg: "{{ canary.message }}"

- name: Send over gRPC with TLS, and wait until Tempo has the span
  traceops.tracing.otlp_probe:
    endpoint: https://collector.example.com:4317
    protocol: grpc
    tenant: team-a
    ca_path: /etc/ssl/private-ca.pem
    tempo_url: http://tempo:3200
"""

RETURN = r"""
ok:
  description: Whether the spans were sent and accepted, and were found in Tempo if it could be asked.
  returned: always
  type: bool
  sample: false
cause:
  description:
    - V(ok), or why not.
    - On the way there, V(dns_failure), V(connection_refused), V(connection_timeout), V(connection_reset), V(no_route),
      V(proxy_in_the_way).
    - With TLS, V(tls_required), V(tls_not_spoken), V(tls_failure), V(certificate_untrusted), V(certificate_expired),
      V(certificate_name_mismatch), V(client_certificate_required), V(client_certificate_rejected).
    - About what answers, V(protocol_mismatch), V(not_otlp), V(path_not_found), V(method_not_allowed),
      V(unsupported_media_type), V(response_timeout).
    - About the request, V(unauthorized), V(forbidden), V(tenant_missing), V(rate_limited), V(limit_exceeded),
      V(payload_too_large), V(invalid_data), V(partial_success), V(server_error).
    - Afterwards, V(not_visible), if Tempo does not have it.
    - If nothing was sent, V(not_sent), V(not_sampled), V(library_missing).
    - If the task fails, V(bad_option).
  returned: always
  type: str
  sample: protocol_mismatch
message:
  description: The same as a sentence.
  returned: always
  type: str
  sample: tempo:4317 speaks gRPC, not http/protobuf
endpoint:
  description: The endpoint in full, as it was used.
  returned: always
  type: str
  sample: http://tempo:4317/v1/traces
protocol:
  description: The protocol that was used. Empty if O(protocol=auto) and none was found.
  returned: always
  type: str
  sample: http/protobuf
detected:
  description:
    - What speaks at the endpoint. V(http), V(grpc), V(tls) (where plaintext was spoken to it), V(other), V(silent) (it
      takes connections and says nothing), V(closed) (it closes them without a word).
    - Empty if no connection was made.
  returned: always
  type: str
  sample: grpc
phases:
  description:
    - What each phase learnt. C(ok) is null if the phase did not happen. Its C(cause) is then V(not_run) (one before it
      failed), V(not_wanted), V(not_sent), V(not_sampled), V(library_missing), or for C(verify) why Tempo could not be
      asked.
    - C(ms) is the time it took in milliseconds.
    - C(tcp) names the C(proxy) and the C(proxy_variable) of the environment, if there is one. If it fails, C(direct)
      tells whether the endpoint can be reached without it.
    - C(tcp), and any later phase whose own connection fails, has what was C(tried), each with C(address) and C(cause).
    - C(tls) has C(version), C(alpn), C(cipher), C(certificate) (C(subject), C(issuer), C(names), C(not_before),
      C(not_after), C(days_left)), and C(verified). If TLS is not spoken, C(spoken) is what is.
    - C(protocol) has the C(status) and C(server) of the answer to GET, C(http2) (null if not tried), and the C(banner)
      of something else.
    - C(export) has C(spans), C(bytes), the C(status) of HTTP or gRPC, C(rejected), C(warning), C(origin_allowed) when
      the O(headers) have an C(Origin) as a browser sends it, and of an error what the
      server C(said) and C(retry_after).
    - C(verify) has C(url), C(attempts), and how many spans are C(missing).
  returned: always
  type: dict
  sample:
    dns: {ok: true, ms: 0.4, cause: ok, host: tempo, addresses: ["10.0.0.7:4317"]}
    tcp: {ok: true, ms: 0.3, cause: ok, address: "10.0.0.7:4317", port: 4317, tried: [{address: ..., cause: ok}]}
    tls: {ok: null, ms: 0.0, cause: not_wanted}
    protocol: {ok: false, ms: 1.2, cause: protocol_mismatch, status: null, server: "", http2: true, banner: ""}
    export: {ok: null, ms: 0.0, cause: not_run}
    verify: {ok: null, ms: 0.0, cause: not_run}
trace_ids:
  description: Ids of the traces that were accepted.
  returned: always
  type: list
  elements: str
  sample: [0af7651916cd43dd8448eb211c80319c]
verified:
  description: Whether Tempo has all of the spans. Null if it was not or could not be asked.
  returned: always
  type: bool
  sample: true
visible_after:
  description: Seconds from the end of the export until Tempo had all of the spans. Null if they were not found.
  returned: always
  type: float
  sample: 0.041
counterfactuals:
  description:
    - What was tried with O(counterfactual), in this order. C(change) has the options that were changed (C(endpoint),
      C(protocol), C(tenant)), C(setting) the variables of an SDK that do the same. C(ok), C(cause) and C(ms) are those
      of the attempt.
  returned: always
  type: list
  elements: dict
  sample:
    - change: {protocol: grpc}
      setting: OTEL_EXPORTER_OTLP_PROTOCOL=grpc
      ok: true
      cause: ok
      ms: 3.1
follows:
  description: What was taken from an application. Empty, but in M(traceops.tracing.collect) with C(like).
  returned: always
  type: list
  elements: dict
  contains:
    option:
      description: The option that was changed.
      type: str
      returned: always
      sample: protocol
    value:
      description: What it was changed to.
      type: str
      returned: always
      sample: grpc
    source:
      description: The setting of the application that says so, or the default of its SDK.
      type: str
      returned: always
      sample: OTEL_EXPORTER_OTLP_PROTOCOL
inside:
  description:
    - Whether the attempt was made from inside the application's network, in M(traceops.tracing.collect) with C(like)
      and an application that has one of its own, such as a container. Only root can join it.
    - Null where nobody asked for that, or the application shares this host's network.
  returned: always
  type: dict
  contains:
    ok:
      description: Whether it was. If not, it was made from this host.
      type: bool
      returned: always
      sample: true
    pid:
      description: The application's process.
      type: int
      returned: always
      sample: 812
    reason:
      description: Why it was not.
      type: str
      returned: always
      sample: only root can join another process's network; become root
passes_with:
  description: The C(setting) of the counterfactual with which the span was accepted. Empty if there is none.
  returned: always
  type: str
  sample: OTEL_EXPORTER_OTLP_PROTOCOL=grpc
"""

from ansible_collections.traceops.tracing.plugins.module_utils._base.module import run_probe_module
from ansible_collections.traceops.tracing.plugins.module_utils._probe import otlp


def main() -> None:
    run_probe_module(otlp)


if __name__ == "__main__":
    main()
