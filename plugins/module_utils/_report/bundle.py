# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""bundle.tar.gz: all that somebody else needs to look into a run, and a list of what was kept from them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import tarfile
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import MASK, redact
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import form

Report = t.Dict[str, t.Any]

MODE = 0o640
NAME = "bundle.tar.gz"
FOLDER = "tracing-bundle"
MAX_LISTED = 10_000  # places that the manifest names; the rest is a number

# Credentials, and the values of headers: they are used and kept nowhere.
NEVER_KEPT = (
    *("diagnose_otlp_headers", "diagnose_tempo_password", "diagnose_tempo_token"),
    *("diagnose_grafana_password", "diagnose_grafana_token"),
)

_AROUND = re.escape(MASK)
_RULES: t.Tuple[t.Tuple[t.Pattern[str], str], ...] = (
    (re.compile(rf"(?:://|:){_AROUND}@"), "credentials in a URL"),
    (re.compile(rf"(?i)\b(?:bearer|basic)(?:\s+|%20|\s?[:=]\s?){_AROUND}"), "credentials of a request"),
    (re.compile(rf"[\w\\\"'\])-]\s*(?:[:=]+>?\s*|\s){_AROUND}"), "the value behind a secret's name"),
)
_ELSE = "a value that is secret by its place"
_AGAIN = "found when the bundle was made"


def pack(report: Report, forms: t.Callable[[Report], t.Mapping[str, str]], versions: t.Mapping[str, t.Any]) -> bytes:
    """The archive: the forms of the report by the name of their file, configuration, versions and manifest.

    `versions` is {program: version} of the controller. What looks like a secret and was not masked before is masked.
    """
    again: t.List[str] = []
    written = _masked(form.pack(report), again)
    known = form.unpack(written)
    texts = {
        **forms(known),
        "configuration.json": _json(_configuration(known)),
        "versions.json": _json(dict(versions)),
    }
    texts["manifest.json"] = _json(_manifest(written, again, texts))
    packed = io.BytesIO()
    # Without a time of its own, equal reports make equal bundles.
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as archive:
        for name, text in texts.items():
            data = text.encode("utf-8", "replace")
            entry = tarfile.TarInfo(f"{FOLDER}/{name}")
            entry.size, entry.mode = len(data), MODE
            archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


def _json(value: t.Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _masked(value: t.Any, again: t.List[str], where: str = "") -> t.Any:
    """`value` with what `redact` still finds in its texts masked; `again` gets the places."""
    if isinstance(value, dict):
        return {key: _masked(each, again, f"{where}.{key}" if where else str(key)) for key, each in value.items()}
    if isinstance(value, list):
        return [_masked(each, again, f"{where}[{number}]") for number, each in enumerate(value)]
    if not isinstance(value, str):
        return value
    text = redact(value)
    if text != value:
        again.append(where)
    return text


def _configuration(report: Report) -> t.Dict[str, t.Any]:
    """What the run was told, and what its hosts and applications were told apart from that."""
    run, evidence = report["run"], report["evidence"]
    hosts = {
        name: {
            "settings": labels.get("settings") or {},
            "applications": {each: own.get("settings") or {} for each, own in labels["applications"].items()},
        }
        for name, labels in evidence["hosts"].items()
    }
    return {"run": run, "hosts": hosts}


def _manifest(report: Report, again: t.Sequence[str], texts: t.Mapping[str, str]) -> t.Dict[str, t.Any]:
    """{files, masked: [{where, rule}], left_out: [{what, rule}]}; `where` is a place in report.json."""
    masked = [{"where": where, "rule": _AGAIN} for where in again]
    masked += [{"where": where, "rule": rule} for where, rule in _masks(report, "") if where not in set(again)]
    left_out = [{"what": name, "rule": "credentials are used and kept nowhere"} for name in NEVER_KEPT]
    left_out += [
        {"what": "files of logs", "rule": "of a log only counts and a few lines of each pattern leave its host"},
        {
            "what": "files of configuration",
            "rule": "only what is read of them leaves their host, without values of headers",
        },
    ]
    left_out += [
        {"what": f"host {name}", "rule": f"it was not seen: {labels.get('reason') or 'unreachable'}"}
        for name, labels in report["evidence"]["hosts"].items()
        if labels.get("unreachable")
    ]
    found: t.Dict[str, t.Any] = {
        "files": [
            {"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, text in texts.items()
            for data in [text.encode("utf-8", "replace")]
        ],
        "masked": masked[:MAX_LISTED],
        "left_out": left_out,
    }
    if len(masked) > MAX_LISTED:
        found["masked_besides"] = len(masked) - MAX_LISTED
    return found


def _masks(value: t.Any, where: str) -> t.Iterator[t.Tuple[str, str]]:
    """The places of masks, each with the rule that put it there, as its surroundings show."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _masks(each, f"{where}.{key}" if where else str(key))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _masks(each, f"{where}[{number}]")
    elif isinstance(value, str) and MASK in value:
        yield where, next((rule for pattern, rule in _RULES if pattern.search(value)), _ELSE)
