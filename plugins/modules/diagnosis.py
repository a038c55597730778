#!/usr/bin/python
# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: diagnosis
short_description: Turn the evidence of all hosts into a verdict and reports
version_added: 0.1.0
description:
  - Evaluates the check library over the evidence of all hosts and their Tempo and Grafana, finds the root causes.
  - Prints a page and writes the reports.
  - Runs on the controller only. It talks to no host. The role P(traceops.tracing.diagnose#role) calls it once.
author: The traceops.tracing authors (@traceops)
options:
  hosts:
    description:
      - What each host saw, as M(traceops.tracing.collect) returned it, by host name.
      - A host with several applications has what it saw for each of them in C(applications), by name.
      - A host that could not be reached is V(null), or has C(unreachable=true) and the C(reason).
      - Either this, O(report), O(visited) or O(stop) is required.
    type: dict
  report:
    description:
      - A report of an earlier run whose evidence is judged again, without any host, or a list of them, which are merged
        to one verdict (slices of a job, regions).
      - A file (C(report.json), the same with gzip, a support bundle), a directory (the last report in it), or a pattern
        as in a shell, of which all reports are meant that match. C(NAME=PATH) gives a slice its name.
      - What is not given (O(fail_on), O(check_dirs), O(suppress), O(docs_url)) is as it was for that report.
    type: raw
  visited:
    description:
      - Whether to judge what M(traceops.tracing.visit) kept of all hosts of the play, also of those of its earlier
        batches (C(serial)). In a play whose hosts do not wait for each other (C(strategy=free)) the last host does so.
    type: bool
  stop:
    description:
      - Ids of root causes. With this option nothing is evaluated, and the task fails with these ids.
      - That is how the role C(diagnose) stops a host after the verdict, without saying its sentence a second time.
    type: list
    elements: str
  backends:
    description:
      - What was seen of each distinct pair of Tempo and Grafana, by any id. Each has the list C(hosts) of its hosts.
      - When not all applications of these hosts use it, it also has a list C(applications) (C(host) and C(name)).
    type: dict
    default: {}
  settings:
    description: What the diagnosis was asked for, such as C(service). Checks may refer to it. It must not hold secrets.
    type: dict
    default: {}
  report_dir:
    description:
      - Folder on the controller for C(report.json) (C(report.json.gz) when it is large), C(report.html),
        C(report.md), C(report.sarif), C(junit.xml) and C(metrics.prom).
      - All of them are written or none, each at once and with mode 0640.
      - It is relative to the current directory.
      - Nothing is written in check mode, or without it.
    type: path
  fail_on:
    description:
      - Severity from which a failing check is a problem, and makes RV(failing) true. V(critical) when it is not given.
      - With V(new) it is critical, and only what the O(baseline) does not have makes RV(failing) true.
        V(new-warning) is the same for warnings.
      - The task itself does not fail for it, so that its long result is not the error.
      - Say C(failed_when), or let a later task fail.
    type: str
    choices: [critical, warning, never, new, new-warning]
  gate:
    description:
      - Which hosts are to be stopped when RV(failing) is true. V(host) are those that a root cause is on. V(all) is
        every host, V(none) is no host. V(environment) are those of V(host) and all of the same environment.
    type: str
    choices: [host, environment, all, none]
    default: host
  check_dirs:
    description: Folders on the controller with checks of your own. A check with a known id replaces the one of that id.
    type: list
    elements: path
  baseline:
    description:
      - An earlier report to compare with. A file (C(report.json), the same with gzip, a support bundle), or a folder,
        of which the last report is meant, also one level below it.
    type: path
  docs_url:
    description:
      - Where the page about the checks (C(docs/checks.md)) is published, for links. Empty for no links.
      - The page of the collection when it is not given.
    type: str
  evidence:
    description:
      - What C(report.json) keeps of the evidence. With V(compact) a finding of a check that passed does not quote what
        it saw; with V(full) it does. All that was seen on hosts is in both, so that both can be judged again.
      - When it is not given, it is V(compact), or for O(report) as it was for that report.
    type: str
    choices: [compact, full]
  bundle:
    description:
      - Whether C(bundle.tar.gz) is written beside the reports, for somebody else who looks into the run.
      - It has the reports with all evidence, the variables without secrets, the versions of what runs on the
        controller, and C(manifest.json), which names what was left out or masked and by which rule.
    type: bool
    default: false
  suppress:
    description:
      - Failing checks that are known. They are shown as suppressed, but do not count for RV(verdict) and O(fail_on).
    type: list
    elements: dict
    suboptions:
      id:
        description: Id of the check, or a pattern such as V(network.*).
        type: str
        required: true
      host:
        description: Name of a host or backend, or a pattern. All of them when it is left out.
        type: str
      application:
        description: Name of an application, or a pattern. All of them when it is left out, and hosts and backends.
        type: str
      reason:
        description: Why it is known. Shown with the finding.
        type: str
        required: true
      until:
        description:
          - Last day of the suppression (ISO 8601). Afterwards the check counts again and the entry itself is a warning.
        type: str
  only_path:
    description: Whether nothing is judged or written, and only the path that discovery found is shown.
    type: bool
    default: false
  started:
    description: When the run began (ISO 8601). Now when it is left out.
    type: str
extends_documentation_fragment:
  - traceops.tracing.attributes
  - traceops.tracing.attributes.actiongroup_tracing
attributes:
  check_mode:
    details: In check mode no report is written.
"""

EXAMPLES = r"""
- name: Judge what two hosts saw
  traceops.tracing.diagnosis:
    hosts:
      app01: "{{ hostvars['app01'].seen.evidence }}"
      app02: null
    backends:
      main:
        hosts: [app01, app02]
        tempo_info: "{{ tempo }}"
    settings:
      service: velo-sql-app.sql
    report_dir: tracing-report
  register: diagnosis
  failed_when: diagnosis is failed or diagnosis.failing
  run_once: true
  delegate_to: localhost

- name: Judge a stored report again, with checks of your own
  traceops.tracing.diagnosis:
    report: tracing-report/report.json
    check_dirs: [checks]
    baseline: reports/last-week

- name: Judge the reports of all slices and regions as one fleet
  traceops.tracing.diagnosis:
    report:
      - slices/*
      - america=us/report.json.gz
    report_dir: tracing-report
"""

RETURN = r"""
verdict:
  description: Status (V(ok), V(problem) or V(incomplete)), one sentence, and the root causes.
  returned: always
  type: dict
  sample:
    status: problem
    sentence: nothing listens at http://tempo:4318 (connection refused) (on app02)
    root_causes:
      - id: network.otlp.connection-refused
        hop: network
        hosts: [app02]
        backend: main
        title: nothing listens at http://tempo:4318 (connection refused)
        cause: The receiver is not running, or its port is not published.
        fix: ["start the receiver: docker compose up -d tempo"]
        proved: true
        consequences: [network.otlp.not-accepted]
findings:
  description:
    - The findings that are neither passed nor skipped. All of them are in C(report.json).
    - Of more than 1,000 those that say the same are one here, the first, which has their number as C(alike).
  returned: always
  type: list
  elements: dict
  sample:
    - id: network.otlp.connection-refused
      hop: network
      host: app02
      backend: main
      state: failed
      severity: critical
      title: nothing listens at http://tempo:4318 (connection refused)
      decisive: false
      reason: ""
      evidence: {otlp.phases.tcp.ok: false, otlp.endpoint: "http://tempo:4318"}
environments:
  description:
    - The verdict of each environment (its name, hosts, status, sentence and the ids of its root causes).
    - Empty where all hosts are of one.
  returned: always
  type: list
  elements: dict
  sample:
    - {name: dev, hosts: [app01], status: ok, sentence: "No fault found: 41 checks passed", root_causes: []}
counts:
  description: The number of findings by state.
  returned: always
  type: dict
  sample: {ok: 21, failed: 1, skipped: 4}
failing:
  description: Whether a check at or above O(fail_on) failed.
  returned: always
  type: bool
  sample: true
stopped:
  description: The ids of the root causes by the host that they stop (O(gate)). Empty when RV(failing) is false.
  returned: always
  type: dict
  sample: {app02: [network.otlp.connection-refused]}
waiting:
  description:
    - With O(visited), the last five of the hosts that are still to come. There is no verdict as long as there are some.
  returned: always
  type: list
  elements: str
  sample: []
baseline:
  description:
    - What differs from the O(baseline). Findings that fail only because of another one of the same list are folded
      under it (C(consequences)).
    - What failed then and was not looked at this time is in C(not_checked), never in C(gone). Empty without a baseline.
  returned: always
  type: dict
  sample:
    file: /srv/play/reports/report.json
    finished: "2026-11-27T06:00:03.120+00:00"
    new:
      - id: network.otlp.connection-refused
        host: app02
        application: checkout
        backend: null
        where: app02
        severity: critical
        title: nothing listens at http://tempo:4318 (connection refused)
        before: ok
        state: failed
        why: ""
        consequences: [network.otlp.not-accepted]
    gone: []
    changed: []
    not_checked: []
    unchanged: 2
reports:
  description: The files that were written, by form. A large C(report.json) is C(report.json.gz).
  returned: always
  type: dict
  sample: {json: /srv/play/tracing-report/report.json, html: /srv/play/tracing-report/report.html}
"""
