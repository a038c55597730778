# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a trace's spans say about its linkage: roots, orphans, depth, skew, duplicates, and a drawing of the tree."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean
from ansible_collections.traceops.tracing.plugins.module_utils._otel.trace import Span, Trace

EXAMPLES = 20  # spans that a list of findings names; the counts are always complete
TREE_LINES = 60
TREE_DEPTH = 12
SKEW_MS = 1.0  # a child may be this much outside its parent: rounding to milliseconds does that


class SpanBrief(t.TypedDict):
    """A span as a list of findings names it."""

    span_id: str
    name: str
    service: str
    kind: str


class OrphanBrief(SpanBrief):
    """A span whose parent never arrived."""

    missing_parent: str  # the id of the span that is missing


class SkewedBrief(SpanBrief):
    """A span outside its parent's time."""

    parent_service: str
    side: str  # before or after
    outside_ms: float


class ServiceSpans(t.TypedDict):
    """A service of a trace."""

    name: str
    spans: int
    errors: int


class Linkage(t.TypedDict, total=False):
    """How a trace hangs together; RETURN of the module tempo_trace says what each key is."""

    span_count: int
    root_count: int
    roots: t.List[SpanBrief]
    orphan_count: int
    orphans: t.List[OrphanBrief]
    missing_parents: int
    cycle_count: int
    duplicate_count: int
    duplicates: t.List[str]
    skewed_count: int
    skewed: t.List[SkewedBrief]
    error_count: int
    errors: t.List[SpanBrief]
    services: t.List[ServiceSpans]
    depth: int
    start: float
    duration_ms: float
    complete: bool
    partial: bool
    tree: t.List[str]


class Tree(t.NamedTuple):
    """The spans of one trace by how they hang together."""

    by_id: t.Dict[str, Span]
    children: t.Dict[str, t.List[Span]]
    roots: t.List[Span]
    orphans: t.List[Span]  # have a parent id, but that span never arrived
    duplicates: t.List[Span]  # second and further spans of one id


def judge(trace: Trace) -> Linkage:
    """The linkage of a trace."""
    spans = trace.spans
    tree = tree_of(spans)
    depth, cycles = _depth(tree)
    skewed = _skewed(tree)
    start = min((span.start_ns for span in spans), default=0)
    end = max((span.end_ns for span in spans), default=0)
    return {
        "span_count": len(spans),
        "root_count": len(tree.roots),
        "roots": [_brief(span) for span in tree.roots[:EXAMPLES]],
        "orphan_count": len(tree.orphans),
        "orphans": [{**_brief(span), "missing_parent": span.parent_id} for span in tree.orphans[:EXAMPLES]],
        "missing_parents": len({span.parent_id for span in tree.orphans}),
        "cycle_count": cycles,
        "duplicate_count": len(tree.duplicates),
        "duplicates": sorted({span.span_id for span in tree.duplicates})[:EXAMPLES],
        "skewed_count": len(skewed),
        "skewed": skewed[:EXAMPLES],
        "error_count": sum(1 for span in spans if span.error),
        "errors": [_brief(span) for span in spans if span.error][:EXAMPLES],
        "services": _services(spans),
        "depth": depth,
        "start": start / 1e9,
        "duration_ms": round((end - start) / 1e6, 3),
        "complete": len(tree.roots) == 1 and not tree.orphans and not cycles and not trace.partial,
        "partial": trace.partial,
        "tree": draw(tree, start),
    }


def tree_of(spans: t.List[Span]) -> Tree:
    """Each span id once, under its parent, or among the roots or orphans."""
    by_id: t.Dict[str, Span] = {}
    duplicates = [span for span in spans if by_id.setdefault(span.span_id, span) is not span]
    children: t.Dict[str, t.List[Span]] = {}
    roots, orphans = [], []
    for span in by_id.values():
        if not span.parent_id.strip("0"):
            roots.append(span)
        elif span.parent_id in by_id:
            children.setdefault(span.parent_id, []).append(span)
        else:
            orphans.append(span)
    for siblings in children.values():
        siblings.sort(key=_start)
    roots.sort(key=_start)
    orphans.sort(key=_start)
    return Tree(by_id, children, roots, orphans, duplicates)


def _start(span: Span) -> int:
    return span.start_ns


def _depth(tree: Tree) -> t.Tuple[int, int]:
    """(levels of the deepest branch, spans that no root or orphan leads to: they are each other's parents)."""
    level, depth, seen = tree.roots + tree.orphans, 0, 0
    while level:
        depth, seen = depth + 1, seen + len(level)
        level = [child for span in level for child in tree.children.get(span.span_id, ())]
    return depth, len(tree.by_id) - seen


def _skewed(tree: Tree) -> t.List[SkewedBrief]:
    """Children outside their parents' time, furthest first: their hosts' clocks differ by at least that much.

    Before the parent's start counts for every child; after its end only for the server side of a call that did not
    fail, since asynchronous work may outlive what started it and a server what gave up waiting.
    """
    found = []
    for parent_id, children in tree.children.items():
        parent = tree.by_id[parent_id]
        for child in children:
            early_ms = (parent.start_ns - child.start_ns) / 1e6
            late_ms = (child.end_ns - parent.end_ns) / 1e6
            if early_ms > SKEW_MS:
                found.append((early_ms, "before", child, parent))
            elif late_ms > SKEW_MS and (parent.kind, child.kind) == ("client", "server") and not parent.error:
                found.append((late_ms, "after", child, parent))
    found.sort(key=lambda item: -item[0])
    return [
        {**_brief(child), "parent_service": clean(parent.service)[:120], "side": side, "outside_ms": round(by_ms, 3)}
        for by_ms, side, child, parent in found
    ]


def _services(spans: t.List[Span]) -> t.List[ServiceSpans]:
    counts: t.Dict[str, t.List[int]] = {}
    for span in spans:
        count = counts.setdefault(span.service, [0, 0])
        count[0] += 1
        count[1] += span.error
    return [
        {"name": clean(name), "spans": count[0], "errors": count[1]}
        for name, count in sorted(counts.items(), key=lambda item: (-item[1][0], item[0]))
    ]


def _brief(span: Span) -> SpanBrief:
    return {
        "span_id": span.span_id,
        "name": clean(span.name)[:120],
        "service": clean(span.service)[:120],
        "kind": span.kind,
    }


def draw(tree: Tree, start_ns: int) -> t.List[str]:
    """The tree as lines of ASCII, at most TREE_LINES and TREE_DEPTH; orphans hang under the parent they miss."""
    lines: t.List[str] = []
    # A stack, not recursion: a hostile trace may be one chain of 100,000 spans.
    stack: t.List[t.Tuple[Span, int]] = [(span, 0) for span in reversed(tree.roots + tree.orphans)]
    left_out = 0
    missing = ""
    while stack:
        span, level = stack.pop()
        if len(lines) >= TREE_LINES:
            left_out = 1
            break
        if level == 0 and span.parent_id.strip("0"):
            if span.parent_id != missing:
                lines.append(f"? {span.parent_id} never arrived")
            missing, level = span.parent_id, 1
        lines.append(_line(span, level, start_ns))
        children = tree.children.get(span.span_id, [])
        if children and level + 1 >= TREE_DEPTH:
            lines.append("  " * (level + 1) + f"... {len(children)} more below")
        else:
            stack += [(child, level + 1) for child in reversed(children)]
    if left_out:
        lines.append(f"... {len(tree.by_id)} spans in all")
    return lines


def _line(span: Span, level: int, start_ns: int) -> str:
    text = " ".join(clean(f"{span.service or '?'}: {span.name or '?'}").split())[:100]
    offset, took = (span.start_ns - start_ns) / 1e6, (span.end_ns - span.start_ns) / 1e6
    return "  " * level + f"{text} [{span.kind}] +{offset:.1f} ms, {took:.1f} ms" + (" ERROR" if span.error else "")
