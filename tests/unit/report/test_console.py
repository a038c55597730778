"""The page on the terminal."""

from __future__ import annotations

import re

from ansible_collections.traceops.tracing.plugins.module_utils._report import console
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.compare import compare
from ansible_collections.traceops.tracing.tests.unit.report import reports


def test_the_page_of_a_refused_connection() -> None:
    page = console.page(reports.of_case("network.otlp.connection-refused"), ["/x/report.html"])
    block = page[page.index("\nnetwork\n") : page.index("\ncollector\n")] if "\ncollector\n" in page else page
    assert page.startswith("tracing  app -> otlp -> tempo -> grafana        1 host, 1 backend, ")
    assert "  × app01  nothing listens at http://tempo:4318/v1/traces (connection refused)\n" in block
    assert "      cause  The receiver is not running, listens on another port" in block
    assert "      proved by a probe\n" in block
    assert "      fix    check whether it is running: docker ps --filter name=tempo" in block
    assert (
        "      see    https://github.com/traceops/tracing/blob/main/docs/checks.md#network.otlp.connection-refused"
        in block
    )
    assert "  - only because of network.otlp.connection-refused: network.otlp.not-accepted" in block
    assert page.splitlines()[-5:-1] == [
        "report: /x/report.html",
        "",
        "problem: nothing listens at http://tempo:4318/v1/traces (connection refused) (on app01)",
        "root cause: network, app01: network.otlp.connection-refused (1 consequence folded)",
    ]
    assert page.splitlines()[-1].startswith("fix: check whether it is running: docker ps --filter name=tempo")


def test_what_was_not_checked_is_never_shown_as_fine() -> None:
    page = console.page(reports.of_case("app.log.unreadable"))
    app = page[page.index("\napp\n") : page.index("\nsampling\n")]
    assert "√ app01  the application started tracing" not in app
    assert "not checked: logs: logs says permission_denied" in page
    assert page.count("not checked:") == 1
    assert "not checked: blocked by app.log.unreadable" not in page, "it is known why these are unknown"


def test_a_healthy_page_shows_what_was_seen() -> None:
    page = console.page(reports.healthy())
    assert "  √ app01  a span sent to http://tempo:4318/v1/traces was accepted in 1.1 ms" in page
    assert "  √ app01  a span sent to http://tempo:4318/v1/traces was read back from Tempo" in page
    assert re.search(r"\nok: No fault found: \d+ checks passed, \d+ not checked", page)
    assert "×" not in page


def test_passes_and_reasons_are_one_line_until_they_are_asked_for() -> None:
    report = reports.of_case("app.log.unreadable")
    short, long = console.page(report), console.page(report, verbose=True)
    assert re.search(r"  √ app01  .* \(and \d+ more checks\s+passed\)\n", short)
    assert "more checks passed" not in " ".join(long.split())
    assert long.count("√") > 3 * short.count("√")
    told = re.search(r"; (\d+) other reasons for (\d+) more \(-v lists them\)", " ".join(short.split()))
    assert told is not None, short
    assert long.count("not checked:") == int(told[1]) + 1


def test_a_line_has_a_style_and_no_escape_sequence() -> None:
    shown = console.lines(reports.of_case("network.otlp.connection-refused"))
    assert {line.style for line in shown} <= {"", "head", "ok", "failed", "warning", "info", "muted"}
    assert [line.style for line in shown if line.text.startswith("problem: ")] == ["failed"]
    assert [line.style for line in shown if line.text.startswith("  × ")] == ["failed"]
    assert not any("\x1b" in line.text or "\n" in line.text for line in shown)


def test_what_changed_since_the_baseline_stands_above_the_verdict() -> None:
    broken, healthy = reports.of_case("network.otlp.connection-refused"), reports.healthy()
    broken["baseline"] = compare(healthy, broken, "old/report.json")
    lines = console.page(broken).splitlines()
    (place,) = [number for number, line in enumerate(lines) if line.startswith("compared: ")]
    finished = healthy["run"]["finished"][:19].replace("T", " ")
    words = " ".join(line.strip() for line in lines[place : place + 2])
    assert words == (
        f"compared: 1 new, 0 gone, 0 changed, 0 not checked, 0 unchanged since {finished} (old/report.json)"
    )
    assert lines[place + 2] == "  × new  app01  nothing listens at http://tempo:4318/v1/traces (connection refused)"
    assert lines[place + 3].startswith("problem: ")
    broken["baseline"] = compare(broken, healthy, "old/report.json")
    assert "  √ gone  app01  nothing listens" in console.page(broken)


def test_plain_ascii_where_the_terminal_wants_it() -> None:
    page = console.page(reports.of_case("network.otlp.connection-refused"), utf8=False)
    assert page.isascii()
    assert "  x app01  nothing listens" in page
    assert "  + " in page


def test_equal_outcomes_of_a_fleet_are_folded() -> None:
    page = console.page(reports.fleet(600, refused=37, unreachable=2))
    assert "600 hosts, 1 backend" in page
    assert "not reached: app0598 app0599" in page
    assert "  × app0000 app0001 app0002 and 34 more  nothing listens at http://tempo:4318/v1/traces" in page
    assert "root cause: network, app0000 app0001 app0002 and 34 more: network.otlp.connection-refused" in page
    assert len(page) < 12_000


def test_pending_and_suppressed_say_why() -> None:
    fresh = {"tempo_info.counters.uptime_s": 2, "tempo_search.count": 0, "tempo_search.traces": []}
    page = console.page(reports.judge.report(reports.document(fresh), reports.LIBRARY))
    assert "  … a search of the last hour finds no trace of 'velo-sql-app.sql'" in page
    assert "      pending  run the diagnosis again in 9 s: Tempo started 2 s ago (a trace takes up to 10.5 s to" in page
    assert "\nincomplete: " in page
    known = [{"id": "network.*", "host": None, "reason": "being rebuilt", "until": None}]
    page = console.page(reports.of_case("network.otlp.connection-refused", suppress=known))
    assert "  ~ app01  nothing listens at" in page
    assert "      suppressed  being rebuilt" in page


def test_check_mode_is_named() -> None:
    page = console.page(reports.healthy(check_mode=True))
    assert "check mode: no span was sent" in page
    assert "not checked: no span was sent" not in page, "this evidence has one"


def test_check_mode_names_the_checks_that_want_a_span() -> None:
    unsent = {"ok": False, "cause": "not_sent", "message": "it speaks HTTP; no span was sent"}
    changes = {f"otlp.{key}": value for key, value in unsent.items()}
    changes.update({"otlp.phases.export": {"ok": None, "ms": 0, "cause": "not_sent"}, "run.check_mode": True})
    page = " ".join(console.page(reports.judge.report(reports.document(changes), reports.LIBRARY)).split())
    named = re.search(r"not checked: no span was sent in check mode \((\d+) checks\): (.*?) not checked:", page)
    assert named is not None, page
    assert int(named[1]) == len(named[2].split(", "))
    assert {"network.otlp.not-accepted", "network.path.not-found"} <= set(named[2].split(", "))
    assert "no span was sent (" not in page, "they are not counted again"


def test_lines_stay_within_the_page() -> None:
    page = console.page(reports.of_case("tempo-ingest.tempo.down"))
    assert max(len(line) for line in page.splitlines()[1:]) <= console.WIDTH


def test_hostile_text_can_not_move_the_cursor() -> None:
    seen = reports.document({"tempo_search.suggestions": [reports.HOSTILE], "tempo_search.count": 0})
    page = console.page(reports.judge.report(seen, reports.LIBRARY))
    assert "alert(1)" in page
    assert not {"\x1b", "\u202e", "\r"} & set(page)
