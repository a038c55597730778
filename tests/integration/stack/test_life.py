"""A stack's life on a real engine, from deployed to removed, looked at without our modules."""

from __future__ import annotations

from ansible_collections.traceops.tracing.tests.integration.stack.deployed import (
    Stack,
    assert_good,
    changes,
)


def test_a_stack_from_nothing_to_nothing(stack: Stack) -> None:
    # Check mode on a host that was never touched: it says what would change, and leaves nothing.
    assert changes(stack.deploy("--check")) > 0
    assert not stack.config.exists()
    assert stack.starts() == {}

    assert changes(stack.deploy()) > 0
    first = stack.starts()
    assert set(first) == {"tempo", "grafana"}
    trace = stack.send("before")
    assert stack.stored(trace)
    assert stack.through_grafana(f"/api/datasources/proxy/uid/tempo/api/traces/{trace}")[0] == 200

    # Again, and in check mode: nothing to do.
    assert changes(stack.deploy()) == 0
    assert changes(stack.deploy("--check")) == 0
    assert stack.starts() == first

    # One setting of Tempo: one restart, and the trace is still there.
    assert changes(stack.deploy("--check", stack_tempo={"retention": "240h"})) > 0
    assert stack.starts() == first
    assert changes(stack.deploy(stack_prove=False, stack_tempo={"retention": "240h"})) == 2  # the file, the container
    second = stack.starts()
    assert {kind for kind in second if second[kind] != first[kind]} == {"tempo"}
    assert stack.stored(trace)

    # One setting of Grafana, likewise.
    both = {"stack_tempo": {"retention": "240h"}, "stack_grafana": {"anonymous": True}}
    assert changes(stack.deploy(stack_prove=False, **both)) == 2
    third = stack.starts()
    assert {kind for kind in third if third[kind] != second[kind]} == {"grafana"}

    # Stopped, stopped again, and up again with the data.
    assert changes(stack.deploy(stack_state="stopped")) == 1
    assert stack.starts() == {}
    assert changes(stack.deploy(stack_state="stopped")) == 0
    assert_good(stack.deploy(stack_prove=False))
    assert stack.stored(trace)

    # Removed, and removed again; the data stays.
    assert changes(stack.run("teardown")) > 0
    assert changes(stack.run("teardown")) == 0
    assert stack.client.containers.list(all=True, filters={"name": stack.name}) == []
    assert [file.name for file in stack.config.rglob("*") if file.is_file()] == ["admin_password"]
    assert_good(stack.deploy(stack_prove=False))
    assert stack.stored(trace)

    # Purged: nothing is left.
    purge = ("-e", "stack_purge_data=true")  # as a command line gives it: a string
    assert changes(stack.run("teardown", *purge)) > 0
    assert changes(stack.run("teardown", *purge)) == 0
    assert stack.client.volumes.list(filters={"name": stack.name}) == []
    assert not stack.config.exists()
