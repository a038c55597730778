"""Every pattern of a profile serves something, and whatever is asked of a log is a pattern that some profile has."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.traceops.tracing.plugins.module_utils._otel.tempo_errors import meaning
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import facts, logged, tempo_said
from ansible_collections.traceops.tracing.tests.unit.logs.looking import PROFILES, profile
from ansible_collections.traceops.tracing.tests.unit.logs.test_logs_profiles import LINES

CHECKS = PROFILES.parent / "checks"
VERDICT = Path(facts.__file__).parent
EVERY = [(path.stem, name) for path in sorted(PROFILES.glob("*.yml")) for name in profile(path.stem)]

# What tells whose log it is, for the result `recognised`.
RECOGNISING = {"velostream_heard", "collector_heard", "tempo_heard"}


@functools.lru_cache(maxsize=None)
def asked_by_checks() -> frozenset[str]:
    """The patterns that checks name: patterns.NAME and patterns.[ONE, ANOTHER]."""
    names: set[str] = set()
    for path in CHECKS.glob("*.yml"):
        text = path.read_text()
        assert isinstance(yaml.safe_load(text), list)
        names |= set(re.findall(r"logs\.patterns\.(\w+)", text))
        for several in re.findall(r"logs\.patterns\.\[([^\]]*)\]", text):
            names |= {name.strip() for name in several.split(",")}
    return frozenset(names)


@functools.lru_cache(maxsize=None)
def asked_by_code() -> frozenset[str]:
    """The names in the modules that turn evidence into facts."""
    return frozenset(re.findall(r'"(\w+)"', "".join(path.read_text() for path in VERDICT.glob("*.py"))))


@pytest.mark.parametrize(("of", "name"), EVERY)
def test_a_pattern_serves_something(of: str, name: str) -> None:
    pattern = profile(of)[name]
    if of == "tempo_server":
        # Tempo's own log is read for what its lines mean, whatever their pattern.
        lines = LINES[of][name]
        assert name in asked_by_checks() or pattern.get("expect") != "absent" or any(map(meaning, lines)), name
    elif pattern.get("reasons") != "hint":
        assert name in asked_by_checks() | asked_by_code() | RECOGNISING


def test_what_is_asked_of_a_log_is_a_pattern() -> None:
    known = {name for _of, name in EVERY}
    asked = {*asked_by_checks(), *logged._FAILED, *logged._HEARD, *logged._STARTS, *tempo_said._LOGGED, *facts._TRACING}
    assert asked - known == set()
