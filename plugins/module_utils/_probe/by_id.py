# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe (inside collect): do the traces that a search lists open by id, each time, and is it one Tempo that answers?"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._base.spec import HTTP, TEMPO
from ansible_collections.traceops.tracing.plugins.module_utils._base.waiting import BY_ID_CONFIRM, REAL, Clock
from ansible_collections.traceops.tracing.plugins.module_utils._client.http import HttpError
from ansible_collections.traceops.tracing.plugins.module_utils._client.tempo import Found, TempoClient, normal_id
from ansible_collections.traceops.tracing.plugins.module_utils._client.tempo_failure import asking_tempo, explain
from ansible_collections.traceops.tracing.plugins.module_utils._otel.traceql import build_query

ARGUMENT_SPEC: t.Dict[str, t.Dict[str, t.Any]] = {
    **TEMPO,
    **HTTP,
    "service_name": {"type": "str"},
    "trace_ids": {"type": "list", "elements": "str", "default": []},
    "sample": {"type": "int", "default": 5},
    "repeats": {"type": "int", "default": 10},
    "budget": {"type": "float", "default": 10.0},
}

SINCE_S = 3600
SLACK_S = 60  # searched beyond now: clocks of applications run ahead
LISTED = 20  # Explore's default
MAX_BYTES = 4 * 1024 * 1024  # of one trace: whoever got so much of it can open it
# Between two looks of a row: all of them together outlast the moment (140 ms at most) in which Tempo 2.10.8 has lost
# sight of a trace.
REPEAT_PAUSE = 0.025
REVIVAL_S = 5.0  # in which a supervisor starts a Tempo again that a read has brought down
GONE = ("connection_reset", "connection_refused")


class Read(t.TypedDict):
    """One trace, read by id."""

    trace_id: str
    whose: str  # "service": a search lists it; "canary": this run sent it
    ok: t.Optional[bool]  # null: not asked, time was over
    cause: str  # ok, trace_not_found, partial, out_of_time, or of tempo_failure.explain
    status: t.Optional[int]
    message: str
    ms: float
    bytes: t.Optional[int]  # what Tempo says that the trace would take
    limit: t.Optional[int]  # and the limit that it quotes


class Repeated(t.TypedDict):
    """One id, asked several times in a row over connections of their own."""

    trace_id: str
    asked: int
    found: int
    changes: int  # between found and not found; a trace that appears or is lost sight of for a moment has 1 or 2


class Instances(t.TypedDict):
    """Who answered, by the start times that /metrics gave over connections of their own."""

    readings: int
    started: t.List[float]  # different start times, epoch seconds, in the order of their appearance
    changes: int  # from one reading to the next; a restart is one
    crashed_on: t.Optional[str]  # the trace upon whose read the connection broke and Tempo was another process, or gone
    back: t.Optional[bool]  # whether it answers again after that


class Result(t.TypedDict, total=False):
    """What `run` returns. `ok`: every trace that was asked for was read."""

    ok: bool
    cause: str
    message: str
    url: str
    listed: t.Optional[int]  # traces that the search showed; null: it failed
    reads: t.List[Read]
    repeated: t.Optional[Repeated]
    instances: Instances
    took: float
    shared_with: str  # the label (in evidence, the application) that was asked in the same words


def run(params: t.Mapping[str, t.Any], clock: Clock = REAL) -> Result:
    """See Result. Traces that do not open are an answer; ProbeFailure when nothing of Tempo answers."""
    if not 1 <= params["sample"] <= LISTED:
        raise BadOption(f"sample: {params['sample']} is not between 1 and {LISTED}")
    if not 0 < params["budget"] <= 600:
        raise BadOption(f"budget: {params['budget']:g} is not between 0 and 600 seconds")
    result: Result = {
        "ok": False,
        "cause": "",
        "message": "",
        "url": "",
        "listed": None,
        "reads": [],
        "repeated": None,
        "instances": {"readings": 0, "started": [], "changes": 0, "crashed_on": None, "back": None},
    }
    with asking_tempo(result):
        client = TempoClient(params)
        result["url"] = client.url
        client.version()
        _Looking(client, params, result, clock).look()
    failed = [read for read in result["reads"] if read["ok"] is False]
    asked = [read for read in result["reads"] if read["ok"] is not None]
    result.update(
        {
            "ok": not failed,
            "cause": failed[0]["cause"] if failed else "ok",
            "message": failed[0]["message"] if failed else f"{len(asked)} of {len(asked)} traces were read by id",
        }
    )
    return result


class _Looking:
    """One look at Tempo; what is seen goes into `result`."""

    def __init__(self, client: TempoClient, params: t.Mapping[str, t.Any], result: Result, clock: Clock) -> None:
        self.client, self.params, self.result, self.clock = client, params, result, clock
        self.deadline = clock.monotonic() + params["budget"]
        self.slow = False  # a read took all its time: the next one would as well

    def look(self) -> None:
        self._who_answers()
        wanted = [(normal_id(each, "trace_ids"), "canary") for each in self.params["trace_ids"] if each]
        listed = self._listed()
        wanted += [(found.trace_id, "service") for found in listed if found.trace_id not in dict(wanted)]
        for trace_id, whose in wanted:
            self.result["reads"].append(self._read(trace_id, whose))
        self._look_again()
        seen = next((read["trace_id"] for read in self.result["reads"] if read["ok"]), None)
        if seen and not self.slow:
            self.result["repeated"] = self._repeat(seen)
        for _reading in range(2):
            self._who_answers()

    def _listed(self) -> t.List[Found]:
        """The largest and the newest of the traces that a search shows."""
        query = build_query(self.params["service_name"] or None)
        if self.client.version().dialect.most_recent:
            query += " with (most_recent=true)"
        now = self.clock.time()
        try:
            found = self.client.search(query, now - SINCE_S, now + SLACK_S, LISTED)
        except HttpError:
            return []  # whether searches work is another probe's question
        self.result["listed"] = len(found)
        newest = sorted(found, key=lambda trace: -trace.start)
        largest = sorted(newest, key=lambda trace: -trace.spans)
        most = self.params["sample"]
        chosen = {trace.trace_id: trace for trace in (*largest[: (most + 1) // 2], *newest)}
        return list(chosen.values())[:most]

    def _read(self, trace_id: str, whose: str) -> Read:
        left = self.deadline - self.clock.monotonic()
        read = Read(
            trace_id=trace_id, whose=whose, ok=None, cause="out_of_time", status=None, message="", ms=0.0, bytes=None,
            limit=None,
        )  # fmt: skip
        if left <= 0 or self.slow:
            return read
        begun = self.clock.monotonic()
        timeout = min(left, self.params["timeout"])
        try:
            trace = self.client.fork().trace_by_id(trace_id, timeout=timeout, max_body=MAX_BYTES)
        except HttpError as error:
            self._failed(read, error)
        else:
            if trace is None:
                read.update(
                    {"ok": False, "cause": "trace_not_found", "message": f"{self.client.url} has no trace {trace_id}"}
                )
            elif trace.partial:
                said = f"Tempo leaves out spans of trace {trace_id}, since it is too large"
                read.update({"ok": True, "cause": "partial", "message": said})
            else:
                read.update({"ok": True, "cause": "ok"})
        read["ms"] = round(1000 * (self.clock.monotonic() - begun), 1)
        return read

    def _failed(self, read: Read, error: HttpError) -> None:
        if error.cause == "body_too_large":
            read.update(
                {"ok": True, "cause": "ok", "message": f"trace {read['trace_id']} has more than {MAX_BYTES} bytes"}
            )
            return
        cause, message = explain(error)
        self.slow = cause in ("response_timeout", "connection_timeout")
        read.update(
            {
                "ok": False,
                "cause": cause,
                "message": message,
                "status": error.response.status if error.response else None,
            }
        )
        read["bytes"], read["limit"] = sizes(error.response.text if error.response else "")
        if cause in GONE:
            self._whether_it_lives(read["trace_id"])

    def _look_again(self) -> None:
        """One look does not prove that a trace is not there."""
        missing = [read for read in self.result["reads"] if read["cause"] == "trace_not_found"]
        if missing and self.deadline - self.clock.monotonic() > BY_ID_CONFIRM:
            self.clock.sleep(BY_ID_CONFIRM)
            for read in missing:
                again = self._read(read["trace_id"], read["whose"])
                if again["ok"] is not None:
                    read.update(again)

    def _repeat(self, trace_id: str) -> Repeated:
        answers: t.List[bool] = []
        for look in range(self.params["repeats"]):
            if look:
                self.clock.sleep(REPEAT_PAUSE)
            if self.clock.monotonic() > self.deadline:
                break
            try:
                answers.append(self.client.fork().trace_by_id(trace_id, max_body=MAX_BYTES) is not None)
            except HttpError as error:
                if error.cause != "body_too_large":
                    break
                answers.append(True)
        return {
            "trace_id": trace_id,
            "asked": len(answers),
            "found": sum(answers),
            "changes": sum(one != other for one, other in zip(answers, answers[1:])),
        }

    def _who_answers(self) -> None:
        started = self._started()
        seen: Instances = self.result["instances"]
        if started is None:
            return
        seen["readings"] += 1
        seen["changes"] += bool(self._last_start is not None and started != self._last_start)
        self._last_start = started
        if started not in seen["started"]:
            seen["started"].append(started)

    _last_start: t.Optional[float] = None

    def _started(self) -> t.Optional[float]:
        try:
            samples = self.client.fork().metrics().get("process_start_time_seconds", [])
        except HttpError:
            return None
        return round(samples[0][1], 1) if samples else None

    def _whether_it_lives(self, trace_id: str) -> None:
        """After a read that broke the connection: whether Tempo is another process now, or none."""
        seen: Instances = self.result["instances"]
        before, until = self._last_start, self.clock.monotonic() + REVIVAL_S
        if before is None or seen["crashed_on"]:
            return
        while True:
            self._who_answers()
            now = self._last_start
            if seen["readings"] and now != before:
                seen.update({"crashed_on": trace_id, "back": True})
                return
            gone = self._is_gone()
            if not gone:
                return  # it lives as it did: something else broke the connection
            if self.clock.monotonic() > until:
                seen.update({"crashed_on": trace_id, "back": False})
                self.slow = True
                return
            self.clock.sleep(0.25)

    def _is_gone(self) -> bool:
        try:
            self.client.fork().ready()
        except HttpError as error:
            return error.cause in GONE
        return False


_LARGER = re.compile(r"larger than (?:the )?max \((\d+) vs\.? (\d+)\)")
_ABOVE = re.compile(r"larger than max (\d+)|exceeds max size \(max bytes: (\d+)\)")  # the first: 2.10.8, 3.0.3


def sizes(said: str) -> t.Tuple[t.Optional[int], t.Optional[int]]:
    """(bytes, limit) that a refusal to answer with a large trace quotes."""
    larger = _LARGER.search(said)
    if larger:
        return int(larger.group(1)), int(larger.group(2))
    above = _ABOVE.search(said)
    return (None, int(above.group(1) or above.group(2))) if above else (None, None)
