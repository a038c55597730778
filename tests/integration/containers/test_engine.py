"""The Docker Engine that other tests stand on."""

from __future__ import annotations


def test_a_container_of_the_base_image_has_python(run_container, base_image):
    container = run_container(base_image, ["python3", "-c", "print('hello')"])

    assert container.wait(timeout=30)["StatusCode"] == 0
    assert container.logs() == b"hello\n"


def test_a_systemd_host_runs_units_and_keeps_a_journal(systemd_host):
    host = systemd_host()

    host.exec_run(["systemd-run", "--wait", "--unit=greeting", "echo", "hello from a unit"])

    _unused, journal = host.exec_run(["journalctl", "-u", "greeting", "-o", "cat", "--no-pager"])
    assert b"hello from a unit" in journal
