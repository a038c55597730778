"""The Docker Engine that other tests stand on."""

from __future__ import annotations

import os
from pathlib import Path


def test_a_container_of_the_base_image_has_python(run_container, base_image):
    container = run_container(base_image, ["python3", "-c", "print('hello')"])

    assert container.wait(timeout=30)["StatusCode"] == 0
    assert container.logs() == b"hello\n"


def test_a_systemd_host_runs_units_and_keeps_a_journal(systemd_host):
    host = systemd_host()

    host.exec_run(["systemd-run", "--wait", "--unit=greeting", "echo", "hello from a unit"])

    _unused, journal = host.exec_run(["journalctl", "-u", "greeting", "-o", "cat", "--no-pager"])
    assert b"hello from a unit" in journal


def test_a_systemd_host_leaves_this_machines_control_groups_alone(systemd_host):
    before = sorted(os.listdir("/sys/fs/cgroup"))
    mounted = mounted_controllers()

    systemd_host()

    assert sorted(os.listdir("/sys/fs/cgroup")) == before
    assert mounted_controllers() == mounted


def mounted_controllers():
    """The controllers of version 1 that are in use on this machine."""
    lines = [line.split() for line in Path("/proc/cgroups").read_text().splitlines()[1:]]
    return {name for name, hierarchy, *_rest in lines if hierarchy != "0"}
