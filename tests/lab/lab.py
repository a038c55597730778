"""A tracing stack for tests and demos: Tempo, Grafana and an application, on loopback."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import typing as t
from pathlib import Path

from ansible_collections.traceops.tracing.tests.lab.faults import Plan, Urls, plan_for
from ansible_collections.traceops.tracing.tests.lab.grafana_api import Grafana
from ansible_collections.traceops.tracing.tests.lab.store import Store
from ansible_collections.traceops.tracing.tests.lab.tempo import Tempo
from ansible_collections.traceops.tracing.tests.lab.wire import ClosedPort

_APP_SECONDS = 60


_FOREIGN = re.compile("^OTEL_|_proxy$|_CA_BUNDLE$", re.IGNORECASE)


def neutral_environment() -> dict[str, str]:
    """What an application inherits: nothing that would configure it. Loopback needs no proxy, and requests lets its
    CA bundle override the exporter's own certificate."""
    return {name: value for name, value in os.environ.items() if not _FOREIGN.search(name)}


class Lab:
    """Up from construction (or `with`) to `stop()`.

    `tempo` and `grafana` are version profiles; `fault` is a name from `faults.FAULTS` or a `Plan`; `directory` is
    where the application's log and `variables.json` go; `ports` has any of tempo, grafana, otlp_grpc, otlp_http (the
    kernel picks the others); `protocol` is what a healthy application exports with, grpc or http/protobuf; `tenant`
    makes Tempo multi-tenant, and the application and the data source belong to that tenant. `options` are `Tempo`'s:
    starting, search_delay, limits, stream_over_http, clock. ValueError for an unknown profile or fault, OSError
    for a port that is taken.
    """

    def __init__(
        self,
        tempo: str = "2.10.8",
        grafana: str = "13.1.0-pre",
        fault: str | Plan | None = None,
        *,
        directory: str | os.PathLike[str],
        ports: dict[str, int] | None = None,
        protocol: str = "http/protobuf",
        tenant: str = "",
        **options: t.Any,
    ) -> None:
        self.plan = fault if isinstance(fault, Plan) else plan_for(fault, protocol)
        self.directory = Path(directory).resolve()
        self.directory.mkdir(parents=True, exist_ok=True)
        self.log_path = str(self.directory / "velo-sql-app.log")
        Path(self.log_path).write_text("", encoding="utf-8")  # a lab of the same directory may have left its log
        wanted = dict(ports or {})
        self.tempo = Tempo(
            tempo,
            keeps=self.plan.keeps,
            multitenant=bool(tenant),
            api=self.plan.tempo_api,
            otlp=self.plan.otlp,
            api_port=wanted.get("tempo", 0),
            grpc_port=wanted.get("otlp_grpc", 0),
            http_port=wanted.get("otlp_http", 0),
            **options,
        )
        self._nowhere = ClosedPort()
        self.urls = Urls(self.tempo.url, self.tempo.otlp_grpc, self.tempo.otlp_http, self._nowhere.url, tenant)
        try:
            self.grafana = Grafana(grafana, self.plan.sources(self.urls), port=wanted.get("grafana", 0))
        except (OSError, ValueError):
            self._nowhere.stop()
            self.tempo.stop()
            raise
        (self.directory / "variables.json").write_text(json.dumps(self.variables, indent=2) + "\n", encoding="utf-8")

    @property
    def store(self) -> Store:
        return self.tempo.store

    @property
    def tempo_url(self) -> str:
        return self.urls.tempo

    @property
    def grafana_url(self) -> str:
        return self.grafana.url

    @property
    def otlp_grpc(self) -> str:
        return self.urls.otlp_grpc

    @property
    def otlp_http(self) -> str:
        return self.urls.otlp_http

    @property
    def variables(self) -> dict[str, t.Any]:
        """The diagnose role's variables for the application under test."""
        return {
            "diagnose_service": self.plan.expected_service,
            "diagnose_log_paths": [self.log_path],
            "diagnose_otlp_endpoint": self.plan.endpoint(self.urls),
            "diagnose_otlp_protocol": self.plan.protocol,
            "diagnose_tempo_url": self.tempo_url,
            "diagnose_grafana_url": self.grafana_url,
            "diagnose_grafana_username": "admin",
            "diagnose_grafana_password": "admin",
            **({"diagnose_tenant": self.urls.tenant} if self.urls.tenant else {}),
        }

    def run_app(self) -> None:
        """Run the sample application once; RuntimeError when it fails by itself (a lost span is no failure)."""
        plan = self.plan
        endpoint = (plan.app_endpoint or plan.endpoint)(self.urls)
        command = [sys.executable, str(Path(__file__).with_name("app.py")), "--log", self.log_path]
        command += ["--service", plan.service, "--endpoint", endpoint, "--protocol", plan.protocol]
        command += ["--ratio", str(plan.ratio), *([] if plan.tracing else ["--disable-tracing"])]
        tenant = self.urls.tenant if plan.tenant is None else plan.tenant
        command += ["--tenant", tenant] if tenant else []
        command += ["--records", str(plan.records), *(["--upstream-flags", plan.upstream] if plan.upstream else [])]
        kept = neutral_environment()
        kept.update({"OTEL_EXPORTER_OTLP_CERTIFICATE": plan.certificate} if plan.certificate else {})
        done = subprocess.run(command, env=kept, capture_output=True, text=True, timeout=_APP_SECONDS, check=False)
        if done.returncode:
            raise RuntimeError(f"the sample application failed: {done.stderr.strip()[-500:]}")

    def stop(self) -> None:
        self.grafana.stop()
        self._nowhere.stop()
        self.tempo.stop()

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_unused: object) -> None:
        self.stop()
