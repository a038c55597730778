"""Plays a recorded Grafana: answers each request as the real one of that version did, by user and data source."""

from __future__ import annotations

import base64
import json
import threading
import typing as t
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

RECORDINGS = Path(__file__).parents[2] / "contract" / "recordings"
VERSIONS = ("7.5.5", "9.4.0-pre", "13.1.0-pre")

# What the recordings call the users whose requests they hold: (auth, note), by user name or token of a request.
USERS = {
    "admin": ("admin", None),
    "viewer": ("other", "viewer"),
    "mallory": ("other", "wrong password"),
    "sa-viewer": ("none", "service account token, viewer role"),
    "bad": ("none", "bad token"),
    "": ("none", "no credentials"),
}


class RecordedGrafana:
    """A server on 127.0.0.1; `requests` are those it got as (method, path without query, headers)."""

    def __init__(self, version: str, replaced: t.Optional[t.Dict[str, t.Tuple[int, str]]] = None) -> None:
        """`replaced`: path -> (status, body) for answers that no recording has."""
        self.exchanges = json.loads((RECORDINGS / f"grafana-{version}.json").read_text())["exchanges"]
        self.replaced = replaced or {}
        self.requests: t.List[t.Tuple[str, str, t.Dict[str, str]]] = []
        self.unrecorded: t.List[str] = []
        grafana = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                grafana._answer(self, None)

            def do_POST(self) -> None:
                grafana._answer(self, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def log_message(self, *args: t.Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> RecordedGrafana:
        self._thread.start()
        return self

    def __exit__(self, *args: t.Any) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def trace_id(self, uid: str) -> str:
        """The trace that was asked for through the data source `uid`."""
        paths = [e["request"]["path"] for e in self.exchanges if e["state"] == uid]
        return next(path.rsplit("/", 1)[1] for path in paths if "/api/traces/" in path)

    def _listing(self) -> str:
        """The recorded list with the data sources that were made after it was recorded."""
        admins = [e for e in self.exchanges if e["request"]["auth"] == "admin" and e["response"]["status"] == 200]
        listed = next(json.loads(e["response"]["body"]) for e in admins if e["request"]["path"] == "/api/datasources")
        known = {source["uid"] for source in listed}
        singles = [e for e in admins if e["request"]["path"] == f"/api/datasources/uid/{e['state']}"]
        later = [json.loads(e["response"]["body"]) for e in singles if e["state"] not in known]
        return json.dumps(listed + [{k: v for k, v in s.items() if k != "secureJsonFields"} for s in later])

    def _answer(self, handler: BaseHTTPRequestHandler, body: t.Any) -> None:
        path = handler.path.split("?")[0]
        self.requests.append((handler.command, path, dict(handler.headers)))
        status, content_type, text = self._find(handler, path, body)
        handler.send_response(status)
        if content_type:
            handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(text.encode())))
        handler.end_headers()
        handler.wfile.write(text.encode())

    def _find(self, handler: BaseHTTPRequestHandler, path: str, body: t.Any) -> t.Tuple[int, str, str]:
        if path in self.replaced:
            status, text = self.replaced[path]
            return status, "application/json" if text[:1] in "{[" else "text/plain", text
        auth, note = USERS[_user(handler)]
        for exchange in self.exchanges:
            if not _same_request(exchange["request"], handler.command, path, body):
                continue
            if exchange["state"] != "any" or exchange["request"]["auth"] != "none":  # "any" without user is for all
                if exchange["request"]["auth"] != auth or (note or "") not in exchange["note"]:
                    continue
                if ("organisation" in exchange["note"]) != ("X-Grafana-Org-Id" in handler.headers):
                    continue
            answer = exchange["response"]
            if path == "/api/datasources" and answer["status"] == 200:
                answer = {**answer, "body": self._listing()}
            return answer["status"], answer["headers"].get("Content-Type", ""), answer["body"]
        self.unrecorded.append(f"{handler.command} {path}")
        return 404, "text/plain", "404 page not found\n"


def _user(handler: BaseHTTPRequestHandler) -> str:
    kind, _, secret = handler.headers.get("Authorization", "").partition(" ")
    return base64.b64decode(secret).decode().partition(":")[0] if kind == "Basic" else secret


def _same_request(recorded: t.Dict[str, t.Any], method: str, path: str, body: t.Any) -> bool:
    if recorded["method"] != method or recorded["path"].split("?")[0] != path:
        return False
    if body is None or recorded["json"] is None:
        return body is None and recorded["json"] is None
    then, now = recorded["json"]["queries"][0], body["queries"][0]
    if then["datasource"]["uid"] != now["datasource"]["uid"] or then["queryType"] != now["queryType"]:
        return False
    # A made-up trace id stands for any: where it is asked for, the answer does not depend on it.
    made_up = now["queryType"] == "traceId" and now["query"].startswith("0" * 31)
    return made_up or then["query"].replace(" ", "") == now["query"].replace(" ", "")
