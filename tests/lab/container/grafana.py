"""`/run.sh` of an image of Grafana: grafana.ini, provisioned data sources, and a database that keeps the password."""

from __future__ import annotations

import configparser
import re
import sys
import typing as t
from pathlib import Path

import yaml

from ansible_collections.traceops.tracing.tests.lab.container import serving
from ansible_collections.traceops.tracing.tests.lab.grafana_api import Grafana
from ansible_collections.traceops.tracing.tests.lab.grafana_auth import Accounts
from ansible_collections.traceops.tracing.tests.lab.grafana_sources import DataSource
from ansible_collections.traceops.tracing.tests.lab.otlp import version_of

PROFILE = "13.1.0-pre"


def sources(directory: Path) -> t.Iterator[DataSource]:
    """The data sources that the files in `directory` provision."""
    entries = [
        entry
        for file in sorted(directory.glob("*.yml"))
        for entry in yaml.safe_load(file.read_text(encoding="utf-8")).get("datasources", [])
    ]
    for number, entry in enumerate(entries, 1):
        yield DataSource(
            number,
            entry["uid"],
            entry["name"],
            entry["type"],
            entry["url"],
            access=entry["access"],
            is_default=entry.get("isDefault", False),
            json_data=entry.get("jsonData", {}),
            secure=entry.get("secureJsonData", {}),
        )


def main() -> int:
    config = configparser.ConfigParser(interpolation=None)
    given = (word.partition("=")[2] for word in sys.argv if word.startswith("--config="))
    with open(next(given, "/etc/grafana/grafana.ini"), encoding="utf-8") as file:
        config.read_file(file)
    security, server, anonymous = config["security"], config["server"], config["auth.anonymous"]
    database = Path(config["paths"]["data"]) / "grafana.db"
    if not database.exists():  # as the real one, it takes the password at its first start only
        given = re.fullmatch(r"\$__file\{(.+)\}", security["admin_password"])
        password = Path(given.group(1)).read_text(encoding="utf-8") if given else security["admin_password"]
        partial = database.with_suffix(".partial")
        partial.write_text(password, encoding="utf-8")
        partial.replace(database)
    accounts = Accounts(
        version_of(PROFILE),
        users={security["admin_user"]: (database.read_text(encoding="utf-8"), "Admin")},
        anonymous_role=anonymous.get("org_role", "Viewer") if anonymous.getboolean("enabled") else "",
    )
    tls = (server["cert_file"], server["cert_key"]) if server.get("protocol") == "https" else None
    provisioning = Path(config["paths"]["provisioning"])
    grafana = Grafana(PROFILE, sources(provisioning / "datasources"), accounts=accounts, tls=tls)
    serving.forward(int(server["http_port"]), int(grafana.url.rpartition(":")[2]))
    serving.serve_until_told()
    grafana.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
