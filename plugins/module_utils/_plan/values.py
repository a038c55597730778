# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of the role `diagnose`: which there are, and what they may be."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import collect, labels

Values = t.Mapping[str, t.Any]

# What an application may have of its own, in an entry of diagnose_applications or as diagnose_NAME of the host.
OF_APPLICATION = (
    *("service", "process", "log_paths", "log_unit", "log_container", "log_since", "log_profiles", "log_profile_dirs"),
    *("otlp_endpoint", "otlp_protocol", "otlp_headers", "ca_path", "client_cert", "client_key"),
    *("collector_endpoint", "tempo_otlp_endpoint", "collector_metrics_url", "app_metrics_url"),
    *("tempo_url", "grafana_url", "grafana_datasource_uid", "tenant"),
)
OF_HOST = (
    *(
        "applications",
        "environment",
        "services_expected",
        "counterfactual",
        "wait_search",
        "report_dir",
        "fail_on",
        "gate",
        "bundle",
        "check_dirs",
        "host_timeout",
    ),
    *("suppress", "only_discover", "baseline", "docs_url", "evidence"),
    *(name for name in labels.VARIABLES if name not in OF_APPLICATION),
)
# What discovery adds to an application: the name that it has for it, who says what was found (by variable), and which
# variables say something else.
OF_DISCOVERY: t.Mapping[str, t.Any] = {"found_as": "", "sources": {}, "otherwise": []}
VARIABLES = tuple(f"diagnose_{name}" for name in (*OF_APPLICATION, *OF_HOST))
# What no host needs to know: how the run is judged, and what is written.
OF_REPORT = tuple(
    f"diagnose_{name}"
    for name in (
        *("report_dir", "fail_on", "gate", "bundle", "check_dirs", "host_timeout", "suppress", "only_discover"),
        *("baseline", "docs_url"),
    )
)
OF_PLAYBOOK = ("diagnose_hosts",)
TOLD = ("diagnose_result",)  # by an earlier run of the role

_PORT = r"(:(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3}))?"
_ADDRESS = rf"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]+){_PORT}(/(?!/)[^\s?#@]*)?\Z"
URL, _OTLP = rf"https?://{_ADDRESS}", rf"(https?://)?{_ADDRESS}"


class Form(t.NamedTuple):
    """What a text must look like, and how that is said."""

    regex: str
    expected: str
    may_be_empty: bool = False


FORMS: t.Dict[str, Form] = {
    "otlp_endpoint": Form(_OTLP, "http://HOST:PORT or HOST:PORT"),
    "collector_endpoint": Form(_OTLP, "http://HOST:PORT or HOST:PORT", True),
    "tempo_otlp_endpoint": Form(_OTLP, "http://HOST:PORT or HOST:PORT", True),
    "tempo_url": Form(URL, "http://HOST:PORT"),
    "grafana_url": Form(URL, "http://HOST:PORT"),
    "collector_metrics_url": Form(URL, "http://HOST:PORT/metrics", True),
    "app_metrics_url": Form(URL, "http://HOST:PORT/metrics", True),
    "otlp_protocol": Form(r"(auto|grpc|http/protobuf|http/json)\Z", "one of auto, grpc, http/protobuf, http/json"),
    # What Tempo allows in a tenant; several are joined by |.
    "tenant": Form(r"[A-Za-z0-9!._*'()|-]*\Z", "letters, digits and !-_.*'()|"),
}


def fits(name: str, value: t.Any) -> bool:
    """Whether a value that was found has the form of that variable."""
    form = FORMS.get(name)
    return form is None or re.match(form.regex, str(value)) is not None


def without_secrets(given: Values) -> t.Dict[str, t.Any]:
    """The variables with what is secret in them left empty."""
    kept = _emptied(given)
    entries = kept.get("diagnose_applications")
    if isinstance(entries, list):
        kept["diagnose_applications"] = [_emptied(entry) for entry in entries]
    return kept


def _emptied(of: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    nothing: t.Dict[type, t.Any] = {dict: {}}
    return {
        name: nothing.get(type(value), "") if str(name).endswith(collect.SECRET_NAMES) else value
        for name, value in of.items()
    }


def number(value: t.Any) -> float:
    """A number that may have come as text; what is none is out of every range."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")
