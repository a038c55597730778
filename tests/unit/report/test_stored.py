"""Reports that an earlier run wrote are read: plain, packed, in a bundle, damaged and hostile."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import stored
from ansible_collections.traceops.tracing.plugins.module_utils._report import write
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import judge
from ansible_collections.traceops.tracing.tests.unit.report import reports

REFUSED = json.dumps(reports.plain(reports.of_case("network.otlp.connection-refused")))
LATER = REFUSED.replace('"schema": 2', '"schema": 9', 1)


def bundle(path: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def test_a_report_is_read_however_it_is_packed(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(REFUSED, encoding="utf-8")
    (tmp_path / "report.json.gz").write_bytes(gzip.compress(REFUSED.encode()))
    bundle(tmp_path / "bundle.tar.gz", {"x/manifest.json": b"{}", "x/report.json": REFUSED.encode(), "z": b"z"})
    for name in ("report.json", "report.json.gz", "bundle.tar.gz"):
        assert stored.read(str(tmp_path / name))["findings"] == json.loads(REFUSED)["findings"]


def test_the_bundle_of_a_run_is_read(tmp_path: Path) -> None:
    written = write.write(json.loads(REFUSED), str(tmp_path), reports.LIBRARY, {"ansible-core": "2.19.0"})
    assert stored.read(written["bundle"])["verdict"] == json.loads(REFUSED)["verdict"]
    assert stored.latest(str(tmp_path)) == written["json"], "of a run that left both, the plain one"


def test_judged_again_it_says_the_same(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(REFUSED, encoding="utf-8")
    read = stored.read(str(tmp_path / "report.json"))
    again = judge.report(read["evidence"], reports.LIBRARY, read, "report.json")
    assert again["findings"] == read["findings"]
    kinds = ("new", "gone", "changed", "not_checked")
    assert {kind: again["baseline"][kind] for kind in kinds} == {kind: [] for kind in kinds}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is no report: it is not JSON"),
        (b"{", "is no report: it is cut off (line 1, column 2)"),
        (REFUSED.encode()[:5000], "is no report: it is cut off"),
        (b"not json", "is no report: it is not JSON (line 1, column 1)"),
        (b"[]", "it is JSON, but has no schema, findings and evidence"),
        (b'{"schema": 2}', "it is JSON, but has no schema, findings and evidence"),
        (LATER.encode(), "has the schema 9; this version of traceops.tracing reads 1, 2 and 3"),
        (b"[" * 100000, "is no report: it is nested too deeply"),
        (b"\xff\xfe{}", "is no report: it is not UTF-8 text"),
        (gzip.compress(REFUSED.encode(), mtime=0)[:500], "is cut off or damaged: it cannot be unpacked"),
        (b"\x1f\x8b\x00damaged", "cannot be unpacked"),
    ],
    ids=lambda value: repr(value)[:40],
)  # fmt: skip
def test_what_is_no_report_is_one_sentence(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(content)
    with pytest.raises(stored.BadReport) as error:
        stored.read(str(path))
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(str(path))


def test_what_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(stored.BadReport, match=r"there is no file .*nowhere\.json"):
        stored.read(str(tmp_path / "nowhere.json"))
    with pytest.raises(stored.BadReport, match=r"is a directory; name the report in it: .*report\.json"):
        stored.read(str(tmp_path))
    bundle(tmp_path / "bundle.tar.gz", {"other.json": b"{}"})
    with pytest.raises(stored.BadReport, match=r"is no support bundle: there is no report\.json in it"):
        stored.read(str(tmp_path / "bundle.tar.gz"))


def test_what_is_too_large_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "MAX_BYTES", 1024**2)
    (tmp_path / "bomb.json.gz").write_bytes(gzip.compress(b" " * 50 * 1024**2))
    bundle(tmp_path / "bomb.tar.gz", {"log": b"\0" * 50 * 1024**2, "report.json": REFUSED.encode()})
    (tmp_path / "report.json").write_bytes(b" " * (1024**2 + 1))
    for name, what in (("bomb.json.gz", "report"), ("report.json", "report"), ("bomb.tar.gz", "bundle")):
        with pytest.raises(stored.BadReport, match=f"is too large: a {what} has"):
            stored.read(str(tmp_path / name))


def test_the_last_report_of_a_directory_is_of_the_run_that_ended_last(tmp_path: Path) -> None:
    def report(finished: str) -> str:
        return write.text(reports.healthy(finished=finished))

    (tmp_path / "b").mkdir()
    (tmp_path / "a.json").write_text(report("2026-11-26T06:00:00+00:00"), encoding="utf-8")
    (tmp_path / "b" / "report.json").write_text(report("2026-11-28T06:00:00+00:00"), encoding="utf-8")
    (tmp_path / "c.json.gz").write_bytes(gzip.compress(report("2026-11-27T06:00:00+00:00").encode()))
    (tmp_path / ".report.json.half").write_text(report("2026-11-30T06:00:00+00:00"), encoding="utf-8")
    (tmp_path / "other.json").write_text('{"finished": 1}', encoding="utf-8")
    (tmp_path / "other.tar.gz").write_bytes(b"\x1f\x8bx")
    assert stored.latest(str(tmp_path)) == str(tmp_path / "b" / "report.json")
    bundle(tmp_path / "d.tar.gz", {"report.json": report("2026-11-29T06:00:00+00:00").encode()})
    assert stored.latest(str(tmp_path)) == str(tmp_path / "d.tar.gz")
    assert stored.latest("any/file.json") == "any/file.json"


def test_a_directory_without_a_report_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(stored.BadReport, match=r"has no report yet \(a first run\)"):
        stored.latest(str(tmp_path), " (a first run)")


ODD: list[tuple[list[str], Any]] = [
    (["findings"], {"a": 1}),
    (["findings"], [None, 1, {"id": []}, {"id": "x", "state": {}}]),
    (["evidence", "run", "suppress"], "x"),
    (["evidence", "run", "suppress"], ["x"]),
    (["evidence", "run", "suppress"], [{"id": 3}]),
    (["evidence", "run", "settings"], [1]),
    (["evidence", "run", "check_dirs"], {}),
    (["evidence", "run", "finished"], [1]),
    (["evidence", "backends", "main", "hosts"], [[]]),
    (["evidence", "backends", "main", "hosts"], {"a": 1}),
    (["evidence", "backends", "main", "canaries"], "x"),
    (["evidence", "backends", "main", "canaries", "hops"], [1]),
    (["evidence", "backends", "main", "tempo_info"], "x"),
    (["evidence", "hosts", "app01", "applications"], []),
    (["evidence", "hosts", "app01", "applications", "velo-sql-app.sql", "backend"], []),
    (["evidence", "hosts", "app01", "settings"], "x"),
    (["evidence", "hosts", "app01", "applications", "velo-sql-app.sql", "otlp"], [[]]),
]


@pytest.mark.parametrize(("where", "value"), ODD, ids=lambda value: str(value)[:60])
def test_an_odd_report_is_refused_or_judged(where: list[str], value: Any, tmp_path: Path) -> None:
    odd = json.loads(REFUSED)
    inner = odd
    for key in where[:-1]:
        inner = inner[key]
    inner[where[-1]] = value
    odd["evidence"]["hosts"]["\x1b[31mapp"] = {"applications": {}}
    path = tmp_path / "report.json"
    path.write_text(json.dumps(odd), encoding="utf-8")
    refused = []
    try:
        read = stored.read(str(path))
    except stored.BadReport as error:
        refused.append(str(error))
    if refused:
        assert "\x1b" not in refused[0]
        return
    again = judge.report(read["evidence"], reports.LIBRARY, read, str(path))
    judge.report(json.loads(REFUSED)["evidence"], reports.LIBRARY, read, str(path))
    assert again["verdict"]["status"] in ("problem", "incomplete")


def test_a_link_in_a_bundle_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text(REFUSED, encoding="utf-8")
    with tarfile.open(tmp_path / "bundle.tar.gz", "w:gz") as archive:
        link = tarfile.TarInfo("report.json")
        link.type, link.linkname = tarfile.SYMTYPE, os.path.join(tmp_path, "secret.json")
        archive.addfile(link)
    with pytest.raises(stored.BadReport, match=r"there is no report\.json in it"):
        stored.read(str(tmp_path / "bundle.tar.gz"))


# --- several reports


def in_folder(tmp_path: Path, *names: str) -> None:
    for number, name in enumerate(names):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(REFUSED.replace('"id":"', f'"id":"{number}', 1), encoding="utf-8")


def meant(*wanted: str, here: Path) -> dict[str, str]:
    found = stored.named(wanted, lambda path: os.path.join(here, path))
    return {os.path.relpath(each.path, here): each.name for each in found}


def test_reports_are_named_by_files_directories_patterns_and_lists_of_them(tmp_path: Path) -> None:
    in_folder(tmp_path, "eu/report.json", "us/report.json", "slices/slice-1.json", "slices/slice-2.json")
    (tmp_path / "slices/report.html").write_text("<html>", encoding="utf-8")
    everything = {"slices/slice-1.json": "slice-1", "slices/slice-2.json": "slice-2"}
    assert meant("eu/report.json", "us", here=tmp_path) == {"eu/report.json": "eu", "us/report.json": "us"}
    assert meant("slices/*", here=tmp_path) == everything
    assert meant("[eu]*", here=tmp_path) == {"eu/report.json": "eu", "us/report.json": "us"}
    assert meant("europe=eu", "america=us/report.json", here=tmp_path) == {
        "eu/report.json": "europe", "us/report.json": "america",
    }  # fmt: skip
    assert meant("asia=slices/*", here=tmp_path) == dict.fromkeys(everything, "asia")
    assert len(meant("eu", "eu/report.json", here=tmp_path)) == 1
    in_folder(tmp_path, "asia/tracing-report/report.json")
    assert meant("asia/tracing-report", here=tmp_path) == {"asia/tracing-report/report.json": "asia"}


def test_a_file_whose_name_looks_like_a_named_one_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    in_folder(tmp_path, "a=b.json")
    assert meant("a=b.json", here=tmp_path) == {"a=b.json": "a=b"}


def test_each_report_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    in_folder(tmp_path, "good.json")
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    (tmp_path / "worse.json").write_text("[]", encoding="utf-8")
    reports = stored.named(["*.json"], lambda path: os.path.join(tmp_path, path))
    with pytest.raises(stored.BadReport) as refused:
        stored.merged(reports)
    assert "bad.json is no report: it is cut off" in str(refused.value)
    assert "worse.json is no report: it is JSON, but" in str(refused.value)
    assert "good.json" not in str(refused.value)


def test_a_pattern_that_matches_nothing_is_refused_and_so_is_a_directory_without_a_report(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(stored.BadReport) as refused:
        meant("nothing/*.json", "empty", here=tmp_path)
    assert "nothing/*.json matches no report" in str(refused.value)
    assert "empty has no report yet" in str(refused.value)
    assert "baseline" not in str(refused.value)


def test_of_many_that_cannot_be_used_the_first_are_named(tmp_path: Path) -> None:
    for number in range(9):
        (tmp_path / f"{number}.json").write_text("{", encoding="utf-8")
    with pytest.raises(stored.BadReport, match=r"4\.json.*; and 4 more"):
        stored.merged(stored.named(["*.json"], lambda path: os.path.join(tmp_path, path)))
