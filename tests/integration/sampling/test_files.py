"""The role on real files of this machine: what it writes, what it leaves alone, what it puts back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.traceops.tracing.tests.integration.playbook import Run
from ansible_collections.traceops.tracing.tests.integration.sampling.playing import changed, kinds, play, said
from ansible_collections.traceops.tracing.tests.servers import closed_port

COLLECTOR = """\
receivers: {otlp: {protocols: {grpc: }}}
processors:
  batch:  # last
exporters: {debug: }
service:
  pipelines:
    traces: {receivers: [otlp], processors: [batch], exporters: [debug]}
"""
ALLOY = 'otelcol.processor.probabilistic_sampler "default" {\n  output { }\n}\n'
COMPOSE = "services:\n  app:\n    image: shop:1\n    environment:\n      - TOKEN=geheim\n"


class Files:
    """Files of several applications in one directory, each with something that is not ours."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.restarts = directory / "restarts"
        self.restarts.write_text("")
        self.write("app.env", "# the shop\nOTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer geheim123\n")
        self.write("java.properties", "otel.service.name=shop\n")
        self.write("velo", 'VELO_SQL_ARGS="--file app.sql --sampling-mode dev"\n')
        self.write("velo.yaml", "tracing:\n  service_name: velo # ours\n")
        self.write("otelcol.yaml", COLLECTOR)
        self.write("config.alloy", ALLOY)
        (directory / "compose").mkdir()
        self.write("compose/compose.yaml", COMPOSE)

    def write(self, name: str, text: str) -> None:
        (self.directory / name).write_text(text, encoding="utf-8")

    def read(self, name: str) -> str:
        return (self.directory / name).read_text(encoding="utf-8")

    def all(self) -> dict[str, str]:
        return {str(path): path.read_text() for path in sorted(self.directory.rglob("*")) if path.is_file()}

    def target(self, name: str, kind: str, file: str, **more: Any) -> dict[str, Any]:
        restart = ["sh", "-c", f"echo {name} >> {self.restarts}"]
        given = {"name": name, "kind": kind, "file": str(self.directory / file), "restart_command": restart, **more}
        return {key: value for key, value in given.items() if value is not None}

    def targets(self) -> list[dict[str, Any]]:
        compose = ["sh", "-c", f'echo "compose $PWD $*" >> {self.restarts}', "compose"]
        return [
            self.target("app", "environment", "app.env"),
            self.target("java", "java", "java.properties"),
            self.target("velo", "velostream", "velo"),
            self.target("veloyaml", "velostream_yaml", "velo.yaml"),
            self.target("gateway", "collector", "otelcol.yaml", ratio=0.5),
            self.target("alloy", "alloy", "config.alloy", ratio=0.5, label="default"),
            self.target(
                "shop",
                "compose",
                "compose/compose.yaml",
                compose_service="app",
                compose_command=compose,
                restart_command=None,
            ),
        ]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    (tmp_path / "host").mkdir()
    return Files(tmp_path / "host")


def test_check_apply_check_apply_and_again_after_a_change_of_mode(files: Files, tmp_path: Path) -> None:
    untouched = files.all()

    check = play(tmp_path, "--check", "--diff", targets=files.targets())
    assert changed(check) >= 7, check.output
    assert files.all() == untouched, "check mode wrote"
    assert "+OTEL_TRACES_SAMPLER_ARG=0.25" in check.output
    assert '+VELO_SQL_ARGS="--file app.sql --sampling-mode staging --sampling-ratio 0.25"' in check.output
    assert "geheim" not in check.output, "the difference shows lines that are not ours"

    first = play(tmp_path, "--diff", "-vvv", targets=files.targets())
    assert kinds(first, "Write the settings") == ["changed"] * 7
    assert "geheim" not in first.output
    assert files.read("app.env").startswith(untouched[str(files.directory / "app.env")])
    assert "OTEL_BSP_SCHEDULE_DELAY=2000\n" in files.read("app.env")
    assert files.read("java.properties").startswith("otel.service.name=shop\notel.traces.sampler=")
    assert "service_name: velo # ours\n  sampling_mode: staging\n" in files.read("velo.yaml")
    assert "processors: [probabilistic_sampler, batch]" in files.read("otelcol.yaml")
    assert "sampling_percentage = 50\n" in files.read("config.alloy")
    assert "- OTEL_TRACES_SAMPLER_ARG=0.25\n" in files.read("compose/compose.yaml")
    restarted = files.restarts.read_text().splitlines()
    assert restarted[:-1] == ["app", "java", "velo", "veloyaml", "gateway", "alloy"]
    assert restarted[-1] == f"compose {files.directory}/compose up -d --no-deps app"
    assert sorted(path.name for path in files.directory.iterdir()) == sorted(
        ["app.env", "java.properties", "velo", "velo.yaml", "otelcol.yaml", "config.alloy", "compose", "restarts"]
    ), "no backup is left behind"

    applied = files.all()
    assert changed(play(tmp_path, "--check", targets=files.targets())) == 0
    assert changed(play(tmp_path, targets=files.targets())) == 0
    assert files.all() == applied

    # The collectors have a ratio of their own: a change of mode is none of their business.
    files.restarts.write_text("")
    second = play(tmp_path, targets=files.targets(), mode="debug")
    assert kinds(second, "Write the settings") == ["changed"] * 4 + ["ok"] * 2 + ["changed"]
    assert len(files.restarts.read_text().splitlines()) == 5
    assert "OTEL_TRACES_SAMPLER_ARG=1\n" in files.read("app.env")
    assert changed(play(tmp_path, targets=files.targets(), mode="debug")) == 0


def test_the_plan_says_what_becomes_of_the_ratio(files: Files, tmp_path: Path) -> None:
    run = play(tmp_path, "--check", targets=files.targets()[2:3] + files.targets()[4:5], mode="prod")

    assert "Velostream keeps no new trace at a ratio of 0.01 or less" in run.output
    assert "velo 0 (set as 0.01) x gateway 0.5 = 0 of new traces (not measured" in run.output


def test_compensation_sets_another_ratio(files: Files, tmp_path: Path) -> None:
    run = play(tmp_path, targets=files.targets()[2:3], mode="prod", compensate=True)

    assert "--sampling-mode prod --sampling-ratio 0.1" in files.read("velo")
    assert "velo 0.01 (set as 0.1) = 0.01 of new traces" in run.output


def test_a_backup_is_kept_when_asked_for(files: Files, tmp_path: Path) -> None:
    before = files.read("app.env")

    play(tmp_path, targets=files.targets()[:1], backup=True)

    (backup,) = files.directory.glob("app.env.*~")
    assert backup.read_text() == before


def test_without_restart_nothing_is_restarted(files: Files, tmp_path: Path) -> None:
    play(tmp_path, targets=files.targets()[:1], restart=False)

    assert files.restarts.read_text() == ""


def test_what_the_reading_program_refuses_is_not_written(files: Files, tmp_path: Path) -> None:
    before = files.all()
    validator = tmp_path / "otelcol"
    validator.write_text('#!/bin/sh\n[ "$2" = --help ] && exit 0\necho "Error: no such processor" >&2\nexit 1\n')
    validator.chmod(0o755)

    run = play(
        tmp_path, targets=[files.target("gateway", "collector", "otelcol.yaml", ratio=0.5, binary=str(validator))]
    )

    assert said(run) == (
        f"gateway: {files.directory}/otelcol.yaml was left as it is: the program that reads it refuses the result: "
        "Error: no such processor"
    )
    assert files.all() == before


def test_a_program_too_old_to_validate_refuses_nothing(files: Files, tmp_path: Path) -> None:
    old = tmp_path / "alloy"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && exit 0\necho "Error: unknown command" >&2\nexit 1\n')
    old.chmod(0o755)

    run = play(
        tmp_path, targets=[files.target("a", "alloy", "config.alloy", ratio=0.5, label="default", binary=str(old))]
    )

    assert changed(run) > 0
    assert f"a: {old} validate does not run on localhost, so the new file is not validated" in run.output


def test_a_file_behind_a_link_comes_back_where_it_was(files: Files, tmp_path: Path) -> None:
    (files.directory / "real").mkdir()
    real, link = files.directory / "real/app.env", files.directory / "link.env"
    real.write_text("A=1\n")
    link.symlink_to(real)

    run = play(tmp_path, targets=[files.target("app", "environment", "link.env", restart_command=["false"])])

    assert "the old files are back" in said(run)
    assert link.is_symlink()
    assert real.read_text() == "A=1\n"
    assert list(real.parent.iterdir()) == [real]


def test_when_a_file_cannot_be_written_nothing_is_restarted(files: Files, tmp_path: Path) -> None:
    files.write("compose/compose.yaml", "services: {other: {}}\n")

    run = play(tmp_path, targets=files.targets()[-1:])

    assert said(run) == (
        f"shop: {files.directory}/compose/compose.yaml was left as it is: it has no service 'app' (it has: other)"
    )
    assert files.restarts.read_text() == ""


def test_a_host_without_targets_is_said(files: Files, tmp_path: Path) -> None:
    run = play(tmp_path, targets=[])

    assert changed(run) == 0
    assert "localhost has no sampling_targets, so nothing is set" in run.output


def test_a_restart_that_fails_puts_the_old_file_back(files: Files, tmp_path: Path) -> None:
    before = files.all()
    command = ["sh", "-c", f"grep -q 0.25 {files.directory}/app.env && echo no such service >&2 && exit 3"]

    run = play(tmp_path, targets=[files.target("app", "environment", "app.env", restart_command=command)])

    assert said(run) == "app: the restart command fails (no such service); the old files are back"
    assert files.all() == before


def test_a_new_file_whose_restart_fails_is_removed(files: Files, tmp_path: Path) -> None:
    play(tmp_path, targets=[files.target("app", "environment", "new/app.env", restart_command=["false"])])

    assert not (files.directory / "new/app.env").exists()


@pytest.mark.parametrize(
    ("target", "variables", "sentence"),
    [
        ({"ratio": 1.5}, {}, "sampling_targets: app: ratio 1.5 is not between 0 and 1"),
        (
            {},
            {"mode": "fast"},
            "sampling_mode: there is no mode 'fast'; known are debug, dev, staging, prod, production",
        ),
        ({"file": "/proc/sampling/app.env"}, {}, "app: /proc/sampling/app.env cannot be written: "),
        ({"file": "/proc"}, {}, "app: /proc is not a file"),
        (
            {"kind": "collector", "ratio": 1},
            {},
            "app: {directory}/app.env was left as it is: it has no pipeline 'traces'",
        ),
        (
            {"restart_command": None, "unit": "no-such.service"},
            {},
            "app: systemd has no unit no-such.service on localhost",
        ),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    files: Files, tmp_path: Path, target: dict[str, Any], variables: dict[str, Any], sentence: str
) -> None:
    before = files.all()

    run = play(tmp_path, targets=[{**files.target("app", "environment", "app.env"), **target}], **variables)

    assert said(run).startswith(sentence.format(directory=files.directory))
    assert "geheim" not in run.output
    assert files.all() == before


def test_an_option_that_is_misspelt_is_refused(files: Files, tmp_path: Path) -> None:
    run = play(tmp_path, targets=[{**files.target("app", "environment", "app.env"), "raito": 1}])

    assert run.code != 0
    assert "raito" in run.output


def three_hosts(tmp_path: Path, targets: dict[str, list[dict[str, Any]]], **variables: Any) -> Run:
    lines = [
        "[all:vars]",
        "ansible_connection=local",
        f"ansible_python_interpreter={sys.executable}",
        "[all]",
        *targets,
    ]
    inventory = tmp_path / "inventory.ini"
    inventory.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "host_vars").mkdir(exist_ok=True)
    for host, given in targets.items():
        import yaml

        (tmp_path / f"host_vars/{host}.yml").write_text(yaml.safe_dump({"sampling_targets": given}), encoding="utf-8")
    return play(tmp_path, "-i", str(inventory), **variables)


def test_a_fleet_stops_at_the_first_broken_host(files: Files, tmp_path: Path) -> None:
    """By default one host goes first."""
    broken = files.target("b", "environment", "b.env", restart_command=["false"])
    fine = [files.target(name, "environment", f"{name}.env") for name in ("a", "c")]

    run = three_hosts(tmp_path, {"one": [broken], "two": [fine[0]], "three": [fine[1]]})

    assert run.code != 0
    assert list(run.recap) == ["one"]
    assert not list(files.directory.glob("?.env"))


def test_a_host_that_works_is_put_back_when_another_one_of_its_batch_breaks(files: Files, tmp_path: Path) -> None:
    """Both write and restart at the same time; the second one to restart fails."""
    first = f"mkdir {files.directory}/first 2>/dev/null || {{ sleep 1; exit 1; }}"
    target = files.target("app", "environment", "app.env", restart_command=["sh", "-c", first])

    run = three_hosts(tmp_path, {"one": [target], "two": [target]}, serial="100%")

    assert run.code != 0
    assert "app: given up, since another host of the batch failed; the old files are back" in run.output
    assert "undefined" not in run.output
    # Only equal targets are gone through side by side, so both have one file here, and race for what is in it last.
    put_back = "".join(part.split("TASK")[0] for part in run.output.split("Put the old files back]")[1:])
    assert "changed: [one]" in put_back
    assert "changed: [two]" in put_back


def test_a_lost_canary_ends_the_play_before_the_next_batch(files: Files, tmp_path: Path) -> None:
    targets = {host: [files.target(host, "environment", f"{host}.env")] for host in ("one", "two", "three")}

    run = three_hosts(tmp_path, targets, canary_endpoint=f"http://127.0.0.1:{closed_port()}")

    assert "the canary from one to http://127.0.0.1:" in said(run)
    assert list(run.recap) == ["one"]
    assert files.restarts.read_text().split() == ["one"]


def test_a_fleet_is_done_in_batches(files: Files, tmp_path: Path) -> None:
    targets = {host: [files.target(host, "environment", f"{host}.env")] for host in ("one", "two", "three")}

    run = three_hosts(tmp_path, targets, serial=1)

    assert run.code == 0, run.output
    assert run.output.count("PLAY [Set the sampling mode]") == 3
    assert files.restarts.read_text().split() == ["one", "two", "three"]


def test_collectors_of_other_hosts_are_on_the_path(files: Files, tmp_path: Path) -> None:
    app = files.target("app", "environment", "app.env", through=["gateway"])

    run = three_hosts(
        tmp_path, {"one": [app], "two": [files.target("gateway", "collector", "otelcol.yaml", ratio=0.5)]}
    )

    assert "app 0.25 x gateway 0.5 = 0.125 of new traces" in run.output
