"""What a benchmark says, and how it comes to it: medians of runs that are taken in turn."""

from __future__ import annotations

import statistics
import typing as t

T = t.TypeVar("T")


class Measured(t.NamedTuple):
    """One figure with the limit that it must stay under; `values` are the single ones that it comes from."""

    name: str
    value: float | None  # none where it could not be measured: `error` says why
    unit: str
    limit: float | None  # none where the figure only informs
    values: t.Mapping[str, t.Sequence[float]] = {}
    error: str = ""

    @property
    def good(self) -> bool:
        return self.value is not None and (self.limit is None or self.value <= self.limit)


def in_turn(rounds: int, runs: t.Mapping[str, t.Callable[[], T]]) -> dict[str, list[T]]:
    """What each of `runs` returned in each round. They take turns, every other round backwards, so that whatever else
    the machine does falls on all alike."""
    taken: dict[str, list[T]] = {name: [] for name in runs}
    for number in range(rounds):
        for name in list(runs)[:: -1 if number % 2 else 1]:
            taken[name].append(runs[name]())
    return taken


def ratio(
    name: str, unit: str, limit: float, times: t.Mapping[str, t.Sequence[float]], this: str, that: str
) -> Measured:
    """The median of `this` in medians of `that`, both of `times` in seconds."""
    factor = 100 if unit == "%" else 1
    value = factor * statistics.median(times[this]) / statistics.median(times[that])
    return Measured(name, value, unit, limit, {f"{each} s": times[each] for each in (this, that)})


def tried(name: str, figures: t.Callable[[], t.Iterable[Measured]]) -> t.Iterator[Measured]:
    """The figures, and a last one without a value when they end with an exception: nothing is left out in silence."""
    try:
        yield from figures()
    except Exception as error:
        yield Measured(name, None, "", None, error=" ".join(f"{type(error).__name__}: {error}".split())[-1500:])
