"""Hosts for the tests of discovery: containers with systemd, sshd and an engine of their own."""

from __future__ import annotations

import json
import shlex
import subprocess
import typing as t
from pathlib import Path

from docker.models.containers import Container

from ansible_collections.traceops.tracing.tests.integration.docker_engine import wait_until
from ansible_collections.traceops.tracing.tests.integration.playbook import QUIET, Run, assert_clean, run_playbook
from ansible_collections.traceops.tracing.tests.lab.lab import neutral_environment


class Host:
    """A container that has booted systemd; `directory` is for what this machine needs to reach it."""

    def __init__(self, name: str, container: Container, directory: Path) -> None:
        self.name, self.container, self.directory = name, container, directory

    def run(self, command: str, **options: t.Any) -> str:
        code, output = self.container.exec_run(["sh", "-c", command], **options)
        assert code == 0, f"{command}: {output.decode(errors='replace')}"
        text: str = output.decode(errors="replace")
        return text.strip()

    def write(self, path: str, text: str) -> None:
        parent = shlex.quote(str(Path(path).parent))
        self.run(f"mkdir -p {parent} && printf %s {shlex.quote(text)} > {shlex.quote(path)}")

    def unit(self, name: str, command: str, **settings: str) -> None:
        """Write and start a unit; `settings` are lines of its [Service]."""
        lines = [f"{key}={value}" for key, value in {**settings, "ExecStart": command}.items()]
        self.write(f"/etc/systemd/system/{name}.service", "\n".join(["[Service]", *lines, ""]))
        self.run(f"systemctl daemon-reload && systemctl restart {name}")

    @property
    def address(self) -> str:
        networks = self.container.attrs["NetworkSettings"]["Networks"]
        return str(next(network["IPAddress"] for network in networks.values()))

    def inventory(self) -> t.Dict[str, str]:
        """The variables with which Ansible reaches this host over ssh."""
        key = self.directory / f"{self.name}.key"
        if not key.exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
            self.write("/root/.ssh/authorized_keys", key.with_name(f"{key.name}.pub").read_text(encoding="utf-8"))
            self.run("systemctl start ssh")
            self.listens(22)
        return {
            "ansible_host": self.address,
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(key),
            "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_ssh_common_args": "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR",
        }

    def listens(self, port: int, seconds: float = 60) -> None:
        """Wait until somebody listens at this port."""
        wait_until(
            lambda: self.run(f"ss -Hltn 'sport = :{port}'"), seconds, f"somebody to listen at {port} of {self.name}"
        )

    def arrives(self, service: str, port: int) -> None:
        """Wait until the Tempo at this port has a trace of the service."""
        url = f"http://127.0.0.1:{port}/api/search?tags=service.name%3D{service}"
        ask = f"python3 -c 'import urllib.request as u; print(u.urlopen(\"{url}\", timeout=5).read().decode())'"
        wait_until(lambda: json.loads(self.run(ask)).get("traces"), 90, f"a trace of {service} in Tempo")

    def user(self, name: str) -> None:
        """Make a user who may log in as root does."""
        self.inventory()
        keys = f"/home/{name}/.ssh"
        self.run(f"useradd -m {name} && mkdir {keys} && cp /root/.ssh/authorized_keys {keys} && chown -R {name} {keys}")

    def looked_at(self, user: str = "root", **options: t.Any) -> t.Dict[str, t.Any]:
        """What the module `collect` finds here with the label `discover`."""
        return looked_at(self.directory, {**self.inventory(), "ansible_user": user}, **options)


def looked_at(directory: Path, variables: t.Dict[str, str], **options: t.Any) -> t.Dict[str, t.Any]:
    """What the module `collect` finds on the host with these variables; no warning is printed."""
    inventory = directory / "host.json"
    inventory.write_text(json.dumps({"all": {"hosts": {"host": variables}}}), encoding="utf-8")
    asked = json.dumps({"probes": {"discover": options}})
    done = subprocess.run(
        ["ansible", "host", "-i", str(inventory), "-m", "traceops.tracing.collect", "-a", asked],
        env={**neutral_environment(), **QUIET, "ANSIBLE_PIPELINING": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[WARNING]" not in done.stdout + done.stderr, done.stdout + done.stderr
    result: t.Dict[str, t.Any] = json.loads(done.stdout.split("=> ", 1)[1])
    found: t.Dict[str, t.Any] = result["evidence"]["discover"]
    return found


def diagnosed(directory: Path, hosts: t.Sequence[Host], **variables: t.Any) -> Run:
    """The playbook `diagnose` with no variable but these, Grafana's credentials among them."""
    inventory = directory / "inventory.json"
    told = {"all": {"hosts": {host.name: host.inventory() for host in hosts}}}
    inventory.write_text(json.dumps(told), encoding="utf-8")
    run = run_playbook("diagnose", directory, {"diagnose_discover": True, **variables}, "-i", str(inventory))
    assert_clean(run)
    return run
