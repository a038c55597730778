"""`prometheus` and `promtool` of an image: health, and whether a file is a configuration. No metrics are kept."""

from __future__ import annotations

import re
import sys
import urllib.error
import urllib.request

import yaml

from ansible_collections.traceops.tracing.tests.lab.container import serving
from ansible_collections.traceops.tracing.tests.lab.wire import Listener, Request, Response, not_found, text

_KEYS = {"global", "scrape_configs", "rule_files", "alerting", "remote_write", "remote_read", "storage"}


def main() -> int:
    if sys.argv[0].endswith("promtool"):
        return _promtool(sys.argv[1:])
    listener = Listener(_answer)
    serving.forward(9090, int(listener.url.rpartition(":")[2]))
    serving.serve_until_told()
    listener.stop()
    return 0


def _answer(request: Request) -> Response:
    if re.fullmatch(r"/-/(healthy|ready)", request.path):
        return text(200, "Prometheus Server is Healthy.\n")
    return text(204, "") if request.path == "/api/v1/write" else not_found()


def _promtool(words: list[str]) -> int:
    if words[:2] == ["check", "healthy"]:
        try:
            urllib.request.urlopen("http://127.0.0.1:9090/-/healthy", timeout=5).close()
        except urllib.error.URLError:
            return 1
        return 0
    with open(words[2], encoding="utf-8") as file:
        unknown = set(yaml.safe_load(file)) - _KEYS
    for name in sorted(unknown):
        print(f"  FAILED: parsing YAML file {words[2]}: field {name} not found in type config.plain", file=sys.stderr)
    return 1 if unknown else 0
