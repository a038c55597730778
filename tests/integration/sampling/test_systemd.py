"""The role against units of a real systemd, over ssh."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._sampling.proof import MARGIN_S
from ansible_collections.traceops.tracing.tests.conftest import require
from ansible_collections.traceops.tracing.tests.integration.docker_engine import wait_until
from ansible_collections.traceops.tracing.tests.integration.playbook import Run
from ansible_collections.traceops.tracing.tests.integration.sampling.playing import changed, play, said
from ansible_collections.traceops.tracing.tests.lab.tempo import Tempo

UNIT = "[Service]\n{settings}\nExecStart={command}\n"
SLEEP = "/usr/bin/sleep infinity"


class Host:
    """A container with systemd and sshd, and how to reach it."""

    def __init__(self, container: Any, directory: Path) -> None:
        self.container, self.directory = container, directory
        key = directory / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
        self.write("/root/.ssh/authorized_keys", key.with_suffix(".pub").read_text())
        self.run("systemctl start ssh")
        container.reload()
        networks = container.attrs["NetworkSettings"]["Networks"]
        address = next(network["IPAddress"] for network in networks.values())
        (directory / "inventory.ini").write_text(
            f"host ansible_host={address} ansible_user=root ansible_ssh_private_key_file={key} "
            "ansible_python_interpreter=/usr/bin/python3 "
            "ansible_ssh_common_args='-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null'\n"
        )

    def run(self, command: str) -> str:
        code, output = self.container.exec_run(["sh", "-c", command])
        assert code == 0, output
        text: str = output.decode()
        return text.strip()

    def write(self, path: str, text: str) -> None:
        quoted = text.replace("'", "'\\''")
        self.run(f"mkdir -p $(dirname {path}) && printf %s '{quoted}' > {path}")

    def unit(self, name: str, command: str = SLEEP, settings: str = "") -> None:
        self.write(f"/etc/systemd/system/{name}.service", UNIT.format(command=command, settings=settings))
        self.run(f"systemctl daemon-reload && systemctl start {name}")

    def environment(self, unit: str) -> dict[str, str]:
        """That of the unit's process, as the kernel has it."""
        lines = self.run(f"tr '\\0' '\\n' < /proc/$(systemctl show -P MainPID {unit})/environ").splitlines()
        return dict(line.split("=", 1) for line in lines)

    def pid(self, unit: str) -> str:
        return self.run(f"systemctl show -P MainPID {unit}")

    def files(self) -> str:
        return self.run(
            "find /etc/systemd/system /etc/traceops /etc/default -type f -exec sha256sum {} + 2>/dev/null | sort; true"
        )

    def play(self, *args: str, **variables: Any) -> Run:
        return play(self.directory, "-i", str(self.directory / "inventory.ini"), *args, **variables)


@pytest.fixture
def host(systemd_host: Any, tmp_path: Path) -> Host:
    require(shutil.which("ssh") and shutil.which("ssh-keygen"), "ssh and ssh-keygen")
    found = Host(systemd_host(), tmp_path)
    wait_until(lambda: "active" in found.run("systemctl is-active ssh; true"), 20, "sshd")
    return found


def test_a_unit_gets_a_mode_and_then_another_one(host: Host) -> None:
    host.unit("shop")
    host.unit("other")
    host.write("/etc/default/velo", 'VELO_SQL_ARGS="infinity"\n')
    host.unit("velo", "/bin/sh -c 'exec sleep infinity' $VELO_SQL_ARGS", "EnvironmentFile=/etc/default/velo")
    targets = [
        {"name": "shop", "kind": "environment", "unit": "shop.service"},
        {"name": "velo", "kind": "velostream", "unit": "velo.service", "file": "/etc/default/velo"},
    ]
    before, pids = host.files(), [host.pid(unit) for unit in ("shop", "other", "velo")]

    check = host.play("--check", targets=targets)
    assert changed(check) > 0
    assert (host.files(), [host.pid(unit) for unit in ("shop", "other", "velo")]) == (before, pids)

    assert changed(host.play(targets=targets)) > 0
    assert host.environment("shop")["OTEL_TRACES_SAMPLER_ARG"] == "0.25"
    assert host.environment("velo")["VELO_SQL_ARGS"] == "infinity --sampling-mode staging --sampling-ratio 0.25"
    assert host.pid("other") == pids[1], "nobody else is restarted"

    applied, pids = host.files(), [host.pid(unit) for unit in ("shop", "velo")]
    assert changed(host.play("--check", targets=targets)) == 0
    assert changed(host.play(targets=targets)) == 0
    assert (host.files(), [host.pid(unit) for unit in ("shop", "velo")]) == (applied, pids)

    # Only one of the two gets another mode: only it is restarted.
    targets[0]["mode"] = "prod"
    assert changed(host.play(targets=targets)) > 0
    assert host.environment("shop")["OTEL_TRACES_SAMPLER_ARG"] == "0.01"
    assert host.environment("shop")["OTEL_BSP_SCHEDULE_DELAY"] == "5000"
    assert host.pid("shop") != pids[0]
    assert host.pid("velo") == pids[1]


def test_only_traces_since_the_start_of_the_unit_count(host: Host) -> None:
    """A file may be old, and the process that reads it young."""
    host.unit("shop")
    targets = [{"name": "shop", "kind": "environment", "unit": "shop.service", "service": "shop"}]
    host.play(targets=targets)
    host.run("touch -d '1 day ago' /etc/traceops/shop.env /etc/systemd/system/shop.service.d/*.conf")
    entered = int(host.run('date --date="$(systemctl show -P ActiveEnterTimestamp shop)" +%s'))
    tempo = Tempo("2.10.8")
    try:
        run = host.play("-v", targets=targets, prove=True, prove_from="localhost", tempo_url=tempo.url)
    finally:
        tempo.stop()

    assert run.code == 0, run.output
    assert "shop: not enough traffic yet: 0 of 30 traces of shop" in run.output
    assert f'"since": {entered + MARGIN_S}' in run.output


@pytest.mark.parametrize(
    ("command", "settings"),
    [
        (SLEEP, "ExecStartPre=/bin/sh -c '[ \"$OTEL_TRACES_SAMPLER_ARG\" != 0.25 ]'"),
        ("/bin/sh -c '[ \"$OTEL_TRACES_SAMPLER_ARG\" = 0.25 ] && exit 3; exec sleep infinity'", "Restart=no"),
        (
            "/bin/sh -c '[ \"$OTEL_TRACES_SAMPLER_ARG\" = 0.25 ] && exit 3; exec sleep infinity'",
            "Restart=always\nRestartSec=100ms",
        ),
    ],
    ids=["does not start", "dies after its start", "is started again and again"],
)
def test_a_unit_that_does_not_stay_up_gets_its_old_files_back(host: Host, command: str, settings: str) -> None:
    host.unit("shop", command, settings)
    before = host.files()

    run = host.play(targets=[{"name": "shop", "kind": "environment", "unit": "shop.service"}])

    assert said(run) == (
        "shop: shop.service does not stay up with the new settings; the old files are back and shop.service runs again"
    )
    assert host.files() == before
    assert host.run("systemctl is-active shop") == "active"


@pytest.mark.parametrize("kind", ["environment", "java"])
def test_a_setting_that_overrules_ours_is_noticed(host: Host, kind: str) -> None:
    target = {"name": "shop", "kind": kind, "unit": "shop.service", "file": "/etc/shop.settings"}
    host.unit("shop")
    for setting in ("OTEL_TRACES_SAMPLER_ARG=0.9", "OTEL_TRACES_SAMPLER=always_on"):
        host.write("/etc/zz.env", setting + "\n")
        host.write("/etc/systemd/system/shop.service.d/zz.conf", "[Service]\nEnvironmentFile=/etc/zz.env\n")

        run = host.play(targets=[target])

        assert said(run) == (
            f"shop: shop.service runs with {setting}, which another setting of the unit says; "
            "the old files are back and shop.service runs again"
        )

    host.write("/etc/systemd/system/shop.service.d/zz.conf", "[Service]\nEnvironmentFile=\nEnvironment=\n")
    assert said(host.play(targets=[target])).startswith("shop: shop.service runs without OTEL_")


def test_a_unit_whose_process_does_not_show_its_environment_is_no_failure(host: Host) -> None:
    host.unit("over", "/bin/true", "Type=oneshot\nRemainAfterExit=yes")
    host.unit("titled", "/usr/bin/env -i /usr/bin/sleep infinity")
    targets = [{"name": name, "kind": "environment", "unit": f"{name}.service"} for name in ("over", "titled")]

    assert changed(host.play(targets=targets)) > 0
    assert changed(host.play(targets=targets)) == 0


def test_a_configuration_is_validated_with_the_variables_of_its_unit(host: Host) -> None:
    """A Collector refuses an exporter whose endpoint is a variable that is not set."""
    config = "service: {pipelines: {traces: {receivers: [otlp], exporters: [otlp]}}}\n"
    host.write("/etc/otelcol.yaml", config)
    host.write(
        "/usr/bin/otelcol", '#!/bin/sh\n[ "$2" = --help ] && exit\n[ "$ENDPOINT" = "tempo \\"1\\"" ] || exit 1\n'
    )
    host.run("chmod 755 /usr/bin/otelcol")
    host.write("/etc/otelcol.env", "ENDPOINT='tempo \"1\"'\n")
    host.unit("otelcol", settings="EnvironmentFile=/etc/otelcol.env")
    target = {
        "name": "gateway",
        "kind": "collector",
        "unit": "otelcol.service",
        "file": "/etc/otelcol.yaml",
        "ratio": 1,
    }

    assert changed(host.play(targets=[target])) > 0
    assert "probabilistic_sampler" in host.run("cat /etc/otelcol.yaml")

    host.write("/etc/otelcol.yaml", config)
    host.write("/etc/otelcol.env", "ENDPOINT=none\n")
    host.run("systemctl restart otelcol")
    assert "the program that reads it refuses the result" in said(host.play(targets=[target]))
    assert host.run("cat /etc/otelcol.yaml") == config.strip()


def test_a_unit_that_does_not_run_is_not_started(host: Host) -> None:
    host.unit("shop")
    host.run("systemctl stop shop")

    assert changed(host.play(targets=[{"name": "shop", "kind": "environment", "unit": "shop.service"}])) > 0

    assert host.run("systemctl is-active shop; true") == "inactive"
    host.run("systemctl start shop")
    assert host.environment("shop")["OTEL_TRACES_SAMPLER_ARG"] == "0.25"
