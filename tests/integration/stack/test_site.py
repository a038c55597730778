"""The playbook of playbooks, with the settings that docs/stack.md names for it."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.traceops.tracing.tests.integration.stack.deployed import PASSWORD, Stack, assert_good

LOCAL = "ansible_connection=local ansible_python_interpreter={{ansible_playbook_python}}"


def test_one_run_deploys_sets_the_sampling_mode_and_finds_nothing_wrong(stack: Stack, tmp_path: Path) -> None:
    # given a host for the stack, and one with an application that is not set up for sampling
    inventory, settings = tmp_path / "inventory", tmp_path / "app.env"
    inventory.write_text(f"[tracing]\nbackend {LOCAL}\n[app]\nshop01 {LOCAL}\n", encoding="utf-8")
    settings.write_text("# the shop\n", encoding="utf-8")
    url = "http://127.0.0.1:{}".format
    stack.variables = stack.with_settings(
        stack_hosts="tracing",
        sampling_hosts="app",
        sampling_mode="debug",
        sampling_targets=[
            {"name": "shop", "kind": "environment", "file": str(settings), "restart_command": ["true"]},
        ],
        sampling_prove=False,
        diagnose_hosts="app",
        diagnose_otlp_endpoint=url(stack.ports["http"]),
        diagnose_tempo_url=url(stack.ports["tempo"]),
        diagnose_grafana_url=url(stack.ports["grafana"]),
        diagnose_grafana_username="admin",
        diagnose_grafana_password=PASSWORD,
        diagnose_containers=[stack.container("tempo"), stack.container("grafana")],
    )
    # when all of it is run, then each host got its part, and a span of the application's host is found through Grafana
    run = stack.run("site", "-i", str(inventory))
    assert_good(run)
    assert set(stack.starts()) == {"tempo", "grafana"}
    assert "OTEL_TRACES_SAMPLER" in settings.read_text(encoding="utf-8")
    assert run.verdict["root_causes"] == []
    assert {"network.otlp.not-accepted", "grafana.trace.missing"} <= set(run.findings("ok"))
    assert PASSWORD not in run.output
    # when it is run again, then nothing changes
    again = stack.run("site", "-i", str(inventory))
    assert_good(again)
    assert [host["changed"] for host in again.recap.values()] == [0, 0]
