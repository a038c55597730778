"""Suppressions as they are given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._verdict import suppress
from ansible_collections.traceops.tracing.tests.unit.verdict.checks import check, load


def test_a_date_means_the_end_of_that_day(tmp_path: Path) -> None:
    given = {"id": "network.*", "host": "app*", "reason": "known", "until": "2026-11-30"}
    assert suppress.read([given], load(tmp_path, check())) == [
        {**given, "application": None, "until": "2026-11-30T23:59:59+00:00"}
    ]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"id": "network.otlp.gone"}, "suppress: no check has the id 'network.otlp.gone'"),
        (
            {"id": "network.*", "until": "soon"},
            "suppress: 'until' of 'network.*' is no date: 'soon' (write 2027-01-31)",
        ),
        ({"id": "network.*", "reason": " "}, "suppress: the entry for 'network.*' needs a reason"),
        ({"id": "network.*", "until": "2026-13-01"}, "suppress: 'until' of 'network.*' is no date"),
    ],
)
def test_what_can_not_be_meant_is_refused(entry: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(suppress.BadSuppression) as refused:
        suppress.read([{"reason": "known", **entry}], load(tmp_path, check()))
    assert words in str(refused.value)
