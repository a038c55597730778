"""The filters and tests as a playbook gets them, and their documentation."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.traceops.tracing.plugins.filter import sampling, traceparent
from ansible_collections.traceops.tracing.plugins.test import traceparent as tests_of_traceparent

ROOT = Path(__file__).resolve().parents[3]
FILTERS = {**sampling.FilterModule().filters(), **traceparent.FilterModule().filters()}
TESTS = tests_of_traceparent.TestModule().tests()
HEADER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
UNSAMPLED = HEADER[:-1] + "0"


def documented(path: Path) -> set[str]:
    return set(yaml.safe_load(path.read_text(encoding="utf-8"))["DOCUMENTATION"]["options"])


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_documents_each_of_its_options(name):
    parameters = list(inspect.signature(FILTERS[name]).parameters.values())[1:]
    options = {parameter.name for parameter in parameters if parameter.kind is not parameter.VAR_KEYWORD}
    if name == "sampling_mode":
        options |= set(sampling.modes.SETTINGS)

    assert documented(ROOT / f"plugins/filter/{name}.yml") == {"_input", *options}


@pytest.mark.parametrize("name", TESTS)
def test_a_test_is_documented(name):
    assert documented(ROOT / f"plugins/test/{name}.yml") == {"_input"}


def test_a_mode_with_an_override():
    assert FILTERS["sampling_mode"]("prod", ratio=0.05)["ratio"] == 0.05
    assert FILTERS["sampling_mode"]("mine", extra={"mine": {"ratio": 0.1}})["mode"] == "mine"


def test_a_header_is_taken_apart_and_sent_on():
    assert FILTERS["traceparent"](HEADER)["sampled"] is True
    assert FILTERS["traceparent_next"](HEADER, "b7ad6b7169203331").endswith("-b7ad6b7169203331-01")


def test_is_traceparent_and_is_sampled():
    assert TESTS["traceparent"](UNSAMPLED)
    assert not TESTS["traceparent"]("rubbish")
    assert TESTS["sampled"](HEADER)
    assert not TESTS["sampled"](UNSAMPLED)
    assert not TESTS["sampled"](None)


def test_a_decision_by_the_id():
    decide = FILTERS["sampling_decision"]

    assert decide(UNSAMPLED, 1.0)["sampled"] is False
    assert decide(None, "0.5", trace_id="1" + "0" * 31, sdk="python")["sampled"] is True
    assert decide(None, 0.5, trace_id="0" * 16 + "f" * 16, sdk="python")["sampled"] is False


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        ("sampling_mode", ("fast",), "sampling_mode: there is no mode 'fast'"),
        ("sampling_decision", (None, 1.5), "sampling_decision: ratio 1.5 is not between 0 and 1"),
        (
            "sampling_decision",
            (None, 1, "other"),
            "sampling_decision: sampler 'other' is not known; known are sdk, velostream",
        ),
        ("sampling_decision", (None, 1, "sdk", None, "cobol"), "sampling_decision: sdk 'cobol' is not known"),
        ("sampling_decision", (None, 1, "sdk", "xyz", "go"), "'00-xyz-"),
        ("traceparent", ("rubbish",), "traceparent: 'rubbish' is not a traceparent"),
        ("traceparent_next", (HEADER, None, "no"), "traceparent_next: sampled 'no' is neither true nor false"),
        ("traceparent_next", (HEADER, "1"), "traceparent_next: '1' is not a span id"),
    ],
)
def test_what_a_filter_cannot_take_is_one_sentence(name, arguments, sentence):
    with pytest.raises(AnsibleFilterError) as refused:
        FILTERS[name](*arguments)

    assert str(refused.value).startswith(sentence)


def test_a_window_that_is_none_is_a_problem():
    assert FILTERS["sampling_proofs"]([], "soon", 0.0)["problem"].startswith("sampling_prove_window: 'soon' is not a")
