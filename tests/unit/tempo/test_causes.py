"""The list of causes in the modules' documentation is complete: whatever the client of Tempo raises is in it."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from ansible_collections.traceops.tracing.plugins.module_utils._client import http
from ansible_collections.traceops.tracing.plugins.module_utils._client.http import HttpError, Response
from ansible_collections.traceops.tracing.plugins.module_utils._client.tempo_failure import explain
from ansible_collections.traceops.tracing.plugins.modules import tempo_info, tempo_search, tempo_trace

CLIENT = Path(http.__file__).parent
RAISED = {
    *http._WORDS,
    *http.STATUS_CAUSES.values(),
    *(
        cause
        for name in ("http.py", "tempo.py")
        for cause in re.findall(r"HttpError\(\s*\"(\w+)\"", (CLIENT / name).read_text(encoding="utf-8"))
    ),
}


# These come with an answer, whatever its status.
ABOUT_AN_ANSWER = {"not_json", "not_tempo", "not_a_trace", *http.STATUS_CAUSES.values()}


@pytest.mark.parametrize("module", [tempo_info, tempo_search, tempo_trace])
def test_what_the_client_raises_is_documented(module: ModuleType) -> None:
    documented = set(re.findall(r"V\((\w+)\)", " ".join(yaml.safe_load(module.RETURN)["cause"]["description"])))
    answers = [Response("GET", "http://tempo:3200/", status, {}, b"", 1.0) for status in (200, 400, 404, 500)]
    causes = {explain(HttpError(cause, "words"))[0] for cause in RAISED - ABOUT_AN_ANSWER}
    causes |= {explain(HttpError(cause, "words", answer))[0] for cause in ABOUT_AN_ANSWER for answer in answers}
    if module is tempo_info:
        causes.discard("rejected")  # what refuses all that it asks is not Tempo
    assert {"dns_failure", "proxy_in_the_way", "not_tempo"} <= causes
    assert causes - {"not_found"} <= documented  # that goes with a 404 only
