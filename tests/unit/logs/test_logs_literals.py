"""The literals that a regular expression needs, by which candidate lines are found."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.literals import required


@pytest.mark.parametrize(
    ("regex", "needles", "leads"),
    [
        ("queue full", ("queue full",), True),
        (r"sampling: (?P<p>[\d.]+)%", ("sampling: ",), True),
        (r"\bqueue full\b", ("queue full",), False),
        (r"(?:Tracing|Queue) configuration: x", (" configuration: x",), False),
        (r"OTLP (?:HTTP )?exporter created", ("exporter created",), False),
        ("error|failure", ("error", "failure"), False),
        ("error|", (), False),
        (r"(?:failed )+to export", ("to export",), False),
        (r"(?:failed )*x", ("x",), False),
        (r"\d+ \w+", (" ",), False),
        (r"\d*", (), False),
        ("a.c", ("a",), True),
        (r"a\b.c", ("a",), False),
        ("4317 refused", ("4317 refused",), False),
        ("tab\there", ("here",), False),
        ("\\ufffdlost", ("lost",), False),
        ("🔍 started", (" started",), False),
        ("🔍.+✅", ("🔍",), True),
        ("(?i)oom", ("oom", "ooM", "oOm", "oOM", "Oom", "OoM", "OOm", "OOM"), False),
        ("(?i)42 s", ("42 ",), False),
        ("(?=x)y", ("y",), False),
        ("(?!x)y", ("y",), False),
    ],
)
def test_the_needles_of_an_expression(regex: str, needles: tuple, leads: bool) -> None:
    found = required(regex)
    assert set(found.needles) == set(needles)
    assert found.leads is leads


_PARTS = st.sampled_from(
    ["abc", "x", "é", "🔍", "[a-c]", ".", r"\d", r"\w+", "(?:ab|cd)", "(?:ab|c)*", "(?P<n>xy)?", "(?i:kEy)", r"\b", "^",
     "$", "(?=a)", "(?!b)", "(?:abc){2}", "[^x]", r"\.", "a?", "a+", "(?<=a)", "|"]
)  # fmt: skip
_LINES = st.lists(
    st.sampled_from(["abc", "ab", "cd", "x", "xy", "é", "🔍", "KEY", "key", "ke", ".", " ", "1", "A"])
).map("".join)


@settings(max_examples=400, deadline=None)
@given(parts=st.lists(_PARTS, min_size=1, max_size=5), line=_LINES)
def test_no_match_without_a_needle(parts: list, line: str) -> None:
    """Whatever matches has a needle, and where the needle leads, the match begins at one."""
    regex = "".join(parts)
    try:
        match = re.search(regex, line)
    except re.error:
        return
    found = required(regex)
    if match and found.needles:
        assert any(needle in line for needle in found.needles)
    if match and found.leads:
        assert line.startswith(found.needles[0], match.start())
        alone = re.match(regex, line[match.start() :])
        assert alone
        assert alone.group() == match.group()
