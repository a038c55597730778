# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads reports that an earlier run wrote: report.json, report.json.gz, or the one in a support bundle (tar.gz).

They may come from anywhere: what is read is bounded, nothing is unpacked to a disk, and whatever is wrong is one
sentence. Runs on the controller only.
"""

from __future__ import annotations

import glob
import json
import os
import re
import tarfile
import typing as t
import zlib

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import document, form, merge
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.findings import Findings

MAX_BYTES = 512 * 1024 * 1024  # of a report, unpacked
MAX_MEMBERS = 10_000  # of a bundle
MAX_FILES = 10_000  # of a directory that are looked at
NAME = "report.json"
READ = (*document.READ, form.SCHEMA)

_HEAD = 64 * 1024  # bytes in which a report says when its run ended
_FINISHED = re.compile(rb'"finished"\s*:\s*"([0-9T:.+Z -]{10,40})"')
_ENDINGS = (".json.gz", ".tar.gz", ".json", ".tgz")  # of a file that may be a report
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. -]{0,59}\Z")  # of a slice
_USUAL = ("report", "bundle", "tracing-report")  # names that tell nothing
MAX_SAID = 5  # files that cannot be used, in one message

Report = t.Dict[str, t.Any]


class BadReport(ValueError):
    """A file that cannot be used as a report; the message names it and says why."""


def read(path: str) -> Report:
    """The report document in a file, with the evidence of today's form; BadReport where there is none.

    Its findings are as they were written: those of schema 1 name no application, those of schema 3 have no evidence of
    what passed. What hosts have in common is one object in memory: nothing of it must be changed.
    """
    try:
        found = _expanded(json.loads(_text(path)))
    except OSError as error:
        raise BadReport(_unreadable(path, error)) from None
    except (EOFError, zlib.error, tarfile.TarError):
        raise BadReport(f"{path} is cut off or damaged: it cannot be unpacked") from None
    except UnicodeDecodeError:
        raise BadReport(f"{path} is no report: it is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        ends = error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated")
        why = "it is cut off" if ends and error.pos else "it is not JSON"
        raise BadReport(f"{path} is no report: {why} (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise BadReport(f"{path} is no report: it is nested too deeply") from None
    except form.BadForm as error:
        raise BadReport(f"{path} cannot be used: {clean(str(error))[:300]}") from None
    return _checked(found, path)


def within(directory: str) -> str:
    """The report that a run left in its directory; where there is none, where it would be."""
    plain, packed = os.path.join(directory, NAME), os.path.join(directory, f"{NAME}.gz")
    return packed if os.path.isfile(packed) and not os.path.isfile(plain) else plain


def latest(path: str, hint: str = "") -> str:
    """`path` when it is a file; of a directory the report in it, or one level below, of the run that ended last.

    `hint` follows where there is none.
    """
    if not os.path.isdir(path):
        return path
    try:
        files = list(_files(path))
    except OSError as error:
        raise BadReport(_unreadable(path, error)) from None
    dated = ((_finished(file), file) for file in files[:MAX_FILES])
    found = max(((finished, file) for finished, file in dated if finished), default=None)
    if found is None:
        raise BadReport(f"{path} has no report yet{hint}")
    return found[1]


class Named(t.NamedTuple):
    """A report to be merged with others."""

    name: str  # of the slice or region
    path: str


def named(wanted: t.Sequence[str], absolute: t.Callable[[str], str]) -> t.List[Named]:
    """The reports that `wanted` means, each `PATH` or `NAME=PATH`.

    A path is a file, a directory, of which the last report is meant, or a pattern as in a shell, of which all are meant
    that match: of files those that may be reports. Without a name a report has that of its directory or file.
    """
    found: t.List[Named] = []
    bad: t.List[str] = []
    for each in wanted:
        name, path = _parted(each)
        try:
            found += [Named(name or _name_of(file), file) for file in _meant(absolute(path), each)]
        except BadReport as error:
            bad.append(str(error))
    if bad:
        raise BadReport(_all(bad))
    if len(found) > MAX_FILES:
        raise BadReport(f"{len(found)} reports are more than {MAX_FILES}; merge some of them first")
    return list({each.path: each for each in found}.values())


def merged(reports: t.Sequence[Named]) -> document.Document:
    """The evidence of all of them as one; BadReport names each file that cannot be used."""
    merger, bad = merge.Merger(), []
    for each in reports:
        try:
            # Its findings and what does not count of its evidence are forgotten before the next one is read.
            merger.add(each.name, each.path, read(each.path)["evidence"])
        except BadReport as error:
            bad.append(str(error))
    if bad:
        raise BadReport(_all(bad))
    return merger.document()


def _all(sentences: t.Sequence[str]) -> str:
    more = [f"and {len(sentences) - MAX_SAID} more"] if len(sentences) > MAX_SAID else []
    return "; ".join([*sentences[:MAX_SAID], *more])


def _parted(wanted: str) -> t.Tuple[str, str]:
    """(NAME or "", PATH); a file of that whole name goes first."""
    name, sign, path = wanted.partition("=")
    return (name, path) if sign and path and _NAME.match(name) and not os.path.exists(wanted) else ("", wanted)


def _name_of(path: str) -> str:
    """What a report is called that nobody named: the first of its file, directory ... that has a name of its own."""
    file = os.path.basename(path)
    whole = next((file[: -len(ending)] for ending in _ENDINGS if file.endswith(ending)), file)
    above = os.path.dirname(path).split(os.sep)[::-1][:2]
    return next((name for name in (whole, *above) if name and name not in _USUAL), whole)


def _meant(path: str, wanted: str) -> t.List[str]:
    if not glob.has_magic(path) or os.path.exists(path):
        return [latest(path)]
    matching = [each for each in sorted(glob.iglob(path)) if os.path.isdir(each) or each.endswith(_ENDINGS)]
    if not matching:
        raise BadReport(f"{clean(wanted)} matches no report: no directory, and no file that ends in .json, .gz or .tgz")
    return [latest(each) for each in matching[: MAX_FILES + 1]]


def _unreadable(path: str, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"there is no file {path}"
    # What gzip says of bytes that it cannot read is an OSError without a number.
    return f"{path} cannot be read ({error.strerror})" if error.errno else f"{path} is damaged: it cannot be unpacked"


def _text(path: str) -> str:
    """The text of the report, whatever it is packed in."""
    if os.path.isdir(path):
        raise BadReport(f"{path} is a directory; name the report in it: {os.path.join(path, NAME)}")
    with open(path, "rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        if not packed:
            return _bounded(file, path)
        import gzip  # here, since most reports are plain

        with gzip.GzipFile(fileobj=file) as unpacked:
            bundle = unpacked.read(262)[257:262] == b"ustar"
        file.seek(0)
        with gzip.GzipFile(fileobj=file) as unpacked:
            return _bundled(t.cast(t.BinaryIO, unpacked), path) if bundle else _bounded(unpacked, path)


def _bounded(file: t.Any, path: str) -> str:
    content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise BadReport(f"{path} is too large: a report has {MAX_BYTES // 1024**2} MiB at most")
    text: str = content.decode("utf-8")
    return text


def _bundled(file: t.BinaryIO, path: str) -> str:
    """The report of a support bundle; members are read in the order in which they stand, as a stream."""
    with tarfile.open(fileobj=t.cast(t.BinaryIO, _Limited(file, path)), mode="r|") as bundle:
        for number, member in enumerate(bundle):
            if number >= MAX_MEMBERS:
                break
            if member.isreg() and os.path.basename(member.name) == NAME:
                inside = bundle.extractfile(member)
                return _bounded(inside, path)
    raise BadReport(f"{path} is no support bundle: there is no {NAME} in it")


class _Limited:
    """A stream that is refused when it has more than twice what a report may have: a bundle has logs, too."""

    def __init__(self, file: t.BinaryIO, path: str) -> None:
        self._file, self._path, self._left = file, path, 2 * MAX_BYTES

    def read(self, size: int) -> bytes:
        self._left -= size
        if self._left < 0:
            raise BadReport(f"{self._path} is too large: a bundle has {2 * MAX_BYTES // 1024**2} MiB at most")
        return self._file.read(size)


def _expanded(found: t.Any) -> t.Any:
    """What is of the form of schema 3 as the document that it was made of; anything else as it is."""
    of_form = isinstance(found, dict) and found.get("schema") == form.SCHEMA and {"findings", "evidence"} <= set(found)
    return form.unpack(found) if of_form else found


def _checked(found: t.Any, path: str) -> Report:
    if not isinstance(found, dict) or not {"schema", "findings", "evidence"} <= set(found):
        raise BadReport(f"{path} is no report: it is JSON, but has no schema, findings and evidence")
    if found["schema"] not in document.READ:
        known = f"{', '.join(map(str, READ[:-1]))} and {READ[-1]}"
        raise BadReport(
            f"{path} has the schema {clean(str(found['schema']))[:20]}; this version of traceops.tracing reads {known}"
        )
    findings = found["findings"]
    if not isinstance(findings, (list, Findings)) or not all(map(_is_finding, _said(findings))):
        raise BadReport(f"{path} is no report: not all of its findings have an id, a state and texts")
    try:
        evidence = document.check_document(found["evidence"])
    except document.BadEvidence as error:
        raise BadReport(f"{path} cannot be used: {clean(str(error))}") from None
    verdict = found.get("verdict")
    if not isinstance(verdict, dict) or not _are_causes(verdict.get("root_causes")):
        raise BadReport(f"{path} is no report: it has no verdict with root causes")
    return {**found, "evidence": evidence, "run": evidence["run"]}


def _said(findings: t.Iterable[t.Any]) -> t.Iterable[t.Any]:
    """Findings of any subject; those that many have in common once."""
    if not isinstance(findings, Findings):
        return findings
    return {id(each): each for row in findings.rows for each in row.said}.values()


def _is_finding(each: t.Any) -> bool:
    return (
        isinstance(each, dict)
        and all(isinstance(each.get(key), str) for key in ("id", "state"))
        and all(isinstance(each.get(key), (str, type(None))) for key in ("host", "application", "backend", "severity"))
    )


def _are_causes(causes: t.Any) -> bool:
    return isinstance(causes, list) and all(
        isinstance(cause, dict)
        and isinstance(cause.get("id"), str)
        and all(
            isinstance(cause.get(key), list) and all(isinstance(item, str) for item in cause[key])
            for key in ("hosts", "consequences")
        )
        for cause in causes
    )


def _files(directory: str) -> t.Iterator[str]:
    """What may be a report in a directory and one level below it; not the hidden files of a run that writes."""
    for entry in sorted(os.scandir(directory), key=lambda entry: entry.name):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            for name in (NAME, f"{NAME}.gz"):
                inside = os.path.join(entry.path, name)
                if os.path.isfile(inside):
                    yield inside
        elif entry.name.endswith(_ENDINGS) and entry.is_file():
            yield entry.path


def _finished(path: str) -> str:
    """When the run of a report ended (ISO 8601, UTC, as all are written), from its first bytes; "" if it is none."""
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return ""
    if head[:2] == b"\x1f\x8b":
        try:
            head = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, _HEAD)
        except zlib.error:
            return ""
        if head[257:262] == b"ustar":
            return _of_bundle(path)
    found = _FINISHED.search(head) if head.lstrip()[:1] == b"{" else None
    return found.group(1).decode() if found else ""


def _of_bundle(path: str) -> str:
    try:
        return str(read(path)["run"].get("finished") or "")
    except BadReport:
        return ""
