"""Fixes use the words of the SDK that is at work."""

from __future__ import annotations

import re

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._otel import reasons, sdks
from ansible_collections.traceops.tracing.tests.unit.logs.looking import PROFILES


@pytest.mark.parametrize("profile", sorted(sdks.SDKS))
def test_every_sdk_has_a_profile_and_all_words(profile: str) -> None:
    assert (PROFILES / f"{profile}.yml").is_file()
    assert set(sdks.sdk(profile)) == set(sdks.Sdk.__annotations__)
    assert all(sdks.sdk(profile).values())


def test_an_unknown_program_gets_the_words_of_the_specification() -> None:
    assert sdks.sdk("tempo") == sdks.sdk("")
    assert sdks.sdk("")["protocol"] == "OTEL_EXPORTER_OTLP_PROTOCOL"


def test_a_collectors_fixes_are_for_causes_that_its_log_can_name() -> None:
    named = {row.cause for row in (*reasons.TABLE, *reasons._REST)}
    named |= {*reasons._STATUS_CAUSES.values(), *(cause for _name, _code, cause in reasons._GRPC_CAUSES)}
    assert set(sdks.COLLECTOR_FIXES) <= named


def test_fixes_are_no_sentences_with_an_end() -> None:
    assert not [fix for fix in sdks.COLLECTOR_FIXES.values() if re.match(r"[A-Z]", fix) or fix.endswith(".")]
