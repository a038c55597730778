"""Holds what probes return to what they declare: in every test that runs one in this process, and in test evidence."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import labels, shapes

_TYPES = {shapes.TEXT: str, shapes.SWITCH: bool, shapes.NULL: type(None)}


def fields_of(shape: shapes.Shape) -> Mapping[str, shapes.Shape]:
    """The declared fields of an object; none of anything else."""
    found: dict[str, shapes.Shape] = {}
    for option in shapes.known(shape):
        found.update(option.fields if isinstance(option, shapes.Object) else {})
    return found


def misfits(value: Any, shape: shapes.Shape, at: str = "") -> list[str]:
    """What in `value` is not as declared: undeclared keys, and values of another kind."""
    if isinstance(shape, shapes.Anything):
        return []
    if isinstance(shape, shapes.Either):
        tried = [misfits(value, option, at) for option in shape.options]
        return min(tried, key=lambda found: (len(found), found and found[0].startswith(f"{at or 'it'} is ")))
    if isinstance(shape, shapes.Array) and isinstance(value, list):
        return [found for item in value for found in misfits(item, shape.items, f"{at}[]")]
    if isinstance(shape, shapes.Object) and isinstance(value, dict):
        return [found for key, held in value.items() for found in _field(key, held, shape, at)]
    if shape == shapes.NUMBER and isinstance(value, (int, float)) and not isinstance(value, bool):
        return []
    if isinstance(shape, shapes.Leaf) and isinstance(value, _TYPES.get(shape, ())):
        return []
    return [f"{at or 'it'} is {value!r:.60}, not {shapes.kind(shape)}"]


def _field(key: Any, held: Any, shape: shapes.Object, at: str) -> list[str]:
    declared = shape.fields.get(key) or shape.others
    if declared is None:
        return [f"{at}.{key} is not declared".lstrip(".")]
    return misfits(held, declared, f"{at}.{key}".lstrip("."))


def _held(probe: ModuleType) -> Any:
    """`run` of the probe, which fails the test whose result is not as declared."""
    run, shape = probe.run, shapes.of(probe.Result)

    @functools.wraps(run)
    def held(*args: Any, **kwargs: Any) -> Any:
        try:
            result = run(*args, **kwargs)
        except ProbeFailure as failure:
            _fail(misfits(failure.result, shape))
            raise
        _fail(misfits(result, shape))
        return result

    return held


def _fail(found: list[str]) -> None:
    if found:
        pytest.fail(f"the result is not what the probe declares: {'; '.join(found)}")


@pytest.fixture(scope="session", autouse=True)
def held_to_their_shapes() -> Iterator[None]:
    """Every probe's `run` in this process is held to the probe's declaration."""
    with pytest.MonkeyPatch.context() as patch:
        for load in labels.PROBES.values():
            probe = load()
            patch.setattr(probe, "run", _held(probe))
        yield


Path = tuple[str, ...]  # names, and `*` for the keys of a dictionary, `[]` for the items of a list


def declared_paths(shape: shapes.Shape, at: Path = ()) -> set[Path]:
    """The paths of all declared fields."""
    found: set[Path] = set()
    for option in shapes.known(shape):
        if isinstance(option, shapes.Array):
            found |= declared_paths(option.items, (*at, "[]"))
        elif isinstance(option, shapes.Object):
            for name, held in option.fields.items():
                found |= {(*at, name), *declared_paths(held, (*at, name))}
            found |= declared_paths(option.others, (*at, "*")) if option.others else set()
    return found


def present_paths(value: Any, shape: shapes.Shape, at: Path = ()) -> set[Path]:
    """The paths of the declared fields that `value` has."""
    found: set[Path] = set()
    for option in shapes.known(shape):
        if isinstance(option, shapes.Array) and isinstance(value, list):
            found.update(*(present_paths(item, option.items, (*at, "[]")) for item in value))
        elif isinstance(option, shapes.Object) and isinstance(value, dict):
            for key, held in value.items():
                if key in option.fields:
                    found |= {(*at, key), *present_paths(held, option.fields[key], (*at, key))}
                elif option.others:
                    found |= present_paths(held, option.others, (*at, "*"))
    return found


def renamed(shape: shapes.Shape, path: Path, name: str) -> shapes.Shape:
    """`shape` with the field at `path` called `name`."""
    step, *rest = path
    if isinstance(shape, shapes.Either):
        return shapes.Either(tuple(renamed(option, path, name) for option in shape.options))
    if isinstance(shape, shapes.Array):
        return shapes.Array(renamed(shape.items, tuple(rest), name)) if step == "[]" else shape
    if not isinstance(shape, shapes.Object):
        return shape
    if step == "*" and shape.others:
        return shapes.Object(shape.name, shape.fields, renamed(shape.others, tuple(rest), name))
    if step not in shape.fields:
        return shape
    if rest:
        return shapes.Object(
            shape.name, {**shape.fields, step: renamed(shape.fields[step], tuple(rest), name)}, shape.others
        )
    fields = {(name if key == step else key): held for key, held in shape.fields.items()}
    return shapes.Object(shape.name, fields, shape.others)
