#!/usr/bin/python
# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: log_grep
short_description: Look for many named patterns in logs, in one pass
version_added: 0.1.0
description:
  - Reads files (also rotated and compressed ones), the journal of a unit or the log of a container once, and tells
    for each of many named regular expressions how often it matched, where first and last, what it captured, and
    whether that was expected.
  - Text is matched in its repaired form. Terminal colours are removed, symbols whose UTF-8 was misread as Mac
    Roman, Windows-1252 or Latin-1 are restored, UTF-16 files with a byte order mark are decoded.
  - Where the host has GNU grep, it picks the lines of plain files that may match, and Python looks at these only.
    The results are the same without it.
  - The module fails when nothing could be read, not when an expectation is not met. Test RV(missing) and
    RV(unexpected) for that.
author: The traceops.tracing authors (@traceops)
options:
  paths:
    description:
      - Files to read, as names or globs. A glob such as V(/var/log/app.log*) reads the rotated parts of a log in
        order, the oldest first, whether plain or compressed (gzip, bzip2, xz, zstd). For zstd the host needs the
        C(zstd) program or the Python package C(zstandard).
      - Directories, pipes and devices are refused.
      - One of O(paths), O(unit) and O(container) is required; they can be combined.
    type: list
    elements: str
    default: []
  unit:
    description: A systemd unit whose journal is read (with C(journalctl)).
    type: str
  container:
    description: Name or id of a container whose log is read through the Docker API.
    type: str
  docker_host:
    description:
      - The engine that has O(container), such as V(unix:///run/podman/podman.sock).
      - The default is found as M(traceops.tracing.container_info) does.
    type: str
  patterns:
    description:
      - What to look for, by name. The value is a regular expression (Python's syntax, searched in each line), a
        list of them of which one must match, or a dictionary with the keys C(regex) (as above), C(level),
        C(expect), C(min), C(max), C(start), C(reasons), C(recognises) and C(ends).
      - C(level) counts only lines of this level or a more severe one (V(trace), V(debug), V(info), V(warn),
        V(error), V(fatal)).
      - C(expect) is V(present) or V(absent); C(min) and C(max) limit the number of lines.
      - C(reasons) says that the lines tell why something failed, which is V(export), V(start) (of the SDK) or V(hint)
        (a connection that may have been an export's). The cause is in RV(reasons) and RV(patterns).reason then.
        Lines about metrics and logs are counted in RV(other_signals) only.
      - C(recognises) (V(true)) says that a match tells a profile. C(ends) says that it is looked for at both ends of
        a log only, since most lines have it.
      - C(start) says that a match is a start of the process. Expectations are about the lines since the last one.
        When it has a list of expressions, they are in the order in which one start prints them.
      - Named groups become RV(patterns).captures.
    type: dict
    default: {}
  profiles:
    description:
      - Names of profiles, which are ready-made sets of patterns. The collection has V(velostream), V(otel_python),
        V(otel_java), V(otel_nodejs), V(otel_go), V(otel_dotnet), V(otel_rust), V(otel_ruby), V(otel_php), V(otel_cpp)
        (also for nginx and Envoy), V(otel_erlang), V(fluent_bit), V(vector),
        V(otel_collector) (also for Grafana Alloy), V(tempo) and
        V(tempo_server).
      - V(auto) stands for all of them but V(tempo_server). RV(recognised) is then the one whose lines the log has, and
        expectations are those of the profiles that were recognised.
      - When several have a pattern of the same name, a line that matches either counts. An entry of O(patterns)
        replaces that of a profile.
    type: list
    elements: str
    default: []
  profile_dirs:
    description: Directories on the controller that are searched for profiles (C(NAME.yml)) before the collection's
      own.
    type: list
    elements: str
    default: []
  since:
    description:
      - Only lines that are not older. Relative to now (V(90s), V(15m), V(1h30m), V(2d)), or ISO 8601 (the host's
        local time when it has no zone), or seconds or milliseconds since 1970.
      - In a plain file whose times rise the place is found by bisection, without reading what is before it; line
        numbers are not known then. RV(files) tells where that was not possible.
    type: str
  until:
    description: Only lines that are not newer. Written like O(since).
    type: str
  max_samples:
    description: How many of the last matching lines of each pattern are returned, at most V(100).
    type: int
    default: 3
  context:
    description: How many lines before and after each sample are returned with it, at most V(20).
    type: int
    default: 0
  redact:
    description: Whether bearer tokens, passwords, keys and other secrets are masked in all text that is returned.
    type: bool
    default: true
  engine:
    description: Whether GNU grep picks the candidate lines of plain files. V(auto) uses it where it is there and
      faster.
    type: str
    choices: [auto, grep, python]
    default: auto
  max_decompressed:
    description: Bytes that one compressed file may decompress to. The rest is not read, and RV(files) says so.
    type: int
    default: 8589934592
  timeout:
    description: Seconds that reading may take in all. An expression that takes more than two seconds on one line is
      stopped in any case.
    type: float
    default: 600.0
extends_documentation_fragment:
  - traceops.tracing.attributes
  - traceops.tracing.attributes.actiongroup_tracing
"""

EXAMPLES = r"""
- name: What does the application say about its tracing?
  traceops.tracing.log_grep:
    paths:
      - /var/log/velostream/app.log*
    profiles:
      - velostream
    since: 2h
  register: story

- name: Fail when it does not export
  ansible.builtin.assert:
    that:
      - story.missing == []
      - story.unexpected == []

- name: Count slow and failed requests in the journal of a unit
  traceops.tracing.log_grep:
    unit: shop.service
    patterns:
      slow: 'took (?P<seconds>\d+\.\d+) s'
      failed:
        regex: request failed
        level: error
        max: 10
    context: 2
"""

RETURN = r"""
patterns:
  description: What was found, by the name of the pattern.
  returned: always
  type: dict
  sample:
    exporter_created:
      count: 2
      count_since_start: 1
      first: {file: /var/log/app.log, line: 3, offset: 214, time: "2026-02-19T10:00:00.000Z", text: "..."}
      last: {file: /var/log/app.log, line: 912, offset: 91288, time: "2026-02-19T11:00:00.000Z", text: "..."}
      samples: []
      captures:
        endpoint: {first: "http://tempo:4318", last: "http://tempo:4318", values: {"http://tempo:4318": 2}, more: false,
                   min: null, max: null, mean: null}
      rate_per_minute: 0.033
      met: true
  contains:
    count:
      description: Matching lines.
      type: int
    count_since_start:
      description: Those since the last start of the process; all of them when no start was seen.
      type: int
    first:
      description: The first one. C(line) is null when the file was entered by seeking; C(time) is null when no time
        was recognised.
      type: dict
      sample: {file: /var/log/app.log, line: 3, offset: 214, time: "2026-02-19T10:00:00.000Z", text: "..."}
    last:
      description: The last one.
      type: dict
      sample: {file: /var/log/app.log, line: 912, offset: 91288, time: "2026-02-19T11:00:00.000Z", text: "..."}
    samples:
      description: The last ones, with C(before) and C(after).
      type: list
      elements: dict
      sample:
        - file: /var/log/app.log
          line: 912
          offset: 91288
          time: "2026-02-19T11:00:00.000Z"
          text: "..."
          before: []
          after: []
    captures:
      description:
        - For each named group the C(first) and C(last) value, counts of the first 20 distinct C(values), whether
          there were C(more), and C(min), C(max) and C(mean) when all are numbers.
      type: dict
    rate_per_minute:
      description: RV(patterns).count by the time that the lines cover; null when that is not known.
      type: float
    met:
      description: Whether the expectation is met; null when there is none.
      type: bool
    reason:
      description: C(cause) and C(words) of the last record of a pattern with C(reasons), else null.
      type: dict
profiles:
  description: The profiles whose lines were found, and how many lines, most first.
  returned: always
  type: dict
  sample: {otel_python: 12}
recognised:
  description: The first of RV(profiles); empty when the log is of none.
  returned: always
  type: str
  sample: otel_python
reasons:
  description:
    - Why exports failed, by cause (those of M(traceops.tracing.otlp_probe), and a few that only an exporter has), from
      the whole record (a traceback's last line counts).
  returned: always
  type: dict
  sample:
    connection_refused:
      count: 3
      count_since_start: 3
      words: "connect ECONNREFUSED ::1:4318"
      time: "2026-02-19T11:00:00.000Z"
      pattern: export_failed
      protocol: http
reason:
  description: The last of RV(reasons) since the start that says something, with its C(cause), and the seconds from the
    last failure to the log's last line (C(before_end_s)). Null when no export failed since the start.
  returned: always
  type: dict
  sample:
    cause: connection_refused
    count: 3
    count_since_start: 3
    words: "connect ECONNREFUSED ::1:4318"
    time: "2026-02-19T11:00:00.000Z"
    pattern: export_failed
    protocol: http
    before_end_s: 0.5
other_signals:
  description: The same of exports of metrics and logs, by signal.
  returned: always
  type: dict
  sample:
    metrics:
      count: 1
      count_since_start: 1
      words: "connect ECONNREFUSED ::1:4318"
      time: "2026-02-19T11:00:00.000Z"
      pattern: export_failed
      protocol: http
missing:
  description: Names of the patterns that were expected and not found, or not often enough, since the last start.
  returned: always
  type: list
  elements: str
  sample: [exporter_created]
unexpected:
  description: Names of the patterns that were found though they should be absent, or too often, since the last start.
  returned: always
  type: list
  elements: str
  sample: [export_failed]
last_start:
  description: The line of the last start of the process, null when none was seen.
  returned: always
  type: dict
  sample: {file: /var/log/app.log, line: 901, offset: 90110, time: "2026-02-19T11:00:00.000Z", text: "..."}
levels:
  description: The levels of the lines at the beginning and end of the newest file. A pattern of another level says
    nothing by its absence.
  returned: always
  type: list
  elements: str
  sample: [info, warn]
files:
  description: The sources in the order in which they were read. C(order) is V(rising), V(unordered) or V(unknown).
  returned: always
  type: list
  elements: dict
  sample:
    - path: /var/log/app.log
      bytes: 104857
      engine: grep
      first_time: "2026-02-19T10:00:00.000Z"
      last_time: "2026-02-19T12:00:00.000Z"
      order: rising
      sought: true
      error:
      note:
bytes_read:
  description: Bytes of log that were looked through, after decompression.
  returned: always
  type: int
  sample: 104857
elapsed:
  description: Seconds.
  returned: always
  type: float
  sample: 0.031
engine:
  description: V(grep) when it read at least one file, else V(python); null when nothing was read.
  returned: always
  type: str
  sample: grep
ok:
  description: Whether the logs could be read.
  returned: always
  type: bool
  sample: true
cause:
  description:
    - V(ok), or why nothing could be read, which is one of V(bad_option), V(not_found), V(permission_denied),
      V(not_a_file), V(unreadable), V(damaged), V(too_large), V(regex_timeout), V(timed_out), V(library_missing),
      V(grep_missing), V(journal_unavailable) and V(daemon_unreachable).
  returned: always
  type: str
  sample: ok
message:
  description: What was found, in one sentence.
  returned: always
  type: str
  sample: "9 of 29 patterns found in 1 source"
"""

from ansible_collections.traceops.tracing.plugins.module_utils._base.module import run_probe_module
from ansible_collections.traceops.tracing.plugins.module_utils._probe import logs


def main() -> None:
    run_probe_module(logs)


if __name__ == "__main__":
    main()
