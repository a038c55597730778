#!/usr/bin/python
# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: collect
short_description: Run any set of tracing probes on a host in one task
version_added: 0.1.0
description:
  - Visits a host once, runs the probes that are asked for in one process, and returns their evidence.
  - The options of all probes are checked before the first one runs.
  - A probe that cannot answer does not fail the task. Its evidence has C(ok=false), a C(cause) and a C(message).
author: The traceops.tracing authors (@traceops)
options:
  probes:
    description:
      - Options of each probe, by label. The label is the probe's name, or any word when the options have
        C(probe) with the name.
      - Known probes are V(balance), V(by_id), V(canaries), V(clock), V(containers), V(coverage), V(discover),
        V(environment), V(grafana), V(linkage), V(logs), V(otlp), V(sampling_ratio), V(tempo_info), V(tempo_search)
        and V(tempo_trace).
      - V(logs) takes the options of M(traceops.tracing.log_grep), V(otlp) those of M(traceops.tracing.otlp_probe),
        V(containers) those of M(traceops.tracing.container_info), V(grafana) those of
        M(traceops.tracing.grafana_datasource_test), the others those of the module of the same name.
      - V(otlp) with C(like=environment) goes the way of the application that V(environment) looks at. It takes its
        protocol (or the default of its SDK) and compression, and where it tries the same endpoint, path, TLS and
        proxies.
        Where the application has a network of its own, as a container has, the attempt is made from inside it, with
        its resolver and its CA file. That takes root. The same goes for what sends nothing (C(send=false)).
      - V(environment) takes one of C(process_name), C(pid), C(pid_file), C(unit) (of systemd) and C(container), with
        C(docker_host) and C(timeout) as in M(traceops.tracing.container_info). It tells with which tracing settings a
        program runs. Credentials in them are masked.
      - V(discover) looks at all that a span meets on the host, which are instrumented applications, collectors, Tempo
        and Grafana, with their configuration files, and tells who talks to whom. It takes C(docker_host) and
        C(timeout) (V(3) seconds). What it cannot see it says. Credentials are masked.
      - Every probe of Tempo takes C(silent), an earlier result (C(cause), C(message)) for a Tempo that did not
        answer in time. It then gets just enough time to show that it answers again.
      - V(clock) takes C(tempo_url) and the HTTP options of M(traceops.tracing.tempo_info). It tells how far the host's
        clock is from Tempo's.
      - V(canaries) looks in Tempo for traces by id. It takes C(trace_ids), a dictionary of names and ids. Or it takes
        C(run) and C(sent), by host and hop the number of canaries that were sent. The ids then
        follow from those words, as with O(traceops.tracing.otlp_probe#module:canary). It waits C(wait_timeout) seconds
        (V(5) by default), and with C(search=true) until a search shows one of them.
      - V(balance) reads the span counters of Tempo, and of C(collector_metrics_url) and C(app_metrics_url) where given.
        With C(before), which is an earlier result, it tells what was offered, accepted and discarded in between.
      - V(coverage) tells which of C(services) and C(hosts) Tempo has seen within the last hour, and which ids of
        instances of C(service_name) several hosts have.
      - V(linkage) reads recent traces of C(service_name), at most C(sample) (V(20)) within C(budget) (V(10)) seconds,
        and tells whose spans are missing in them.
    type: dict
    required: true
extends_documentation_fragment:
  - traceops.tracing.attributes
  - traceops.tracing.attributes.actiongroup_tracing
attributes:
  check_mode:
    details: In check mode the V(otlp) probe sends no span.
"""

EXAMPLES = r"""
- name: See what this host sees
  traceops.tracing.collect:
    probes:
      otlp:
        endpoint: http://tempo:4318
      otlp_grpc:
        probe: otlp
        endpoint: http://tempo:4317
        protocol: grpc
  register: seen

- name: See with which tracing settings an application runs, and whether the clock is right
  traceops.tracing.collect:
    probes:
      environment:
        unit: velo-sql
      clock:
        tempo_url: http://tempo:3200
  register: seen
"""

RETURN = r"""
evidence:
  description:
    - The result of each probe by label, with C(ok), C(cause), C(message) and C(took) (seconds) in each.
    - What is asked twice with equal options is asked once (of a canary the sender may differ).
      The second result is the first with C(shared_with), its label.
  returned: always
  type: dict
  sample:
    otlp:
      ok: false
      cause: connection_refused
      message: nothing listens at tempo:4318
      took: 0.012
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import collect


class Module(AnsibleModule):
    def _log_invocation(self) -> None:
        """Not to the host's system log: the options have passwords, and only the probes know which these are."""


def main() -> None:
    module = Module({"probes": {"type": "dict", "required": True}}, supports_check_mode=True)
    probes = module.params["probes"]
    try:
        evidence = collect.visit(collect.plan(probes, module.check_mode, module.no_log_values))
    except BadOption as error:
        module.fail_json(msg=error.message, evidence={})
    module.exit_json(changed=False, evidence=evidence, invocation=collect.invocation(probes))


if __name__ == "__main__":
    main()
