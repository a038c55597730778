"""What a run shows, in one word, and all of them as a table with its figures."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.traceops.tracing.tests.sdks.states import HTTP, State

NAMED = "named"  # the log's failure has its cause named
GENERAL = "general"  # a failure is found, its cause is not
WRONG = "WRONG"  # another cause is named
VAGUE = "vague"  # a failure is found, and its words are also those of other causes: no log of this kind can name it
MISSED = "MISSED"  # the log prints something that a healthy one does not, and nothing is found
SILENT = "silent"  # the log prints nothing that a healthy one does not
QUIET = "quiet"  # healthy, and nothing is said against it
ACCUSED = "ACCUSED"  # healthy, and something is
ARRIVED = "arrived"  # the SDK copes: its spans arrived all the same
NOT_MADE = "NOT MADE"  # the state did not come about
MEANING = {
    NAMED: "the cause is named",
    GENERAL: "a failed export is found, its cause is not named",
    VAGUE: "a failed export is found; this SDK prints the same words for other causes",
    WRONG: "another cause is named",
    MISSED: "the log speaks of the failure, and nothing is found",
    SILENT: "the SDK prints nothing about the failure",
    QUIET: "traces arrive, and nothing is said against them",
    ACCUSED: "traces arrive, and something is said against them",
    ARRIVED: "this SDK copes: the spans arrive",
    NOT_MADE: "the state could not be produced",
}
PRINTED = (NAMED, GENERAL, WRONG, MISSED)

LITTLE = ("unavailable",)  # says as much as "it failed", save where it is the very fault

LEAST_NAMED = 0.95  # of the logs that print their failure


class Cell(t.NamedTuple):
    word: str
    detail: str = ""


class Judged(t.NamedTuple):
    """What is known of one run.

    `news` are lines unlike any of the healthy log, `twins` are states of other causes whose logs say as much;
    `matched`, `causes` and `accused` are what the collection makes of the log.
    """

    news: t.List[str]
    twins: t.Sequence[State]
    accepted: int  # exports of traces that the receiver took
    matched: t.List[str]  # patterns that should be absent
    causes: t.Tuple[str, ...]
    accused: t.Tuple[str, ...]


def cell(state: State, judged: Judged) -> Cell:
    """The word for one run."""
    if state.healthy:
        if not judged.accepted:
            return Cell(NOT_MADE, "no span arrived")
        accused = [*judged.causes, *judged.accused]
        return Cell(ACCUSED, ", ".join(accused)) if accused else Cell(QUIET)
    if judged.accepted and not state.accepts:
        return Cell(ARRIVED, f"named all the same: {judged.causes[0]}" if judged.causes else "")
    causes = [cause for cause in judged.causes if cause not in LITTLE or cause in state.causes]
    others = [cause for cause in causes if cause not in state.causes]
    twins = ", ".join(state.name for state in judged.twins)
    if others and all(any(cause in state.causes for state in judged.twins) for cause in others):
        return Cell(VAGUE, f"reads like {twins}")
    if others and state.untold.issuperset(others):
        return Cell(VAGUE, f"all that is seen: {', '.join(others)}")
    if others:
        return Cell(WRONG, ", ".join(others))
    if causes:
        return Cell(NAMED, causes[0])
    if not judged.news:
        return Cell(SILENT)
    if not judged.matched and not judged.causes:
        return Cell(MISSED, judged.news[0][:200])
    return Cell(VAGUE, f"reads like {twins}") if twins else Cell(GENERAL, ", ".join(judged.causes or judged.matched))


def news(log: str, healthy: str) -> list[str]:
    """The lines of `log` that are unlike every line of the `healthy` one, numbers aside."""
    known = {_bare(line) for line in healthy.splitlines()}
    return [line for line in log.splitlines() if _bare(line) not in known]


def words(lines: t.Iterable[str]) -> frozenset[str]:
    """Lines without what differs from run to run and from endpoint to endpoint."""
    return frozenset(_bare(_ENDPOINT.sub("", line)) for line in lines)


def twins(
    state: State, said: frozenset[str], others: t.Mapping[str, frozenset[str]], states: t.Iterable[State]
) -> list[State]:
    """The states of other causes whose logs (`others`, by state) have all that this one says."""
    different = [other for other in states if not other.healthy and not other.causes & state.causes]
    return [other for other in different if said and said <= others.get(other.name, frozenset())]


# Which endpoint a line names says nothing about what is wrong with it.
_ENDPOINT = re.compile(r"\w+://[^\s\"',;)]+|\S*(?:127\.0\.0\.1|localhost|::1\]|collector\.invalid)[\w.:/]*")


def _bare(line: str) -> str:
    """A line without what differs from run to run: numbers, also hexadecimal ones, and blanks."""
    return re.sub(r"\b[0-9a-f]{8,}\b|\d+|\s+", "", line, flags=re.IGNORECASE)


class Figures(t.NamedTuple):
    """Counts of runs. `printed`: the log prints words that could name its cause."""

    printed: int
    named: int
    healthy: int
    accused: int
    not_made: int

    @property
    def good(self) -> bool:
        return not self.accused and not self.not_made and self.named >= LEAST_NAMED * self.printed


def figures(cells: t.Iterable[Cell]) -> Figures:
    words = [each.word for each in cells]
    return Figures(
        printed=sum(word in PRINTED for word in words),
        named=words.count(NAMED),
        healthy=words.count(QUIET) + words.count(ACCUSED),
        accused=words.count(ACCUSED),
        not_made=words.count(NOT_MADE),
    )


Key = t.Tuple[str, str, str]  # build, state, protocol


def lines(cells: t.Mapping[Key, Cell], builds: t.Sequence[str], states: t.Sequence[State]) -> list[str]:
    """One line for each state and protocol, one column for each build; below, what each word means."""
    widths = [max(len(name), 8) for name in builds]
    head = f"{'state':<20} {'over':<5}" + "".join(f" {name:<{width}}" for name, width in zip(builds, widths))
    table = [head.rstrip()]
    for state in states:
        for protocol in state.ways:
            row = [cells.get((name, state.name, protocol)) for name in builds]
            if any(row):
                shown = "".join(f" {(one.word if one else '-'):<{width}}" for one, width in zip(row, widths))
                table.append(f"{state.name:<20} {'http' if protocol == HTTP else 'grpc':<5}{shown}".rstrip())
    used = {one.word for one in cells.values()}
    table += ["", *(f"{word:<8}  {meaning}" for word, meaning in MEANING.items() if word in used)]
    return table


def exceptions(cells: t.Mapping[Key, Cell]) -> list[str]:
    """A line for each run that is neither named, quiet nor silent."""
    fine = (NAMED, QUIET, SILENT)
    return [
        f"{word:<8} {build} {state} {protocol}{': ' if detail else ''}{detail}"
        for (build, state, protocol), (word, detail) in sorted(cells.items())
        if word not in fine
    ]
