"""What Tempo's words mean: each example is understood as what it is, and healthy lines are not mistaken."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.traceops.tracing.plugins.module_utils._otel.tempo_errors import MEANINGS, meaning

EXAMPLES = yaml.safe_load((Path(__file__).parent / "texts" / "tempo-errors.yml").read_text(encoding="utf-8"))
SIDES = {"ring", "ingest", "storage", "compaction", "query", "generator", "start"}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["means"])
def test_an_example_means_what_it_is(example: dict[str, str]) -> None:
    found = meaning(example["text"])
    assert found is not None
    wanted = next(each for each in MEANINGS if each.word == example["means"])
    assert re.search(wanted.pattern, example["text"])
    # Where a line tells where and why, the why counts.
    assert found == wanted or wanted.frame


def test_every_meaning_has_an_example_a_side_and_a_cause() -> None:
    assert sorted(example["means"] for example in EXAMPLES) == sorted(each.word for each in MEANINGS)
    assert {each.side for each in MEANINGS} == SIDES
    assert [each.word for each in MEANINGS if not each.cause or not each.settings] == []


@pytest.mark.parametrize(
    "text",
    [
        "ready",
        'level=info msg="Tempo started"',
        'level=info msg="initialising module" module=ring',
        "",
        None,
        7,
        "POST http://tempo:4318/v1/traces: connection refused",
    ],
)
def test_other_words_mean_nothing(text: object) -> None:
    assert meaning(text) is None


def test_the_setting_is_that_of_the_version() -> None:
    found = meaning("rpc error: code = Unknown desc = DoBatch: InstancesCount <= 0")
    assert found is not None
    assert "ingester.lifecycler" in found.setting("2.10")
    assert "live_store" not in found.setting("2.10")
    assert "live_store.partition_ring" in found.setting("3.0")
    assert "ingester" not in found.setting("v3.0.3")
    assert "ingester" in found.setting()
    assert "live_store" in found.setting()
