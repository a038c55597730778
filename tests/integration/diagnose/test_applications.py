"""One host with several applications: each fault is that of its application, and the healthy ones pass."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from ansible_collections.traceops.tracing.tests import lab as lab_package
from ansible_collections.traceops.tracing.tests.integration.playbook import Run, assert_clean, run_playbook
from ansible_collections.traceops.tracing.tests.lab import Lab
from ansible_collections.traceops.tracing.tests.lab.lab import neutral_environment
from ansible_collections.traceops.tracing.tests.servers import closed_port

CART, CHECKOUT, STOCK = "velo-sql-cart.sql", "velo-sql-checkout.sql", "velo-sql-stock.sql"


def work(directory: Path, service: str, endpoint: str, ratio: float = 1.0) -> dict[str, Any]:
    """Let an application work; what the operator says about it."""
    log = directory / f"{service}.log"
    app = Path(lab_package.__file__).with_name("app.py")
    command = [sys.executable, str(app), "--log", str(log), "--service", service, "--endpoint", endpoint]
    subprocess.run([*command, "--ratio", str(ratio)], env=neutral_environment(), check=True, timeout=60)
    return {"service": service, "log_paths": [str(log)], "otlp_endpoint": endpoint}


def findings(run: Run, application: str, *states: str) -> list[str]:
    assert run.report is not None, run.output
    return [f["id"] for f in run.report["findings"] if f["application"] == application and f["state"] in states]


def test_each_fault_is_that_of_its_application(tmp_path: Path) -> None:
    # given a host with one application that is fine, one whose endpoint refuses, and one that samples nothing
    with Lab(directory=tmp_path / "lab") as lab:
        refused = f"http://127.0.0.1:{closed_port()}"
        applications = [
            {"name": "cart", **work(tmp_path, CART, lab.otlp_http)},
            {"name": "checkout", **work(tmp_path, CHECKOUT, refused)},
            {"name": "stock", **work(tmp_path, STOCK, lab.otlp_http, ratio=0.0)},
        ]
        told = {**lab.variables, "diagnose_log_paths": [], "diagnose_applications": applications}
        run = run_playbook("diagnose", tmp_path, {**told, "diagnose_containers": []})
    # then there are two root causes, each of its application
    assert_clean(run)
    where = {cause["id"]: cause["applications"] for cause in run.verdict["root_causes"]}
    assert where == {
        "sampling.ratio.zero": [{"host": "localhost", "name": "stock"}],
        "network.otlp.connection-refused": [{"host": "localhost", "name": "checkout"}],
    }, run.output
    assert "(on localhost: stock)" in run.verdict["sentence"]
    assert findings(run, "cart", "failed", "warning") == []
    assert "network.otlp.not-accepted" in findings(run, "cart", "ok")
    # and the endpoint that two share was asked once
    assert run.report is not None
    seen = run.report["evidence"]["hosts"]["localhost"]["applications"]
    assert "shared_with" not in seen["cart"]["otlp"]
    assert seen["stock"]["otlp"]["shared_with"] == "cart"
    assert seen["stock"]["otlp"]["trace_ids"] == seen["cart"]["otlp"]["trace_ids"]
    assert "tempo-storage.canary.lost" in findings(run, "stock", "ok"), (
        "the canary that cart sent is looked up for both"
    )


def test_two_applications_with_one_name_are_refused(tmp_path: Path) -> None:
    twice = [{"name": "cart"}, {"name": "cart", "service": "other"}]
    run = run_playbook("diagnose", tmp_path, {"diagnose_applications": twice})
    assert run.report is None
    assert "diagnose_applications: two entries have the name 'cart'" in run.output


def test_a_variable_that_the_role_does_not_know_is_refused(tmp_path: Path) -> None:
    run = run_playbook("diagnose", tmp_path, {"diagnose_servce": "shop"})
    assert run.report is None
    assert "diagnose_servce is no variable of this role; did you mean diagnose_service?" in run.output
