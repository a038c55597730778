# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before and after each run of the role `watch`: reports are kept, metrics written, a change of the verdict is told.

`python -m ...watch begin|after CONFIG`, as ExecStartPre and ExecStopPost of its service, so that a run that was
ended for its time is counted, too. CONFIG is JSON: {state, keep, textfile, name, webhook: {url, format, headers}}. In
the directory `state` are `next` (the report of the run that goes on), `reports` and `latest`.
"""

from __future__ import annotations

import datetime
import json
import os
import shutil
import sys
import time
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import files
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import stored
from ansible_collections.traceops.tracing.plugins.module_utils._report import prometheus

Report = t.Dict[str, t.Any]
FORMATS = ("slack", "alertmanager", "json")
# Alertmanager forgets an alert that nobody repeats; this one holds until the verdict changes.
_HOLDS = datetime.timedelta(days=365)
_MAX_CAUSES = 5


class Ended(t.NamedTuple):
    """How a run ended: what systemd says of it, and what it left."""

    result: str  # SERVICE_RESULT: success, exit-code, timeout, signal ...
    status: int  # of ansible-playbook; -1 when it did not end by itself
    begun: float  # seconds since the epoch
    ended: float
    report: t.Optional[Report]


class Verdict(t.TypedDict):
    """What makes one verdict another: the status and the root causes."""

    status: str
    causes: t.List[str]


# --- what is told


def verdict(report: Report) -> Verdict:
    return {
        "status": str(report["verdict"]["status"]),
        "causes": sorted({str(cause["id"]) for cause in report["verdict"]["root_causes"]}),
    }


def is_change(before: t.Optional[Verdict], now: Verdict) -> bool:
    """Whether somebody is to be told. Of a first run, only when something is wrong."""
    return now["status"] != "ok" if before is None else now != before


def payload(form: str, name: str, report: Report, before: t.Optional[Verdict], now: datetime.datetime) -> t.Any:
    """What is sent, as JSON; text of hosts and servers is cleaned, and for Slack escaped."""
    its = report["verdict"]
    causes = its["root_causes"][:_MAX_CAUSES]
    sentence, earlier = clean(str(its["sentence"])), before["status"] if before else None
    if form == "slack":
        lines = [f"{name}: tracing is {its['status']}{f' (was {earlier})' if earlier else ''}", sentence]
        lines += [f"root cause: {cause['hop']}: {cause['id']}" for cause in causes]
        lines += [f"fix: {clean(str(step))}" for cause in causes[:1] for step in (cause.get("fix") or [])[:1]]
        return {"text": "\n".join(_slack(line) for line in lines)}
    if form == "alertmanager":
        ends = now if its["status"] == "ok" else now + _HOLDS
        return [
            {
                "labels": {"alertname": "TraceopsVerdict", "watch": name, "severity": "critical"},
                "annotations": {
                    "summary": sentence,
                    "status": its["status"],
                    "root_causes": ", ".join(cause["id"] for cause in causes),
                },
                "startsAt": _iso(now),
                "endsAt": _iso(ends),
            }
        ]
    return {
        "watch": name,
        "status": its["status"],
        "before": earlier,
        "sentence": sentence,
        "root_causes": [{key: cause[key] for key in ("id", "hop", "hosts")} for cause in causes],
        "finished": report["run"].get("finished"),
    }


def _slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _iso(when: datetime.datetime) -> str:
    return when.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


# --- metrics


def metrics(ended: Ended, last: t.Optional[str], webhook_failed: bool) -> str:
    """The text for the node exporter; `last` are the metrics of the last report, which may be of an earlier run."""
    metric, sample = prometheus.metric, prometheus.sample
    lines = [
        *metric("watch_last_run_timestamp_seconds", "When the last run of the watch ended, with or without a report."),
        sample("watch_last_run_timestamp_seconds", round(ended.ended, 3)),
        *metric("watch_duration_seconds", "How long the last run took."),
        sample("watch_duration_seconds", round(max(0.0, ended.ended - ended.begun), 3)),
        *metric("watch_exit_status", "Exit status of the last run's ansible-playbook; -1 when it was ended."),
        sample("watch_exit_status", ended.status),
        *metric("watch_report_written", "Whether the last run wrote a report; the other metrics are of the last one."),
        sample("watch_report_written", int(ended.report is not None)),
        *metric("watch_webhook_failed", "Whether a change of the verdict could not be told."),
        sample("watch_webhook_failed", int(webhook_failed)),
    ]
    if ended.report is not None:
        lines += _canaries(ended.report)
    return (last or "") + "\n".join(lines) + "\n"


def _canaries(report: Report) -> t.List[str]:
    """Of the slowest canary of each hop, how long it took; hosts are no labels."""
    slowest: t.Dict[t.Tuple[str, str], float] = {}
    sent, lost = 0, 0
    for backend in report["evidence"]["backends"].values():
        found = backend.get("canaries") or {}
        sent, lost = sent + int(found.get("sent") or 0), lost + int(found.get("lost") or 0)
        seen = [
            ("id", hop, its.get("visible_after"))
            for of in (found.get("hops") or {}).values()
            for hop, its in of.items()
        ]
        searched = found.get("search") or {}
        seen += [("search", "otlp", searched.get("waited"))] if searched.get("found") else []
        for by, hop, seconds in seen:
            if isinstance(seconds, (int, float)):
                slowest[by, hop] = max(float(seconds), slowest.get((by, hop), 0.0))
    return [
        *prometheus.metric(
            "watch_canaries", "Canary spans of the last run that were accepted, and those of them lost."
        ),
        prometheus.sample("watch_canaries", sent, state="sent"),
        prometheus.sample("watch_canaries", lost, state="lost"),
        *prometheus.metric(
            "watch_canary_visible_seconds",
            "Seconds until Tempo had the slowest canary of a hop, from when it was asked for it first.",
        ),
        *(
            prometheus.sample("watch_canary_visible_seconds", s, by=by, hop=hop)
            for (by, hop), s in sorted(slowest.items())
        ),
    ]


# --- files


def begin(config: t.Mapping[str, t.Any], now: float) -> None:
    """Remove what an earlier run left half done, remember when this one began, and name what it is compared with."""
    shutil.rmtree(_in(config, "next"), ignore_errors=True)
    files.replace(_in(config, "begun"), f"{now}\n", 0o600)
    latest = stored.within(os.path.realpath(_in(config, "latest")))
    try:
        stored.read(latest)
        variables = {"diagnose_baseline": latest}
    except (stored.BadReport, OSError):
        variables = {}  # a first run; or a report that nobody can read, which must not stop every later run
    files.replace(_in(config, "run.json"), json.dumps(variables) + "\n", 0o600)


def keep(config: t.Mapping[str, t.Any], report: Report, now: float) -> str:
    """Move `next` to `reports`, let `latest` name it and remove the oldest ones; the directory."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    directory = _in(config, "reports")
    os.makedirs(directory, mode=0o750, exist_ok=True)
    place, number = os.path.join(directory, stamp), 1
    while os.path.lexists(place):  # two runs within a second
        number += 1
        place = os.path.join(directory, f"{stamp}-{number}")
    os.rename(_in(config, "next"), place)
    link, fresh = _in(config, "latest"), _in(config, ".latest")
    if os.path.lexists(fresh):
        os.unlink(fresh)
    os.symlink(os.path.relpath(place, config["state"]), fresh)
    os.replace(fresh, link)
    old = sorted(entry.path for entry in os.scandir(directory) if entry.is_dir(follow_symlinks=False))
    for path in old[: max(0, len(old) - max(1, int(config["keep"])))]:
        shutil.rmtree(path, ignore_errors=True)
    return place


def after(
    config: t.Mapping[str, t.Any], environ: t.Mapping[str, str], now: float, say: t.Callable[[str], None]
) -> None:
    """What follows a run. What cannot be done is said, and is no failure."""
    report = _report(_in(config, "next"))
    ended = Ended(environ.get("SERVICE_RESULT", ""), _status(environ), _begun(config, now), now, report)
    if report is None:
        shutil.rmtree(_in(config, "next"), ignore_errors=True)
        say(f"this run wrote no report ({ended.result or 'no result'}, exit status {ended.status})")
    else:
        keep(config, report, now)
    failed = _tell(config, report, now, say)
    text = metrics(ended, _text(_in(config, "latest", "metrics.prom")), failed)
    files.replace(_in(config, "metrics.prom"), text, 0o644)
    textfile = str(config.get("textfile") or "")
    if textfile and not os.path.isdir(os.path.dirname(textfile)):
        say(
            f"the metrics are in {_in(config, 'metrics.prom')} alone: there is no directory {os.path.dirname(textfile)}"
        )
    elif textfile:
        files.replace(textfile, text, 0o644)


def _tell(config: t.Mapping[str, t.Any], report: t.Optional[Report], now: float, say: t.Callable[[str], None]) -> bool:
    """Tell a change of the verdict; whether that failed. What could not be told is told after the next run."""
    webhook = config.get("webhook") or {}
    known = _json(_in(config, "told.json")) or {}
    before = t.cast(t.Optional[Verdict], known.get("verdict"))
    if report is None:
        return bool(known.get("failed"))
    current, failed = verdict(report), False
    if is_change(before, current) and webhook.get("url"):
        when = datetime.datetime.fromtimestamp(now, datetime.timezone.utc)
        problem = _send(webhook, payload(str(webhook.get("format")), str(config["name"]), report, before, when))
        failed = bool(problem)
        say(f"webhook: {problem or 'told that tracing is ' + current['status']}")
    told = before if failed else current
    files.replace(_in(config, "told.json"), json.dumps({"verdict": told, "failed": failed}) + "\n", 0o600)
    return failed


def _send(webhook: t.Mapping[str, t.Any], body: t.Any) -> str:
    """Why it could not be sent, without the URL, which is a secret; empty when it was."""
    import requests

    try:
        answer = requests.post(
            webhook["url"],
            json=body,
            headers=dict(webhook.get("headers") or {}),
            timeout=float(webhook.get("timeout") or 10),
            allow_redirects=False,
        )
    except requests.Timeout:
        return "no answer in time"
    except (requests.RequestException, ValueError):
        return "it cannot be reached"
    return "" if 200 <= answer.status_code < 300 else f"the answer is HTTP {answer.status_code}"


def _status(environ: t.Mapping[str, str]) -> int:
    number = environ.get("EXIT_STATUS", "")
    return int(number) if environ.get("EXIT_CODE") == "exited" and number.isdigit() else -1


def _begun(config: t.Mapping[str, t.Any], now: float) -> float:
    try:
        return float(_text(_in(config, "begun")) or now)
    except ValueError:
        return now


def _in(config: t.Mapping[str, t.Any], *names: str) -> str:
    return os.path.join(str(config["state"]), *names)


def _text(path: str) -> t.Optional[str]:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return None


def _report(directory: str) -> t.Optional[Report]:
    """The report that a run left, whatever it is packed in; null where it is none or not whole."""
    try:
        return stored.read(stored.within(directory))
    except stored.BadReport:
        return None


def _json(path: str) -> t.Optional[t.Dict[str, t.Any]]:
    try:
        found = json.loads(_text(path) or "null")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _say(words: str) -> None:
    """To the journal."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def main(arguments: t.Sequence[str]) -> int:
    step, place = arguments
    with open(place, encoding="utf-8") as file:
        config = json.load(file)
    try:
        if step == "begin":
            begin(config, time.time())
        else:
            after(config, os.environ, time.time(), _say)
    except OSError as error:
        _say(f"{config['state']}: {error.strerror}")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
