"""The drawing: every program and edge is in it, and nothing lies over anything else."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import topology
from ansible_collections.traceops.tracing.plugins.module_utils._report import layout
from ansible_collections.traceops.tracing.plugins.module_utils._report.picture import MAX_BOXES, Picture, picture
from ansible_collections.traceops.tracing.tests.unit.report import reports
from ansible_collections.traceops.tracing.tests.unit.topology import samples

NOWHERE = "http://localhost:4399"


def report(causes: Any = (), **hosts: dict[str, Any]) -> dict[str, Any]:
    """A report of hosts that were only looked at."""
    evidence = {
        "hosts": {name: {"applications": {}, "discover": found} for name, found in hosts.items()},
        "backends": {},
    }
    path = topology.topology(hosts)
    return {"evidence": evidence, "findings": [], "run": {}, "path": path, "verdict": {"root_causes": list(causes)}}


def drawn(**hosts: dict[str, Any]) -> Picture:
    found = picture(report(**hosts))
    assert found is not None
    return found


def fleet(number: int) -> dict[str, dict[str, Any]]:
    """Hosts with a collector each; every third application sends to where nobody listens."""
    return {
        f"h{n:03}": samples.shop(
            application=samples.application(endpoint=NOWHERE if n % 3 == 0 else "http://localhost:4318")
        )
        for n in range(number)
    }


@pytest.mark.parametrize("hosts", [1, 2, 5, 40, 300])
def test_every_program_and_edge_is_in_it(hosts: int) -> None:
    told = report(**fleet(hosts))
    found = picture(told)
    assert found is not None
    assert sorted(name for box in found.boxes for name in box.ids) == sorted(told["path"]["nodes"])
    assert sum(line.number for line in found.lines) == sum(map(len, told["path"]["edges"].values()))
    assert sum(each["number"] for each in found.words) == sum(map(len, told["path"]["edges"].values()))


def test_what_is_alike_shares_a_box() -> None:
    found = drawn(**fleet(300))
    assert found.grouped
    assert len([box for box in found.boxes if box.ids]) <= MAX_BOXES
    assert {box.lines[1] for box in found.boxes if box.kind == "application"} == {"on 100 hosts", "on 200 hosts"}
    assert sorted(len(box.ids) for box in found.boxes if box.kind == "application") == [100, 200]


@pytest.mark.parametrize("hosts", [1, 2, 3, 40])
def test_nothing_overlaps(hosts: int) -> None:
    found = drawn(**fleet(hosts))
    places = [(box.x, box.y, box.x + layout.WIDTH, box.y + box.height) for box in found.boxes]
    # The words of a line: above it one line of text, below it two at most.
    places += [(line.x, line.y - 18, line.x + 150, line.y + 3 + 15 * len(line.said)) for line in found.lines]
    for a, b in itertools.combinations(places, 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1], (a, b)
    assert all(x1 >= 0 and x2 <= found.width and y1 >= 0 and y2 <= found.height for x1, y1, x2, y2 in places)


def test_a_break_says_what_is_wrong_and_what_is_assumed_is_marked() -> None:
    broken = drawn(a=samples.shop(application=samples.application(endpoint=NOWHERE)))
    (line,) = [line for line in broken.lines if line.state == "failed"]
    assert line.below == "nobody listens there"
    (place,) = [box for box in broken.boxes if not box.ids]
    assert (place.state, place.words) == ("failed", "nobody listens there")
    assumed = drawn(a=samples.shop(application=samples.application(endpoint="")))
    assert [line.assumed for line in assumed.lines] == [True, False, False]


def test_spans_go_from_left_to_right_and_grafana_reads_to_the_left() -> None:
    found = drawn(a=samples.shop())
    assert [box.kind for box in sorted(found.boxes, key=lambda box: box.x)] == [
        "application",
        "otelcol",
        "tempo",
        "grafana",
    ]
    assert [(line.left, line.reads) for line in found.lines] == [(False, False), (False, False), (True, True)]


def test_a_circle_of_collectors_ends() -> None:
    one = samples.collector("one", endpoint="localhost:24317")
    two = samples.collector("two", endpoint="localhost:4317", listens=[{"address": "0.0.0.0", "port": 24317}])
    assert drawn(a=samples.host(samples.application(), one, two)).lines


def test_without_discovery_the_settings_draw_it() -> None:
    found = picture({**reports.of_case("network.otlp.connection-refused"), "path": {"nodes": {}, "edges": {}}})
    assert found is not None
    assert not found.found
    assert [box.kind for box in found.boxes] == ["application", "endpoint", "tempo", "grafana"]
    application = found.lines[0]
    assert (application.state, application.below) == ("failed", "connection refused")
    assert [line.assumed for line in found.lines] == [False, True, False]


def test_canaries_are_counted_on_their_way() -> None:
    found = picture({**reports.healthy(), "path": {"nodes": {}, "edges": {}}})
    assert found is not None
    assert [(line.state, line.below) for line in found.lines] == [
        ("ok", "1 of 1 canaries stored"),
        ("ok", "1 of 1 canaries stored"),
        ("ok", "the canary opens through it"),
    ]


def test_what_does_not_run_has_no_part_in_what_was_proved() -> None:
    stopped = samples.tempo("old", http=13201, otlp=14319, running=False)
    shop = samples.shop()
    found = picture(
        {**reports.healthy(), "path": topology.topology({"a": {**shop, "tempos": [*shop["tempos"], stopped]}})}
    )
    assert found is not None
    assert {box.name: box.state for box in found.boxes if box.kind == "tempo"} == {"tempo": "ok", "old": "none"}


def test_a_line_past_a_column_is_drawn_in_one_go() -> None:
    direct = samples.application("direct", endpoint="http://localhost:14318")
    tempo = samples.tempo(listens=[{"address": "0.0.0.0", "port": port} for port in (13200, 14317, 14318)])
    found = drawn(a=samples.host(samples.application(), direct, samples.collector(), tempo))
    ends = {line.tip for line in found.lines if line.end == "a/tempo"}
    assert len(ends) == 2
    for line in found.lines:
        assert line.path.endswith(f" {line.tip[0]} {line.tip[1]}"), line.path


def test_nothing_known_is_no_drawing() -> None:
    assert picture(report(a=samples.host())) is None
