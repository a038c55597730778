"""The main job on the embedded lab: a healthy stack of which nothing is said, then three more that are described.

Every scenario starts its own lab on ports that the kernel picks, lets the sample application send real
spans, and runs `ansible-playbook traceops.tracing.diagnose`. Exit code 0 means that all verdicts were true.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from ansible_collections.traceops.tracing.tests.integration.playbook import Run, run_playbook
from ansible_collections.traceops.tracing.tests.lab import Lab
from ansible_collections.traceops.tracing.tests.lab.standing import Standing

WRONG_URL = "the data source in Grafana points at a port where nothing listens"
WRONG_PORT = "the application exports OTLP over HTTP to the gRPC port"
SCENARIOS = (  # words, fault, root cause
    ("a healthy stack", None, None),
    (WRONG_URL, "grafana-wrong-url", "grafana.datasource.unreachable"),
    (WRONG_PORT, "wrong-protocol", "network.otlp.other-protocol"),
)


def page(run: Run) -> str:
    """The page that the playbook printed, without Ansible's own lines around it."""
    task = run.output.split("TASK [traceops.tracing.diagnose : Say why]", 1)[-1]
    lines = task.split("\nTASK ", 1)[0].split("PLAY RECAP", 1)[0].splitlines()[1:]
    kept = [line for line in lines if not line.startswith(("ok: [", "fatal: [", "changed: ["))]  # "ok: " is a verdict
    return "\n".join(kept).strip("\n")


def true_verdict(run: Run, wanted: str | None) -> bool:
    if run.report is None:
        return False
    return run.root_causes == ([wanted] if wanted else []) and run.verdict["status"] == ("problem" if wanted else "ok")


def found_without_a_word(directory: Path) -> bool:
    """A diagnosis without a variable of a service, Tempo and Grafana that run on this machine."""
    print(f"\n[1/{len(SCENARIOS) + 1}] no variable is set: what runs here is found\n", flush=True)
    with Standing(directory / "lab") as standing:
        run = run_playbook("diagnose", directory, {"diagnose_discover": True})
    print(page(run) if run.report else run.output)
    print(f"\n    report: {directory / 'report' / 'report.html'}")
    right = run.report is not None and found_and_well(run, f"http://127.0.0.1:{standing.otlp_http}")
    if not right:
        print("    WRONG VERDICT: expected the service checkout, and no problem of it", file=sys.stderr)
    return right


def found_and_well(run: Run, receiver: str) -> bool:
    """Whether the service that sends to `receiver` is found, leads to its Tempo, and nothing is wrong with the two.

    What else runs on this machine is found, too, be it of the same name, and may have faults of its own.
    """
    mine = next((each for each in edges(run) if each["address"] == receiver), None)
    if mine is None or "/tempo" not in mine["to"]:
        return False
    assert run.report is not None
    host, _slash, name = mine["origin"].partition("/")
    backend = run.report["evidence"]["hosts"][host]["applications"][name]["backend"]

    def concerns_mine(cause: dict[str, Any]) -> bool:
        if cause["applications"]:
            return {"host": host, "name": name} in cause["applications"]
        return cause["backend"] in (None, backend)

    return not any(concerns_mine(cause) for cause in run.verdict["root_causes"])


def edges(run: Run) -> list[dict[str, Any]]:
    """Who leads to whom, as the report has it."""
    assert run.report is not None
    return [edge for each in run.report["path"]["edges"].values() for edge in each]


def main() -> int:
    cache = Path(os.environ.get("TRACEOPS_CACHE") or Path.home() / ".cache/traceops")
    started, wrong = time.monotonic(), 0
    wrong += 0 if found_without_a_word(cache / "demo" / "found") else 1
    for number, (words, fault, wanted) in enumerate(SCENARIOS, 2):
        print(f"\n[{number}/{len(SCENARIOS) + 1}] {words}\n", flush=True)
        directory = cache / "demo" / (fault or "healthy")
        with Lab(fault=fault, directory=directory / "lab") as lab:
            lab.run_app()
            run = run_playbook("diagnose", directory, lab.variables)
        print(page(run) if run.report else run.output)
        print(f"\n    report: {directory / 'report' / 'report.html'}")
        if not true_verdict(run, wanted):
            wrong += 1
            print(f"    WRONG VERDICT: expected {wanted or 'no problem'}", file=sys.stderr)
    print(f"\n{len(SCENARIOS) + 1 - wrong} of {len(SCENARIOS) + 1} verdicts true, {time.monotonic() - started:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
