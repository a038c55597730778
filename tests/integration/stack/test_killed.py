"""A deployment that is killed at any point is mended by the next one."""

from __future__ import annotations

import random

import pytest

from ansible_collections.traceops.tracing.tests.integration.stack.deployed import (
    Stack,
    assert_good,
    fetch,
    soon,
)

TASKS = [
    "Ask the engine",
    "Create the network",
    "Give the volumes to the users of the images",
    "Write the candidate",
    "Ask the program",
    "Say what the program says",
    "Write the files",
    "Write the password that was given",
    "Start the containers",
    "Wait until Tempo is ready",
    "Send a canary through each port",
    "Look the canary up through Grafana",
]


@pytest.mark.parametrize("task", random.Random(9).sample(TASKS, 10))
def test_a_killed_run_is_mended_by_the_next(stack: Stack, task: str) -> None:
    # given a trace in a stack that runs (after the first point), and a change that concerns both containers
    trace = stack.send("before") if "tempo" in stack.starts() else ""
    number = TASKS.index(task)
    change = {"stack_tempo": {"retention": f"{100 + number}h"}, "stack_grafana": {"root_url": f"http://g{number}/"}}
    # when the run is killed there
    stack.deploy_until(task, **change)
    # then the next one converges, the change is in, and the trace is there
    assert_good(stack.deploy(stack_prove=False, **change))  # the proof is ours
    assert f"block_retention: {100 + number}h" in (stack.config / "tempo/tempo.yml").read_text(encoding="utf-8")
    assert not (stack.config / "candidate").exists()
    assert {container.name for container in stack.client.containers.list(all=True, filters={"name": stack.name})} == {
        stack.container("tempo"),
        stack.container("grafana"),
    }
    assert soon(lambda: fetch(f"http://127.0.0.1:{stack.ports['tempo']}/ready")[0] == 200)
    after = stack.send("after")
    for sent in filter(None, (trace, after)):
        assert stack.stored(sent)
    assert soon(lambda: stack.through_grafana(f"/api/datasources/proxy/uid/tempo/api/traces/{after}")[0] == 200)
