"""Compares what a server answered with what was recorded: status, content type, and the body's shape."""

from __future__ import annotations

import base64
import json
import re
import typing as t

from google.protobuf.json_format import MessageToDict
from google.rpc import status_pb2
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

# Protobuf's JSON leaves out what is zero, so these depend on the spans' durations and the size of the search.
ZERO_WHEN_ABSENT = {
    "durationMs", "durationNanos", "errorCount", "inspectedTraces", "inspectedBytes", "completedJobs", "totalJobs",
    "parentSpanId", "attributes", "code", "value", "flags",
}  # fmt: skip
# Fields whose text is the answer's meaning; everything else is compared by type.
MEANING = {"message", "error", "status", "errorSource", "messageId", "title"}


def mask(text: str) -> str:
    """The text without what differs from run to run: ports, times, ids, sizes, the resolver's address, the machine."""
    # Who built it, and from what: the recorded ones were built by hand.
    text = re.sub(r"(?m)^(tempo, version|  (?:build user|build date|go version|platform|tags):) .*$", r"\1", text)
    text = re.sub(r"(?m)^( *(?:instance_)?id): \S+$", r"\1: host", text)
    text = re.sub(r"(?m)^ *- (?:docker|br-|veth|eth|en)\S*\n", "", text)  # network interfaces
    # A real 3.x is told where to keep its live traces.
    text = re.sub(r"(?m)^    shutdown_marker_dir: .*\n    wal:\n        path: .*/live-store/.*\n", "", text)
    text = re.sub(r"(?m)^( *\w+): \S*/(wal|blocks|completed|live-store/[a-z-]+)$", r"\1: \2", text)
    text = re.sub(r"malformed HTTP response .*", "malformed HTTP response", text)  # bytes of a SETTINGS frame
    text = re.sub(r"accessErrorId\":\"\w+", "accessErrorId", text)
    text = re.sub(r"\b[0-9a-f]{32}\b", "<id>", text)
    return re.sub(r"[\d.:]*\d", "#", text)


def shape(value: t.Any, key: str = "") -> t.Any:
    """Keys and types, recursively; a list has the merged shape of its items."""
    if key == "jsonData":
        return "settings"  # whatever a data source's owner wants
    if isinstance(value, dict):
        return {name: shape(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_merged([shape(item, key) for item in value])] if value else []
    if key in MEANING and isinstance(value, str):
        return mask(value)
    if value is None or isinstance(value, bool):
        return "nothing" if value is None else "yes or no"
    return "text" if isinstance(value, str) else "number"


def _merged(shapes: list[t.Any]) -> t.Any:
    if all(isinstance(item, dict) for item in shapes):
        names = dict.fromkeys(name for item in shapes for name in item)
        return {name: _merged([item[name] for item in shapes if name in item]) for name in names}
    filled = [item for item in shapes if item not in ([], "nothing")]
    return filled[0] if filled else shapes[0]


def shape_differences(recorded: t.Any, observed: t.Any, where: str = "body") -> list[str]:
    if isinstance(recorded, dict) and isinstance(observed, dict):
        out = []
        for name in recorded.keys() | observed.keys():
            if name not in recorded or name not in observed:
                if name not in ZERO_WHEN_ABSENT:
                    out.append(f"{where}.{name} is only in the {'recording' if name in recorded else 'answer'}")
            else:
                out += shape_differences(recorded[name], observed[name], f"{where}.{name}")
        return out
    if isinstance(recorded, list) and isinstance(observed, list):
        if not recorded or not observed:
            return [] if recorded == observed else [f"{where}: recorded {recorded}, answered {observed}"]
        return shape_differences(recorded[0], observed[0], f"{where}[]")
    return [] if recorded == observed else [f"{where}: recorded {recorded!r}, answered {observed!r}"]


def _raw(response: dict[str, t.Any]) -> bytes:
    if "body_base64" in response:
        return base64.b64decode(response["body_base64"])
    return str(response.get("body", "")).encode("utf-8")


def _body(response: dict[str, t.Any]) -> t.Any:
    """A body in a form that can be compared; None when the recording cut a JSON body off."""
    raw = _raw(response)
    kind = response.get("headers", {}).get("Content-Type") or ""
    if kind.startswith("application/json"):
        try:
            return shape(json.loads(raw))
        except ValueError:
            return None
    if kind == "application/x-protobuf" and response["status"] >= 400:
        status = status_pb2.Status.FromString(raw)
        return {"code": status.code, "message": mask(status.message), "details": len(status.details)}
    if kind == "application/protobuf":
        return shape(MessageToDict(TracesData.FromString(raw)))
    if kind.startswith("text/html"):
        return "a page"
    return mask(raw.decode("utf-8", "replace"))


def differences(recorded: dict[str, t.Any], observed: dict[str, t.Any]) -> list[str]:
    """What a recorded HTTP response and an observed one disagree about, one sentence each."""
    out = []
    if recorded["status"] != observed["status"]:
        out.append(f"status: recorded {recorded['status']}, answered {observed['status']}")
    kinds = [response.get("headers", {}).get("Content-Type") for response in (recorded, observed)]
    if kinds[0] != kinds[1]:
        out.append(f"content type: recorded {kinds[0]}, answered {kinds[1]}")
    for name in ("Retry-After",):
        values = [response.get("headers", {}).get(name) for response in (recorded, observed)]
        if values[0] != values[1]:
            out.append(f"{name}: recorded {values[0]}, answered {values[1]}")
    if out:
        return [*out, f"answered body: {_raw(observed)[:300]!r}"]
    wanted, got = _body(recorded), _body(observed)
    return [] if wanted is None else shape_differences(wanted, got)
