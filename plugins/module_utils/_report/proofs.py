# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was proved of each program and edge of the path: canaries, connections, answers, and root causes."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._report import draw

Report = t.Dict[str, t.Any]


class Proof(t.NamedTuple):
    """`state`: `ok` (proved), `failed` (a root cause is here, or no span gets on) or `none` (not proved)."""

    state: str
    words: str
    sent: int = 0  # canaries: sent, accepted by the endpoint, found in Tempo
    accepted: int = 0
    stored: int = 0


_NONE = Proof("none", "")
# The hops whose root causes are of the program, and those of what it sends (or asks).
_AT = {
    "application": (("app", "sampling"), ("network",)),
    "tempo": (("tempo-ingest", "tempo-storage", "tempo-query"), ()),
    "grafana": ((), ("grafana",)),
}
_COLLECTOR = (("collector",), ())


class Proofs:
    """Looked up once for a report and its path."""

    def __init__(self, report: Report, path: t.Mapping[str, t.Any]) -> None:
        self._report = report
        self._nodes: t.Mapping[str, t.Any] = path["nodes"]
        self._own = self._applications()
        self._backend_of = self._backends(path)
        self._causes: t.Dict[str, t.List[t.Any]] = {}
        for cause in report.get("verdict", {}).get("root_causes", []):
            places = self._places(cause)
            hosts = None if places is None else {place[0] for place in places}
            self._causes.setdefault(cause["hop"], []).append((cause, places, hosts))
        self._known: t.Dict[str, Proof] = {}
        self._edges: t.Dict[int, t.Tuple[draw.Edge, Proof]] = {}  # by identity: an edge is no key
        self._kinds = {node["kind"] for node in self._nodes.values()}

    def _applications(self) -> t.Dict[str, t.Tuple[str, str, t.Any]]:
        """(host, name, labels) of each application of the evidence, by the id of its node."""
        found = {}
        for host, labels in self._report["evidence"]["hosts"].items():
            for name, own in labels["applications"].items():
                as_found = (own.get("settings") or {}).get("found_as") or name
                found[f"{host}/{as_found}"] = found[f"{host}/{name}"] = (host, name, own)
        return found

    def _backends(self, path: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
        """The evidence of the backend behind each Tempo and Grafana, where it is clear which one that is."""
        backends = self._report["evidence"]["backends"]
        urls = {}
        for backend in backends.values():
            for kind in ("Tempo", "Grafana"):
                url = (backend.get("settings") or {}).get(f"{kind.lower()}_url")
                if url:
                    urls[f"/{kind} {url}"] = backend
        only = next(iter(backends.values())) if len(backends) == 1 else None
        same = len({(b.get("tempo_info") or {}).get("url") for b in backends.values()}) == 1
        found = {}
        for name, node in self._nodes.items():
            if node["kind"] in ("tempo", "grafana"):
                found[name] = urls.get(name) or only or (next(iter(backends.values())) if same and backends else None)
        return {name: backend for name, backend in found.items() if backend}

    def _places(self, cause: t.Mapping[str, t.Any]) -> t.Optional[t.Set[t.Any]]:
        """Where a root cause is: {(host, application)} or {(host, None)}; None: everywhere."""
        if cause["applications"]:
            return {(each["host"], each["name"]) for each in cause["applications"]}
        if cause["hosts"]:
            return {(host, None) for host in cause["hosts"]}
        return None

    def _cause(self, hops: t.Sequence[str], node: t.Mapping[str, t.Any]) -> t.Optional[t.Any]:
        host, name, _own = self._own.get(node["id"], (node["host"], None, None))
        for hop in hops:
            for cause, places, hosts in self._causes.get(hop, []):
                if places is None or (host, name) in places or (host, None) in places:
                    return cause
                if node["kind"] != "application" and (not host or host in hosts):
                    return cause
        return None

    def of_node(self, name: str) -> Proof:
        """What is known of a program by itself."""
        if name not in self._known:
            self._known[name] = self._of_node(name)
        return self._known[name]

    def _of_node(self, name: str) -> Proof:
        node = self._nodes[name]
        hops = _AT.get(node["kind"], _COLLECTOR)[0]
        if node["kind"] == "endpoint" and not self._kinds - {"application", "endpoint", "tempo", "grafana"}:
            hops = ("collector",)
        cause = self._cause(hops, node)
        if cause:
            return Proof("failed", str(cause["title"]))
        backend = self._backend_of.get(name) or {}
        if not node["running"]:
            return _NONE  # what answered is another
        if node["kind"] == "tempo":
            seen = backend.get("tempo_info") or {}
            stored = _stored(backend)
            version = f"Tempo {seen['version']} answers" if seen.get("version") else "it answers"
            if stored and stored[1]:
                return Proof("ok", f"{stored[0]} of {stored[1]} canaries stored")
            return Proof("ok", version) if seen.get("ok") else _NONE
        if node["kind"] == "grafana":
            seen = backend.get("grafana") or {}
            return Proof("ok", f"Grafana {seen['version']} answers") if seen.get("version") else _NONE
        return _NONE

    def of_edge(self, edge: draw.Edge) -> Proof:
        """What was proved of an edge."""
        known = self._edges.get(id(edge))
        if known is None:
            known = self._edges[id(edge)] = (edge, self._of_edge(edge))
        return known[1]

    def _of_edge(self, edge: draw.Edge) -> Proof:
        node = self._nodes[edge["origin"]]
        if draw.state(edge) == "failed":
            return Proof("failed", str(edge["problem"]))
        cause = self._cause(_AT.get(node["kind"], _COLLECTOR)[1], node)
        if cause:
            otlp = self._own.get(edge["origin"], ("", "", {}))[2].get("otlp") or {}
            brief = str(otlp.get("cause") or "").replace("_", " ") if otlp.get("ok") is False else ""
            return Proof("failed", brief or str(cause["title"]))
        if edge["problem"]:
            return Proof("none", str(edge["listener"] or edge["problem"]))
        if node["kind"] == "application":
            return self._sent(edge)
        if node["kind"] == "grafana":
            return self._read(edge)
        if node["kind"] == "endpoint":
            return self._passed()
        if edge["connected"]:
            return Proof("ok", "connected")
        return Proof("none", "no connection yet" if edge["connected"] is False else "not proved")

    def _sent(self, edge: draw.Edge) -> Proof:
        """The canaries of an application's endpoint, and its own connection there."""
        connected = ["connected"] if edge["connected"] else ["no connection yet"] if edge["connected"] is False else []
        host, name, own = self._own.get(edge["origin"], ("", "", {}))
        otlp = (own or {}).get("otlp") or {}
        accepted = len(otlp.get("trace_ids") or [])
        if not accepted:
            return Proof("ok" if edge["connected"] else "none", ", ".join(connected) or "not proved")
        backend = self._report["evidence"]["backends"].get(own.get("backend")) or {}
        hops = (backend.get("canaries") or {}).get("hops") or {}
        seen = (hops.get(f"{host}/{name}") or hops.get(host) or {}).get("otlp") or {}
        sent = int(seen.get("sent") or accepted)
        return Proof("ok", ", ".join(connected), sent, accepted, int(seen.get("arrived") or 0))

    def _read(self, edge: draw.Edge) -> Proof:
        """What Grafana could read through its data source."""
        seen = (self._backend_of.get(edge["origin"]) or {}).get("grafana") or {}
        uid = (seen.get("datasource") or {}).get("uid")
        if not seen or (edge.get("uid") and uid != edge["uid"]):
            return Proof("none", "not asked")
        if (seen.get("trace") or {}).get("opens"):
            return Proof("ok", "the canary opens through it")
        if (seen.get("listed") or {}).get("opens"):
            return Proof("ok", "a trace opens through it")
        return Proof("ok", "a search is answered") if seen.get("ok") else Proof("none", "not proved")

    def _passed(self) -> Proof:
        counts = [_stored(backend) for backend in self._report["evidence"]["backends"].values()]
        stored, sent = (sum(pair[n] for pair in counts if pair) for n in (0, 1))
        if not sent:
            return Proof("none", "assumed: not proved")
        return Proof("ok" if stored else "none", f"{stored} of {sent} canaries stored")

    def together(self, edges: t.Sequence[draw.Edge]) -> Proof:
        """One proof for edges that fare alike: their canaries are added up."""
        every = [self.of_edge(edge) for edge in edges]
        sent, accepted = sum(proof.sent for proof in every), sum(proof.accepted for proof in every)
        stored = sum(proof.stored for proof in every)
        words = list(dict.fromkeys(proof.words for proof in every if proof.words))
        told = words[0] if len(words) == 1 else ""
        if len(words) > 1:
            told = f"{words[0]}, and others" if every[0].state == "failed" else ""
        if accepted:
            canaries = f"{stored} of {sent} canaries stored" if stored else f"{accepted} of {sent} canaries accepted"
            told = f"{canaries}; {told}" if told else canaries
        return Proof(every[0].state, told)


def _stored(backend: t.Mapping[str, t.Any]) -> t.Optional[t.Tuple[int, int]]:
    """(found in Tempo, accepted by endpoints) of a backend's canaries."""
    hops = (backend.get("canaries") or {}).get("hops") or {}
    seen = [of["otlp"] for of in hops.values() if of.get("otlp")]
    if not seen:
        return None
    return sum(int(each.get("arrived") or 0) for each in seen), sum(int(each.get("sent") or 0) for each in seen)
