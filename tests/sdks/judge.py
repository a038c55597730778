"""What the collection makes of a log: its own probe with the language's profile, then its own checks.

The only place of these tests that knows where the collection has them.
"""

from __future__ import annotations

import functools
import typing as t
from pathlib import Path

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import document
from ansible_collections.traceops.tracing.plugins.module_utils._otel import reasons
from ansible_collections.traceops.tracing.plugins.module_utils._probe import logs
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs import profiles
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import evaluate, library

# The causes that a log can name: those of otlp_probe, and what an SDK says of its own settings.
CAUSES = frozenset((
    "dns_failure", "connection_refused", "connection_timeout", "connection_reset", "no_route",
    "tls_required", "tls_not_spoken", "tls_failure", "certificate_untrusted", "certificate_expired",
    "certificate_name_mismatch", "protocol_mismatch", "not_otlp", "path_not_found", "unauthorized", "forbidden",
    "tenant_missing", "rate_limited", "limit_exceeded", "payload_too_large", "invalid_data", "server_error",
    "response_timeout", "partial_success", "scheme_missing", "scheme_unsupported", "endpoint_invalid", "unavailable",
))  # fmt: skip
CHECKS = Path(profiles.OWN).parent / "checks"

Json = t.Dict[str, t.Any]


class Findings(t.NamedTuple):
    """What fails when a log is all that is known."""

    causes: t.Tuple[str, ...]  # named by checks, in the words of the module otlp_probe
    accused: t.Tuple[str, ...]  # ids of failing checks above `info`


def read(log: Path, profile: str) -> Json:
    """The result of the probe `logs` over one file."""
    defaults = {name: option.get("default") for name, option in logs.ARGUMENT_SPEC.items()}
    options = profiles.resolve({**defaults, "paths": [str(log)], "profiles": [profile]}, str)
    return logs.run({**defaults, **options, "profiles": []})


def findings(logs_result: Json, arrived: float | None = None) -> Findings:
    """What the checks say of this log alone, or where Tempo has a trace of the time `arrived` (epoch) as well."""
    failing = [finding for finding in _evaluate(logs_result, arrived) if finding.state in evaluate.FAILING]
    grave = [finding.check.id for finding in failing if finding.check.severity != "info"]
    named = _cause(logs_result, grave)
    return Findings((named,) if named else (), tuple(grave))


def named_cause(logs_result: Json) -> str | None:
    """The cause that the checks name for the failed exports in this log, or None; a word of otlp_probe."""
    causes = findings(logs_result).causes
    return causes[0] if causes else None


def matched(logs_result: Json) -> list[str]:
    """The patterns that should be absent and are not."""
    return list(logs_result["unexpected"])


def _cause(logs_result: Json, failing: t.Sequence[str]) -> str | None:
    """What the failing checks say of the exports: the reason that the probe found, or what their own words mean."""
    cause = ""
    if any(check_id.startswith(("app.export.", "app.exporter.")) for check_id in failing):
        cause = str((logs_result.get("reason") or {}).get("cause") or "")
    if not cause and "app.exporter.partly-rejected" in failing:
        cause = "partial_success"
    if not cause and "app.exporter.init-failed" in failing:  # its title quotes why
        said = logs_result["patterns"]["exporter_failed"]
        cause, _words = reasons.explain([str(said["captures"].get("reason", {}).get("last") or said["last"]["text"])])
    return cause if cause in CAUSES else None


def _evaluate(logs_result: Json, arrived: float | None) -> list[t.Any]:
    run: Json = {"id": "sdks", "started": None, "finished": None, "settings": {"service": "shop"}}
    backends: Json = {}
    if arrived is not None:
        search = {"ok": True, "cause": "ok", "message": "1 trace", "count": 1, "traces": [{"start": arrived}]}
        backends["main"] = {"hosts": ["app"], "tempo_search": search}
    return evaluate.evaluate(document.build({"app": {"logs": logs_result}}, backends, run), _library())


@functools.lru_cache(maxsize=1)
def _library() -> t.Any:
    return library.load([str(CHECKS)])
