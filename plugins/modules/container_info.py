#!/usr/bin/python
# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: container_info
short_description: See the state, ports, networks and mounts of the containers of a tracing stack
version_added: 0.1.0
description:
  - Asks the Docker Engine, or Podman through its Docker-compatible socket, about containers. Nothing is changed.
  - Nothing is executed inside a container, so this works on images without a shell too, such as Tempo's own.
  - A container is reported when any of O(names), O(name_pattern), O(labels) and O(compose_project) selects it. When
    none of these is given, all containers are reported.
author: The traceops.tracing authors (@traceops)
requirements:
  - docker (Python package) 6.1 or newer, with requests
options:
  names:
    description: Names of containers. One that does not exist is listed in RV(missing).
    type: list
    elements: str
    default: []
  name_pattern:
    description: Regular expression that is searched for in containers' names.
    type: str
  labels:
    description: Labels that a container must have, all of them, each as C(key) or C(key=value).
    type: list
    elements: str
    default: []
  compose_project:
    description: Name of the compose project whose containers are meant.
    type: str
  expected_ports:
    description:
      - Ports to be published, as a list for each container's name. A port is a number, or text such as V(4317/tcp).
      - These containers are looked at in any case. One that does not exist is listed in RV(missing).
      - Those that are not published are listed in C(missing_ports) of the container.
    type: dict
    default: {}
  paths:
    description: Absolute paths inside the containers to look at, without executing anything there.
    type: list
    elements: str
    default: []
  log_lines:
    description: Number of last log lines to return of each container, at most 1000. Credentials in them are masked.
    type: int
    default: 20
  docker_host:
    description:
      - The engine to ask, such as V(unix:///run/podman/podman.sock) or V(tcp://docker.example.com:2376).
      - When it is not given, the environment variable E(DOCKER_HOST) decides, then the first of these that exists -
        the socket of Docker, rootless Docker, Podman, rootless Podman.
      - TLS follows the environment variables E(DOCKER_TLS_VERIFY) and E(DOCKER_CERT_PATH).
    type: str
  timeout:
    description: Seconds that asking the engine may take in all.
    type: float
    default: 10.0
extends_documentation_fragment:
  - traceops.tracing.attributes
  - traceops.tracing.attributes.actiongroup_tracing
"""

EXAMPLES = r"""
- name: See how Tempo and Grafana are
  traceops.tracing.container_info:
    names: [velo-tempo, velo-grafana]
    expected_ports:
      velo-tempo: [3200, 4317, 4318]
      velo-grafana: [3000]
  register: stack

- name: Fail when one is missing or not running
  ansible.builtin.assert:
    that:
      - stack.missing == []
      - stack.containers.values() | rejectattr('running') | list == []

- name: See whether Tempo has flushed blocks
  traceops.tracing.container_info:
    labels: [com.docker.compose.service=tempo]
    paths: [/var/tempo/blocks]
    log_lines: 0
"""

RETURN = r"""
ok:
  description: Whether the engine could be asked.
  returned: always
  type: bool
  sample: true
cause:
  description:
    - V(ok), or why the engine could not be asked.
    - Or V(library_missing), V(daemon_unreachable), V(permission_denied), V(timeout), V(engine_error), V(bad_option).
  returned: always
  type: str
  sample: ok
message:
  description: What was found, in one sentence.
  returned: always
  type: str
  sample: "containers: 1 exited, 1 running; missing: velo-tempo"
engine:
  description: The engine that answered.
  returned: always
  type: dict
  sample: {name: docker, version: 27.3.1, api_version: "1.47"}
missing:
  description: Names of O(names) and O(expected_ports) that no container has.
  returned: always
  type: list
  elements: str
  sample: [velo-tempo]
containers:
  description: The selected containers by name.
  returned: always
  type: dict
  contains:
    state:
      description: V(created), V(running), V(paused), V(restarting), V(removing), V(exited) or V(dead).
      type: str
      returned: success
      sample: running
    running:
      description: Whether its main process runs, that is, RV(containers.state) is V(running).
      type: bool
      returned: success
      sample: true
    exit_code:
      description: Exit code of the main process. None while it runs.
      type: int
      returned: success
      sample: 137
    exit_reason:
      description: Why it does not run, in words. Empty while it runs.
      type: str
      returned: success
      sample: ended by signal SIGKILL
    program:
      description: Name of the program that it starts, behind a shell or an init. Empty where the engine does not say.
      type: str
      returned: success
      sample: tempo
    health:
      description: V(healthy), V(unhealthy), V(starting), or V(none) without a health check.
      type: str
      returned: success
      sample: healthy
    health_log:
      description: The last three runs of the health check, oldest first.
      type: list
      elements: dict
      returned: success
      sample: [{exit_code: 1, at: "2026-02-19T12:00:00.5Z", output: connection refused}]
    restarts:
      description: How often the engine has restarted it by its restart policy.
      type: int
      returned: success
      sample: 0
    restart_policy:
      description: Name of its restart policy.
      type: str
      returned: success
      sample: unless-stopped
    oom_killed:
      description: Whether the kernel killed it, or a process in it, for using more memory than its limit.
      type: bool
      returned: success
      sample: false
    started:
      description: When it was started last. Empty when never.
      type: str
      returned: success
      sample: "2026-02-19T11:58:03.1Z"
    finished:
      description: When it ended last. Empty when never.
      type: str
      returned: success
      sample: ""
    pid:
      description: Process id of its main process on the host. 0 when it does not run.
      type: int
      returned: success
      sample: 4711
    image:
      description: The image, as the container was created with.
      type: str
      returned: success
      sample: grafana/tempo:2.10.8
    image_id:
      description: Id of the image.
      type: str
      returned: success
      sample: sha256:4d4c0a1b7f6d
    image_digest:
      description: Name and digest in the registry. Empty for an image that was built or imported here.
      type: str
      returned: success
      sample: grafana/tempo@sha256:9f1c4f0e
    ports:
      description: Where each of its ports is published on the host, or would be when it does not run.
      type: dict
      returned: success
      sample: {4317/tcp: ["0.0.0.0:4317"]}
    missing_ports:
      description: Expected ports that are not published. Always empty in the host's network.
      type: list
      elements: str
      returned: success
      sample: [4318/tcp]
    network_mode:
      description: The network mode that it was created with.
      type: str
      returned: success
      sample: monitoring
    networks:
      description: Its address and the names it can be reached by, for each network.
      type: dict
      returned: success
      sample: {monitoring: {ip: 172.18.0.3, aliases: [tempo, velo-tempo]}}
    reaches:
      description:
        - The containers that it shares a network with, and the names that it can reach each by.
        - No names means that only the address works, as in the default bridge network.
      type: dict
      returned: success
      sample: {velo-grafana: [grafana, velo-grafana]}
    mounts:
      description: Its mounts, with owner and free space of the path behind each on the host, where that is known.
      type: list
      elements: dict
      returned: success
      sample:
        - type: bind
          source: /srv/tempo
          destination: /var/tempo
          read_only: false
          name: ""
          host:
            exists: true
            directory: true
            owner: 10001
            group: 10001
            mode: "0755"
            read_only: false
            size: 52521566208
            free: 20401094656
            free_percent: 38.8
            free_inodes: 3120304
            error: ""
    paths:
      description: What each of O(paths) is inside the container. The size of a directory is not that of its files.
      type: dict
      returned: success
      sample:
        /var/tempo/blocks:
          exists: true
          size: 4096
          directory: true
          mode: "0755"
          target: ""
          mtime: "2026-02-19T12:00:00Z"
    read_only:
      description: Whether its root file system is read-only.
      type: bool
      returned: success
      sample: false
    user:
      description: The user it runs as, as the image or the container says. Empty means root.
      type: str
      returned: success
      sample: "10001"
    cpu:
      description: Cores used over a fifth of a second, the limit if any, percent of the limit or of the machine.
      type: dict
      returned: success
      sample: {cores_used: 0.12, cores_limit: 2.0, percent: 6.0, throttled_periods: 0}
    memory:
      description: Bytes used, the limit if any, percent of the limit or of the machine.
      type: dict
      returned: success
      sample: {used: 120586240, limit: 536870912, percent: 22.5}
    log:
      description: Its last log lines.
      type: list
      elements: str
      returned: success
      sample: ["level=info msg=\"Tempo started\""]
    log_error:
      description: Why its log cannot be read, for instance because its log driver keeps none. Usually empty.
      type: str
      returned: success
      sample: ""
  sample: {}
networks:
  description: The networks of these containers, with everyone on them and the names that work there.
  returned: always
  type: dict
  sample:
    monitoring:
      driver: bridge
      internal: false
      containers:
        velo-tempo: {ip: 172.18.0.3, aliases: [tempo, velo-tempo]}
"""

from ansible_collections.traceops.tracing.plugins.module_utils._base.module import run_probe_module
from ansible_collections.traceops.tracing.plugins.module_utils._probe import containers


def main() -> None:
    run_probe_module(containers)


if __name__ == "__main__":
    main()
