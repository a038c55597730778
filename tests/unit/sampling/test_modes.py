"""Named modes: what they are, what overrides do, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._sampling import modes

ROOT = Path(__file__).resolve().parents[3]
TABLE = modes.load()


def resolve(name, extra=None, **overrides):
    return modes.resolve(name, overrides, modes.load(extra), "sampling_mode")


@pytest.mark.parametrize(
    ("name", "ratio", "flush_ms", "timeout_ms"),
    [
        ("debug", 1.0, 500, 5000),
        ("dev", 0.5, 1000, 5000),
        ("staging", 0.25, 2000, 10000),
        ("prod", 0.01, 5000, 30000),
    ],
)
def test_a_mode_is_what_its_table_says(name, ratio, flush_ms, timeout_ms):
    assert resolve(name) == {
        "mode": name,
        "ratio": ratio,
        "flush_interval_ms": flush_ms,
        "export_timeout_ms": timeout_ms,
        "max_queue_size": 65536,
        "max_export_batch_size": 2048,
    }


def test_production_is_another_name_of_prod():
    assert resolve("production") == resolve("prod")


def test_an_override_keeps_the_timings_of_the_mode():
    assert resolve("prod", ratio=0.05) == {**resolve("prod"), "ratio": 0.05}


def test_text_from_a_template_is_a_number():
    assert resolve("prod", ratio="0.05", max_queue_size="4096")["max_queue_size"] == 4096


def test_a_ratio_has_no_sign():
    assert str(resolve("prod", ratio="-0.0")["ratio"]) == "0.0"


def test_an_override_that_is_none_leaves_the_mode_as_it_is():
    assert resolve("dev", ratio=None) == resolve("dev")


def test_a_mode_of_ones_own_takes_the_rest_from_the_default_mode():
    mine = resolve("canary", {"canary": {"ratio": 0.1, "flush_interval_ms": 100}})

    assert mine == {**resolve(TABLE.default), "mode": "canary", "ratio": 0.1, "flush_interval_ms": 100}


@pytest.mark.parametrize(
    ("name", "overrides", "sentence"),
    [
        ("test", {}, "sampling_mode: there is no mode 'test'; known are debug, dev, staging, prod, production"),
        ("prod", {"ratio": 1.5}, "sampling_mode: ratio 1.5 is not between 0 and 1"),
        ("prod", {"ratio": -0.1}, "sampling_mode: ratio -0.1 is not between 0 and 1"),
        ("prod", {"ratio": "nan"}, "sampling_mode: ratio nan is not between 0 and 1"),
        ("prod", {"ratio": "many"}, "sampling_mode: ratio 'many' is not a number"),
        ("prod", {"ratio": True}, "sampling_mode: ratio 'True' is not a number"),
        ("prod", {"ratio": 10**400}, "sampling_mode: ratio '1000000000000000000000"),
        ("prod", {"max_queue_size": 1.5}, "sampling_mode: max_queue_size 1.5 is not a whole number"),
        ("prod", {"flush_interval_ms": 0}, "sampling_mode: flush_interval_ms 0 is not between 1 and 3600000"),
        ("prod", {"ration": 1}, "sampling_mode: 'ration' is no setting of a mode; known are ratio, flush_interval_ms,"),
        (
            "prod",
            {"max_queue_size": 100},
            "sampling_mode: max_export_batch_size 2048 is larger than max_queue_size 100, so a full batch could never",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(name, overrides, sentence):
    with pytest.raises(BadOption) as refused:
        resolve(name, **overrides)

    assert refused.value.message.startswith(sentence)


@pytest.mark.parametrize(
    ("extra", "sentence"),
    [
        ({"prod": {"ratio": 0.1}}, "sampling_modes_extra: 'prod' is a mode of the collection; choose another name"),
        ({"production": {"ratio": 0.1}}, "sampling_modes_extra: 'production' is a mode of the collection"),
        ({"No Name": {"ratio": 0.1}}, "sampling_modes_extra: 'No Name' is no name for a mode"),
        ({"mine": {}}, "sampling_modes_extra: mine: a ratio is needed"),
        ({"mine": 0.1}, "sampling_modes_extra: mine: expected names with values, not float"),
        ({"mine": {"ratio": 2}}, "sampling_modes_extra: mine: ratio 2 is not between 0 and 1"),
        (["mine"], "sampling_modes_extra: expected names with values, not list"),
    ],
)
def test_a_mode_of_ones_own_that_cannot_be_is_refused(extra, sentence):
    with pytest.raises(BadOption) as refused:
        modes.load(extra)

    assert refused.value.message.startswith(sentence)


def test_the_role_and_the_table_have_the_same_default():
    defaults = yaml.safe_load((ROOT / "roles/sampling/defaults/main.yml").read_text(encoding="utf-8"))

    assert defaults["sampling_mode"] == TABLE.default
