# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where boxes and lines of the drawn path are: columns from left to right, a lane of its own for each line.

Text stands in the straight middle of a line, between two columns, where nothing else does: so nothing overlaps.
"""

from __future__ import annotations

import dataclasses
import textwrap
import typing as t

WIDTH, GUTTER, MARGIN = 190, 204, 12  # of a box, between columns, around all
BEND = 24  # from a box to the straight part of a line
ROW, PAD = 17, 12  # a line of text, the space within a box
SPACE = 26  # between boxes
LANE, THIN = 56, 18  # the height of a line with words, and of one without
LETTERS, NAME = 22, 17  # of a line of text, of a name


@dataclasses.dataclass
class Box:
    """A program, several alike, or a place that nobody has (`ids` empty)."""

    ids: t.List[str]
    kind: str
    name: str
    lines: t.List[str]
    state: str
    words: str  # what was seen of it
    title: str
    column: int
    x: int = 0
    y: int = 0
    height: int = 0
    said: t.List[str] = dataclasses.field(default_factory=list)  # `words` in lines


@dataclasses.dataclass
class Line:
    """One edge, or several alike; from `start` to `end`, the keys of boxes."""

    start: t.Any
    end: t.Any
    number: int
    key: str
    state: str
    assumed: bool
    above: str
    below: str
    title: str
    reads: bool  # the arrow goes against the way of spans
    path: str = ""
    x: int = 0  # of the words
    y: int = 0
    tip: t.Tuple[int, int] = (0, 0)  # where it ends
    left: bool = False  # the arrow points to the left
    said: t.List[str] = dataclasses.field(default_factory=list)  # `below` in lines


Boxes = t.Dict[t.Any, Box]


def place(boxes: Boxes, opened: Boxes, lines: t.Sequence[Line]) -> t.Tuple[int, int]:
    """Give all of them their places; (width, height) of the drawing."""
    _columns(boxes, opened, lines)
    every = {**boxes, **opened}
    slots = _slots(every, lines)
    tops = _rows(every, slots, lines)
    width, height = _lanes(every, slots, lines, tops)
    return width, height


def wrapped(text: str, letters: int = LETTERS, most: int = 2) -> t.List[str]:
    """`text` in at most so many lines, the last with an ellipsis where there is more."""
    found = textwrap.wrap(text[:400], letters, break_on_hyphens=False)
    if len(found) <= most:
        return found
    return [*found[: most - 1], f"{found[most - 1][: letters - 1]}…"]


def short(text: str, letters: int = LETTERS) -> str:
    return text if len(text) <= letters else f"{text[: letters - 1]}…"


def _columns(boxes: Boxes, opened: Boxes, lines: t.Sequence[Line]) -> None:
    """Applications first, then collectors as far as they lead to each other, Tempo, and Grafana last."""
    between = {key for key, box in boxes.items() if box.kind not in ("application", "tempo", "grafana")}
    depth = dict.fromkeys(between, 1)
    for _round in range(min(len(between), 8)):  # a circle ends as well
        for line in lines:
            if line.start in between and line.end in between and line.start != line.end:
                depth[line.end] = max(depth[line.end], min(depth[line.start] + 1, 8))
    last = max(depth.values(), default=0) + 1
    of_kind = {"application": 0, "tempo": last, "grafana": last + 1}
    for key, box in boxes.items():
        box.column = of_kind.get(box.kind, depth.get(key, 1))
    for line in lines:
        if line.end in opened:
            start = boxes[line.start].column
            opened[line.end].column = start - 1 if boxes[line.start].kind == "grafana" else start + 1
    used = sorted({box.column for box in [*boxes.values(), *opened.values()]})
    for box in [*boxes.values(), *opened.values()]:
        box.column = used.index(box.column)


def _ends(line: Line, boxes: Boxes) -> t.Tuple[t.Any, t.Any]:
    """The keys of its left and its right box."""
    swap = boxes[line.start].column > boxes[line.end].column
    return (line.end, line.start) if swap else (line.start, line.end)


def _slots(boxes: Boxes, lines: t.Sequence[Line]) -> t.Dict[t.Tuple[int, int], int]:
    """(number of the line, column): where a line passes a column on its way, it has a slot among the boxes."""
    found = {}
    for number, line in enumerate(lines):
        left, right = _ends(line, boxes)
        for column in range(boxes[left].column + 1, boxes[right].column):
            found[number, column] = 0
    return found


def _rows(boxes: Boxes, slots: t.Dict[t.Tuple[int, int], int], lines: t.Sequence[Line]) -> int:
    """The x and y of boxes and the y of slots; within a column near those that lead there. The lowest y of all."""
    columns: t.Dict[int, t.List[t.Any]] = {}
    for key, box in boxes.items():
        box.said = wrapped(box.words)
        box.name, box.lines = short(box.name, NAME), [short(line) for line in box.lines]
        box.height = 2 * PAD + ROW * (1 + len(box.lines) + len(box.said))
        box.x = MARGIN + box.column * (WIDTH + GUTTER)
        columns.setdefault(box.column, []).append(key)
    for slot in slots:
        columns.setdefault(slot[1], []).append(slot)
    middle: t.Dict[t.Any, float] = {}
    for column in sorted(columns):
        members = columns[column]
        wanted = {key: _wanted(key, column, boxes, slots, lines, middle) for key in members}
        members.sort(key=wanted.__getitem__)
        y = MARGIN
        for key in members:
            if key in boxes:
                boxes[key].y = y
                middle[key] = y + boxes[key].height / 2
                y += boxes[key].height + SPACE
            else:
                slots[key] = y + THIN // 2
                middle[key] = slots[key]
                y += THIN + SPACE
    bottoms = {
        column: max(boxes[key].y + boxes[key].height if key in boxes else slots[key] for key in members)
        for column, members in columns.items()
    }
    bottom = max(bottoms.values())
    for column, members in columns.items():
        down = int(bottom - bottoms[column]) // 2
        for key in members:
            if key in boxes:
                boxes[key].y += down
            else:
                slots[key] += down
    return int(bottom)


def _wanted(
    key: t.Any,
    column: int,
    boxes: Boxes,
    slots: t.Mapping[t.Tuple[int, int], int],
    lines: t.Sequence[Line],
    middle: t.Mapping[t.Any, float],
) -> float:
    """The mean height of what is left of it and connected."""
    found = [middle[other] for other in _left_of(key, column, boxes, slots, lines) if other in middle]
    return sum(found) / len(found) if found else 0.0


def _left_of(
    key: t.Any, column: int, boxes: Boxes, slots: t.Mapping[t.Tuple[int, int], int], lines: t.Sequence[Line]
) -> t.List[t.Any]:
    found: t.List[t.Any] = []
    for number, line in enumerate(lines):
        left, right = _ends(line, boxes)
        if key == right or key == (number, column):
            before = (number, column - 1)
            found.append(before if before in slots else left)
    return found


def _lanes(
    boxes: Boxes, slots: t.Mapping[t.Tuple[int, int], int], lines: t.Sequence[Line], bottom: int
) -> t.Tuple[int, int]:
    """The ways of lines: out of a box, straight in a lane of their own, into the next."""
    ports = _ports(boxes, lines)
    pieces: t.Dict[int, t.List[t.Tuple[float, int, int, int]]] = {}
    for number, line in enumerate(lines):
        left, right = _ends(line, boxes)
        first, last = boxes[left].column, boxes[right].column
        for column in range(first, max(last, first + 1)):
            y1 = ports[number, 0] if column == first else slots[number, column]
            y2 = ports[number, 1] if column + 1 >= last else slots[number, column + 1]
            pieces.setdefault(column, []).append(((y1 + y2) / 2, number, y1, y2))
    ways: t.Dict[int, t.List[str]] = {}
    for column, found in sorted(pieces.items()):
        x = MARGIN + column * (WIDTH + GUTTER) + WIDTH
        free = 0.0
        wanted = sorted(found)
        total = sum(_tall(lines[number], boxes, column) for _y, number, _y1, _y2 in wanted)
        middle = sum(y for y, *_rest in wanted) / len(wanted)
        free = max(MARGIN, min(middle - total / 2, wanted[0][0] - _tall(lines[wanted[0][1]], boxes, column) / 2))
        for y, number, y1, y2 in wanted:
            line = lines[number]
            tall = _tall(line, boxes, column)
            at = int(max(y, free + tall / 2))
            free = at + tall / 2
            left, _right = _ends(line, boxes)
            end = x + GUTTER
            out = f"M{x} {y1}C{x + BEND} {y1} {x} {at} {x + BEND} {at}"
            ways.setdefault(number, []).append(f"{out}H{end - BEND}C{end} {at} {end - BEND} {y2} {end} {y2}")
            if column == boxes[left].column:
                line.x, line.y = x + BEND + 4, at
                line.said = wrapped(line.below, NAME if line.state == "failed" else LETTERS)
                line.above = short(line.above)
            bottom = max(bottom, at + 2 * ROW)
    for number, line in enumerate(lines):
        line.left = boxes[line.start].column > boxes[line.end].column
        end_box = boxes[line.end]
        line.tip = (end_box.x + WIDTH, ports[number, 0]) if line.left else (end_box.x, ports[number, 1])
        # In one go from left to right: the arrow is at the end of the last piece.
        first = min(boxes[line.start].column, boxes[line.end].column)
        for step, way in enumerate(ways.get(number, [])):
            x = MARGIN + (first + step) * (WIDTH + GUTTER)
            line.path += f"M{x} {slots[number, first + step]}h{WIDTH}{way}" if step else way
    width = MARGIN + (max(box.column for box in boxes.values()) + 1) * (WIDTH + GUTTER) - GUTTER + MARGIN
    return width, bottom + MARGIN


def _tall(line: Line, boxes: Boxes, column: int) -> int:
    return LANE if boxes[_ends(line, boxes)[0]].column == column else THIN


def _ports(boxes: Boxes, lines: t.Sequence[Line]) -> t.Dict[t.Tuple[int, int], int]:
    """(number of the line, 0 at its left end or 1 at its right): the y where it meets the box."""
    at: t.Dict[t.Tuple[t.Any, int], t.List[t.Tuple[int, int]]] = {}
    for number, line in enumerate(lines):
        for side, (key, other) in enumerate((_ends(line, boxes), _ends(line, boxes)[::-1])):
            at.setdefault((key, side), []).append((boxes[other].y + boxes[other].height // 2, number))
    found = {}
    for (key, side), members in at.items():
        box = boxes[key]
        for place_, (_y, number) in enumerate(sorted(members), 1):
            found[number, side] = box.y + box.height * place_ // (len(members) + 1)
    return found
