"""What real SDKs print when their exports fail names its cause, and what they print beside accuses nobody."""

from __future__ import annotations

import collections
import functools
import json
import re
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs import profiles
from ansible_collections.traceops.tracing.tests.unit.logs.looking import look

LOGS = sorted((Path(__file__).parent / "sdk_recordings/reported").glob("*.log"))
_NAME = re.compile(r"(?:(NOCAUSE|FALSEALARM)-)?(go|java|nodejs|python|rust)-[^-]+-(?:\w+\.)?(.+)\.log")

# What names the fault of each state: a cause of logs.reason, or a pattern that is about just that.
NAMED: dict[str, set[str]] = {
    "h-refused": {"connection_refused"},
    "a-refused": {"connection_refused"},
    "b-refused-nologging": {"connection_refused"},
    "q-flood-refused": {"connection_refused"},
    "h-noname": {"dns_failure"},
    "g-noname": {"dns_failure", "unavailable"},  # Python 1.15 prints the status alone
    "g-refused": {"connection_refused", "unavailable"},
    "h-to-grpc": {"protocol_mismatch"},
    # okhttp may print no more than that its connection was shut down, as with a receiver that closes it.
    "g-to-http": {"protocol_mismatch", "connection_reset"},
    "h-tls-to-plain": {"tls_not_spoken"},
    "g-tls-to-plain": {"tls_not_spoken"},
    "g-noscheme": {"tls_not_spoken", "scheme_missing"},  # without a scheme grpc-js speaks TLS, Java nothing
    # A server of TLS closes the connection: the log shows no more than that.
    "h-plain-to-tls": {"tls_required", "connection_reset"},
    "g-plain-to-tls": {"tls_required", "connection_reset", "unavailable"},
    "h-selfsigned": {"certificate_untrusted"},
    "g-selfsigned": {"certificate_untrusted"},
    "h-noscheme": {"scheme_missing", "endpoint_invalid"},  # Node.js calls either an invalid URL
    "h-noscheme-name": {"scheme_missing"},
    "h-badport": {"endpoint_invalid"},
    "e-emptyep": {"scheme_missing"},
    "h-302": {"redirected"},
    "h-401": {"unauthorized"},
    "g-401": {"unauthorized"},
    "g-403": {"forbidden"},
    "h-404": {"path_not_found"},
    "g-unimpl": {"path_not_found"},
    "g-400": {"invalid_data"},
    "g-429": {"rate_limited"},
    "h-429": {"response_timeout"},  # Java retries until its time is over, and says only that
    "h-502": {"unavailable", "bad_gateway"},
    "h-503": {"unavailable", "response_timeout"},
    "h-503ra": {"unavailable"},
    "g-503": {"unavailable"},
    "g-internal": {"server_error"},
    "h-hang": {"response_timeout"},
    "g-hang": {"response_timeout"},
    "q-flood-hang": {"response_timeout", "gave_up"},
    "h-reset": {"connection_reset"},
    "g-partial": {"partial_success"},
    "e-cert": {"certificate_unreadable", "certificate_untrusted"},
    "e-sampler": {"sampler_invalid"},
    "e-samplerarg": {"sampler_invalid"},
    "e-samplerarg2": {"sampler_invalid"},
    "e-exporter": {"exporter_failed"},
    "e-exporter-jaeger": {"exporter_failed"},
    "e-protocol": {"exporter_failed"},
    "e-headers": {"header_invalid"},
    "e-headers2": {"header_invalid"},
    "e-propagator": {"propagator_invalid"},
    "e-compression": {"exporter_failed", "setting_ignored", "config_failed"},
    "e-bsp": {"setting_ignored", "config_failed"},
    "e-timeout": {"setting_ignored", "config_failed"},
    "e-spanlimit": {"setting_ignored", "config_failed"},
    "e-resattr": {"setting_ignored", "config_failed"},
    "e-disabled": {"disabled"},
    "l-twice": {"provider_overridden"},
    "l-aftershutdown": {"used_after_shutdown"},
}


def parts(log: Path) -> tuple[str, str, str]:
    """Its kind, language and state, by its name."""
    found = _NAME.fullmatch(log.name)
    assert found, log.name
    return found.group(1) or "", found.group(2), found.group(3)


@functools.lru_cache(maxsize=1)
def patterns() -> Any:
    return profiles.resolve({"profiles": ["auto"]}, str)["patterns"]


@functools.lru_cache(maxsize=None)
def seen(log: Path) -> dict[str, Any]:
    return look(log, patterns())


def named(result: dict[str, Any]) -> set[str]:
    """The causes that a result names: that of its exports, of its start, and the patterns that are one themselves."""
    found = {name for name, pattern in result["patterns"].items() if pattern["count"]}
    starts = {pattern["reason"]["cause"] for pattern in result["patterns"].values() if pattern["reason"]}
    reason = {result["reason"]["cause"]} if result["reason"] else set()
    return reason | found | (starts if not reason else set())


FAILED = [log for log in LOGS if parts(log)[0] != "FALSEALARM"]
FINE = [log for log in LOGS if parts(log)[0] == "FALSEALARM"]


@pytest.mark.parametrize("log", FAILED, ids=lambda log: log.stem)
def test_a_failure_names_its_cause_and_its_sdk(log: Path) -> None:
    _kind, language, state = parts(log)
    result = seen(log)
    assert named(result) & NAMED[state], result["reason"]
    assert result["recognised"] == f"otel_{language}"


@pytest.mark.parametrize("log", FINE, ids=lambda log: log.stem)
def test_what_else_fails_is_no_failed_export_of_traces(log: Path) -> None:
    result = seen(log)
    assert result["reason"] is None
    assert not [name for name, each in result["patterns"].items() if each["count"] and name != "sdk_heard"]


def test_the_figures(capsys: pytest.CaptureFixture[str]) -> None:
    """At least 95 percent of what is printed is named, of each language; nothing is accused that is fine."""
    printed = collections.Counter(parts(log)[1] for log in FAILED)
    told = collections.Counter(parts(log)[1] for log in FAILED if named(seen(log)) & NAMED[parts(log)[2]])
    with capsys.disabled():
        print(
            "".join(f"\n{language}: {told[language]} of {count} named" for language, count in sorted(printed.items()))
        )
    assert all(told[language] >= 0.95 * count for language, count in printed.items())


@pytest.mark.parametrize("log", FAILED, ids=lambda log: log.stem)
def test_the_words_are_clean(log: Path) -> None:
    reason = seen(log)["reason"]
    words = reason["words"] if reason else "x"
    assert words
    assert not re.search(r"\\n|\\t|[(\[{,:;\\]$|\bdropped_items|^\s|\s$|\\\"", words), words
    assert words.count("(") >= words.count(")"), words
    assert words[-1] not in "'\"" or words.count(words[-1]) % 2 == 0, words


# The forms in which engines and loggers carry a line.
WRAPPED = {
    "plain": lambda line: line,
    "docker": lambda line: json.dumps({"log": line + "\n", "stream": "stderr", "time": "2026-11-28T06:00:00.1Z"}),
    "cri": lambda line: f"2026-11-28T06:00:00.123456789Z stderr F {line}",
    "journal": lambda line: f"Nov 28 06:00:00 host app[17]: {line}",
    "compose": lambda line: f"shop-1  | {line}",
}


@pytest.mark.parametrize("form", list(WRAPPED))
@pytest.mark.parametrize(
    "name",
    [
        "NOCAUSE-python-v115-h-refused",
        "NOCAUSE-python-v124-h-selfsigned",
        "java-sdk1.68.0-g-noname",
        "java-sdk1.68.0-h-401",
        "nodejs-n053-g-401",
        "nodejs-nnew-g-partial",
        "nodejs-n035-diag.e-propagator",
        "go-gnew-e-headers",
        "rust-rnew-e-compression",
    ],
)
def test_a_log_tells_the_same_however_it_is_carried(tmp_path: Path, name: str, form: str) -> None:
    log = next(log for log in LOGS if log.stem == name)
    text = log.read_text(encoding="utf-8", errors="replace")
    carried = tmp_path / "app.log"
    carried.write_text("".join(WRAPPED[form](line) + "\n" for line in text.splitlines()))
    plain, told = seen(log), look(carried, patterns())
    for each in (plain, told):
        each["cause_and_words"] = each["reason"] and (each["reason"]["cause"], each["reason"]["words"])
    assert told["cause_and_words"] == plain["cause_and_words"]
    assert told["recognised"] == plain["recognised"]
    count = {name: found["count"] for name, found in plain["patterns"].items() if found["count"]}
    assert {name: found["count"] for name, found in told["patterns"].items() if found["count"]} == count


def test_a_json_loggers_record_is_read_with_its_stack(tmp_path: Path) -> None:
    record = {
        "@timestamp": "2026-11-28T06:00:00Z",
        "level": "ERROR",
        "logger_name": "io.opentelemetry.exporter.internal.http.HttpExporter",
        "message": "Failed to export spans. The request could not be executed.",
        "stack_trace": "java.net.ConnectException: Failed to connect to tempo/10.0.0.7:4318\n\tat okhttp3.X.y(X.kt:1)\n"
        "Caused by: java.net.ConnectException: Connection refused\n",
    }
    (tmp_path / "app.log").write_text(json.dumps(record) + "\n")
    result = look(tmp_path / "app.log", patterns())
    assert result["reason"]["cause"] == "connection_refused"
    assert result["reason"]["protocol"] == "http"
    assert result["recognised"] == "otel_java"
