# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Velostream (velo-sql) makes of its options; read in its source of 2026-02-19 (velo-sql.rs, telemetry.rs).

It sets up its SDK itself, so that of the variables only OTEL_EXPORTER_OTLP_* count; these win over --otlp-endpoint.
It exports over HTTP and rewrites the option's port 4317 to 4318. Each record is sampled with the ratio, then each new
trace by the SDK's sampler with the same ratio, which is off at 0.01 or less and on from 0.99.
"""

from __future__ import annotations

import math
import os
import re
import typing as t

# Ratio and flush interval (ms) of --sampling-mode.
MODES: t.Dict[str, t.Tuple[float, int]] = {
    "debug": (1.0, 500),
    "dev": (0.5, 1000),
    "staging": (0.25, 2000),
    "prod": (0.01, 5000),
    "production": (0.01, 5000),
}
DEFAULT_MODE = "staging"
OFF_AT = 0.01
ON_FROM = 0.99
# The Rust module that logs about spans; RUST_LOG's directives are prefixes of it.
_SPAN_LOGGER = "velostream::velostream::observability"
_LEVELS = ("off", "error", "warn", "info", "debug", "trace")


def is_it(words: t.Sequence[str]) -> bool:
    return bool(words) and os.path.basename(words[0]).startswith("velo-sql")


def apply(
    found: t.Dict[str, t.Any],
    variables: t.Mapping[str, str],
    options: t.Mapping[str, t.Any],
    words: t.Sequence[str],
) -> None:
    """Replace in `found` (as `app_settings.effective` makes it) what this program decides by itself."""
    if options.get("--enable-tracing"):
        found["enabled"] = {"value": True, "from": "--enable-tracing"}
    given = options.get("--otlp-endpoint")
    if found["endpoint"]["value"] is None and isinstance(given, str):
        found["endpoint"] = {"value": re.sub(r":4317(?=/|$)", ":4318", given), "from": "--otlp-endpoint"}
    for setting, value in (("protocol", "http/protobuf"), ("exporter", "otlp"), ("sdk_disabled", False)):
        found[setting] = {"value": value, "from": "velostream"}
    ratio, delay = _sampling(options)
    found["ratio"], found["schedule_delay_ms"] = ratio, delay
    share = None if ratio["value"] is None else round(recorded(ratio["value"]), 6)
    found["sampler"] = {
        "value": "parentbased_always_off" if share == 0 else "parentbased_traceidratio",
        "from": "velostream",
    }
    found["new_traces_share"] = {"value": share, "from": ratio["from"]}
    file = _value_of(words, "--file")
    if file:
        found["service_name"] = {"value": f"velo-sql-{os.path.basename(file)}", "from": "--file"}
    level = log_level(variables.get("RUST_LOG", ""))
    found["log_level"] = {
        "value": level,
        "from": "RUST_LOG" if variables.get("RUST_LOG") else "default",
        "shows_spans": level in ("debug", "trace"),
    }


def recorded(ratio: float) -> float:
    """The share of new traces that is recorded at `ratio`: a dice per record, then the SDK's sampler."""
    if ratio <= OFF_AT:
        return 0.0
    return ratio if ratio >= ON_FROM else ratio * ratio


def contradictions(
    options: t.Mapping[str, t.Any], found: t.Mapping[str, t.Any]
) -> t.Iterator[t.Tuple[str, t.List[str], str]]:
    """(subject, settings, message) for what only this program's options can say."""
    given, endpoint = options.get("--otlp-endpoint"), found["endpoint"]
    if isinstance(given, str) and endpoint["from"].startswith("OTEL_"):
        yield (
            "option_overridden",
            ["--otlp-endpoint", endpoint["from"]],
            f"--otlp-endpoint ({given}) has no effect: {endpoint['from']} ({endpoint['value']}) wins",
        )
    elif endpoint["from"] == "--otlp-endpoint" and endpoint["value"] != given:
        yield (
            "port_rewritten",
            ["--otlp-endpoint"],
            f"--otlp-endpoint is {given}, but Velostream exports over HTTP to {endpoint['value']}",
        )
    mode = options.get("--sampling-mode")
    if mode is not None and str(mode) not in MODES:
        yield (
            "mode_unknown",
            ["--sampling-mode"],
            f"--sampling-mode is '{mode}'; known are debug, dev, staging and prod",
        )


def log_level(directives: str) -> str:
    """The level that RUST_LOG gives the logger of spans: the longest directive that is a prefix of it wins."""
    best, level = -1, "info" if not directives.strip() else "off"
    for directive in directives.split("/", 1)[0].split(","):
        target, equals, wanted = (part.strip() for part in directive.partition("="))
        if not equals and target.lower() in _LEVELS:
            target, wanted = "", target
        elif not equals:
            # A target alone means everything that it logs.
            wanted = "trace" if target else ""
        if wanted.lower() in _LEVELS and _SPAN_LOGGER.startswith(target) and len(target) >= best:
            best, level = len(target), wanted.lower()
    return level


def _sampling(options: t.Mapping[str, t.Any]) -> t.Tuple[t.Dict[str, t.Any], t.Dict[str, t.Any]]:
    """(ratio, flush interval), each as {value, from}; None for a mode that the program refuses."""
    mode = options.get("--sampling-mode")
    origin = "default" if mode is None else "--sampling-mode"
    known = MODES.get(str(mode or DEFAULT_MODE))
    ratio = {"value": known[0] if known else None, "from": origin}
    delay = {"value": float(known[1]) if known else None, "from": origin}
    if "--sampling-ratio" in options:
        ratio = {"value": number(str(options["--sampling-ratio"])), "from": "--sampling-ratio"}
    return ratio, delay


def number(text: str) -> t.Optional[float]:
    """`text` as a finite number; None where it is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _value_of(words: t.Sequence[str], option: str) -> str:
    for position, word in enumerate(words):
        if word.startswith(option + "="):
            return word.split("=", 1)[1]
        if word == option and position + 1 < len(words):
            return words[position + 1]
    return ""
