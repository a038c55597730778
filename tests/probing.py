"""Run a probe as a module would: options with their defaults, and a clock that does not wait."""

from __future__ import annotations

import typing as t
from types import ModuleType

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import ProbeFailure


class FakeClock:
    """Time stands still but for `sleep`, which passes it at once and is written down in `slept`."""

    def __init__(self, now: float = 1_795_400_000.0) -> None:
        self.now = now
        self.slept: list[float] = []

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.slept.append(seconds)
        self.now += seconds


def options(probe: ModuleType, **given: t.Any) -> dict[str, t.Any]:
    """The parameters that `probe` would get: `given`, and the defaults of its specification."""
    unknown = given.keys() - probe.ARGUMENT_SPEC.keys()
    assert not unknown, f"no options of the probe: {unknown}"
    return {name: given.get(name, option.get("default")) for name, option in probe.ARGUMENT_SPEC.items()}


def failure_of(probe: ModuleType, clock: FakeClock | None = None, **given: t.Any) -> ProbeFailure:
    """The ProbeFailure that these options lead to."""
    with pytest.raises(ProbeFailure) as caught:
        probe.run(options(probe, **given), clock or FakeClock())
    return caught.value
