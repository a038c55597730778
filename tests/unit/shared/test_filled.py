"""Options that we make get the defaults and types of Ansible's validator; secrets go as Ansible takes them out."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.traceops.tracing.plugins.module_utils._base import spec
from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import masked
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import labels

# A value of each type, and as a text, which is what -e NAME=VALUE gives.
VALUES: dict[str, list[Any]] = {
    "str": ["text", 5],
    "int": [7, "7"],
    "float": [2.5, "2.5", 3],
    "bool": [True, False, 1, "1", "True", "yes", "false", "on"],
    "path": ["/var/log/app.log", "~/app.log", "$HOME/app.log"],
    "dict": [{"key": "value"}, {}],
    "raw": ["as it is"],
}
OPTIONS = [
    (probe, name)
    for probe, load in labels.PROBES.items()
    for name, option in load().ARGUMENT_SPEC.items()
    if not option.get("options")
]


def by_ansible(option: dict[str, Any], value: Any) -> Any:
    own = {name: each for name, each in option.items() if name not in ("required", "no_log")}
    result = ArgumentSpecValidator({"it": own}).validate({"it": value})
    assert result.error_messages == []
    return result.validated_parameters["it"]


@pytest.mark.parametrize(("probe", "name"), OPTIONS)
def test_an_option_gets_the_same_type(probe: str, name: str) -> None:
    option = labels.PROBES[probe]().ARGUMENT_SPEC[name]
    kind = option.get("type", "str")
    values = [[each] for each in VALUES[option.get("elements", "raw")]] if kind == "list" else VALUES[kind]
    for value in option.get("choices", values):
        assert spec.filled({name: option}, {name: value}) == {name: by_ansible(option, value)}


@pytest.mark.parametrize("probe", labels.PROBES)
def test_what_is_not_given_has_the_same_default(probe: str) -> None:
    own = labels.PROBES[probe]().ARGUMENT_SPEC
    optional = {name: {**option, "required": False} for name, option in own.items()}
    assert spec.filled(own, {}) == ArgumentSpecValidator(optional).validate({}).validated_parameters


def test_options_within_an_option_are_filled_as_well() -> None:
    own = importlib.import_module(labels.PROBES["otlp"]().__name__).ARGUMENT_SPEC
    given_ = {"run": "word", "host": "app01", "hop": "otlp"}
    filled = spec.filled(own, {"endpoint": "http://x:4318", "canary": given_})["canary"]
    assert filled == {**dict.fromkeys(own["canary"]["options"]), **given_}


def test_an_option_that_is_not_there_is_refused() -> None:
    with pytest.raises(BadOption, match="there is no option tempo_ulr"):
        spec.filled(spec.TEMPO, {"tempo_ulr": "http://tempo:3200"})


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-99999, 99999) | st.text("abs3cr ", max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab", max_size=3), inner, max_size=4),
    max_leaves=12,
)


@given(PLAIN, st.sets(st.sampled_from(["s3cr", "s3cr3s", "abs", "33", "a b"]), max_size=3))
def test_secrets_go_as_ansible_takes_them_out(value: Any, secrets: set[str]) -> None:
    expected, found = remove_values({"it": value}, secrets)["it"], masked(value, secrets)
    told = str(found)
    assert not any(secret in text for secret in secrets for text in texts(found)), told
    if not overlap(secrets):
        assert found == expected


def overlap(secrets: set[str]) -> bool:
    """Whether the result depends on which is taken out first, which Ansible leaves open."""
    return any(one != other and one in other for one in secrets for other in secrets) or len(secrets) > 1


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in texts(each)]
    return [value.replace("********", "\0")] if isinstance(value, str) and not value.startswith("VALUE_") else []
