"""What is folded, and what is not."""

from __future__ import annotations

from typing import Any

from ansible_collections.traceops.tracing.plugins.module_utils._report import fold


def finding(check_id: str, host: str | None = "a", **changes: Any) -> dict[str, Any]:
    plain = {"hop": "network", "backend": "main", "state": "failed", "title": "x", "reason": "", "decisive": False}
    return {"id": check_id, "host": host, "application": None if host is None else "shop", **plain, **changes}


def report(*findings: dict[str, Any], backends: Any = None, causes: Any = ()) -> dict[str, Any]:
    known = backends or {"main": {"hosts": ["a", "b"]}}
    hosts: dict[str, Any] = {}
    for each in findings:
        if each["host"] is not None:
            hosts.setdefault(each["host"], {"applications": {}})["applications"][each["application"]] = {}
    evidence = {"backends": known, "hosts": hosts}
    return {"findings": list(findings), "evidence": evidence, "verdict": {"root_causes": list(causes)}}


def lines(*findings: dict[str, Any], **keys: Any) -> list[tuple[str, list[str]]]:
    return [(line.title, line.places) for line in fold.by_hop(report(*findings, **keys))["network"]]


def test_equal_outcomes_are_one_line() -> None:
    found = [finding("n.a.b", host) for host in ("a", "b")] + [finding("n.a.b", "c", state="ok", title="y")]
    assert lines(*found) == [("x", ["a", "b"]), ("y", ["c"])]


def test_many_titles_are_one_line() -> None:
    few, many = ([finding("n.a.b", f"h{n}", title=f"port {n}") for n in range(number)] for number in (5, 6))
    assert len(lines(*few)) == 5
    assert lines(*many) == [("port 0 (one of 6 alike)", [f"h{n}" for n in range(6)])]


def test_a_backend_is_named_by_its_hosts_where_there_are_several() -> None:
    down = finding("n.a.b", None)
    assert lines(down) == [("x", [])]
    several = {"main": {"hosts": ["a", "b"]}, "other": {"hosts": ["c"]}}
    assert lines(down, finding("n.a.b", None, backend="other"), backends=several) == [("x", ["a", "b", "c"])]


def test_reasons_put_the_decisive_first_and_the_blocked_last() -> None:
    found = [
        finding("n.a.a", state="skipped", reason="no log"),
        finding("n.a.b", state="skipped", reason="no log"),
        finding("n.a.c", state="unknown", reason="no answer", decisive=True),
        finding("n.a.d", state="blocked", reason="did not get that far", blocked_by="n.x.y", decisive=True),
        finding("n.a.d", "b", state="blocked", reason="did not get that far", blocked_by="n.x.y"),
        finding("n.a.e", state="ok", reason=""),
    ]
    assert fold.reasons(found) == {"no answer": 1, "no log": 2, "blocked by n.x.y": 1}
    assert list(fold.reasons(found)) == ["no answer", "no log", "blocked by n.x.y"]


def test_what_is_a_root_cause_elsewhere_is_not_folded() -> None:
    causes = [{"id": "n.x.y", "consequences": ["n.a.b", "n.c.d"]}, {"id": "n.c.d", "consequences": []}]
    assert fold.follows_from(report(causes=causes)) == {"n.a.b": "n.x.y"}


def test_a_few_names_or_a_number() -> None:
    assert fold.named(["a", "b", "c", "d"]) == "a b c d"
    assert fold.named(["a", "b", "c", "d", "e"]) == "a b c and 2 more"
