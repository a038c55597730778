"""The dashboard is what a Grafana takes; the one that GRAFANA_URL names is asked, where it names one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import requests

FILE = Path(__file__).resolve().parents[3] / "roles/watch/files/traceops-dashboard.json"


def test_every_panel_asks_the_data_source_that_is_chosen() -> None:
    board: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    assert [variable["name"] for variable in board["templating"]["list"]] == ["datasource", "instance"]
    for panel in board["panels"]:
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel["title"]
        assert [target["datasource"] for target in panel["targets"]] == [panel["datasource"]] * len(panel["targets"])
        assert panel["type"] in ("stat", "table", "timeseries")
    if os.environ.get("GRAFANA_URL"):
        takes(os.environ["GRAFANA_URL"].rstrip("/"), board)


def takes(url: str, board: dict[str, Any]) -> None:
    """Load it, read it back and remove it."""
    session = requests.Session()
    session.auth = (os.environ.get("GRAFANA_USERNAME", "admin"), os.environ.get("GRAFANA_PASSWORD", "admin"))
    loaded = session.post(f"{url}/api/dashboards/db", json={"dashboard": board, "overwrite": True}, timeout=30)
    assert loaded.status_code == 200, loaded.text
    try:
        kept = session.get(f"{url}/api/dashboards/uid/{board['uid']}", timeout=30).json()["dashboard"]
        assert [panel["title"] for panel in kept["panels"]] == [panel["title"] for panel in board["panels"]]
    finally:
        session.delete(f"{url}/api/dashboards/uid/{board['uid']}", timeout=30)
