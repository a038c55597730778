# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that take a connection and never answer: each is waited for once, else a run would last a minute."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import addresses

Params = t.Mapping[str, t.Any]
Result = t.Dict[str, t.Any]

NO_ANSWER = ("response_timeout", "connection_timeout")
_NOT_REACHED = (*NO_ANSWER, "dns_failure", "no_route", "proxy_in_the_way")  # of which the host said nothing
_IN_VAIN = 2  # waits for a Tempo, before it is asked no more
_AGAIN = 0.1  # the share of `timeout` that a Tempo has which has not answered within all of it
_THROUGH_GRAFANA = 0.2  # Grafana may reach it another way
_NO_QUERY = ("tempo_info", "balance", "clock", "")  # a query-frontend without queriers answers these, and no query
_QUERIES = " queries"
_SAME_HOST = 0.25  # another server on the host of a silent one, unless one on that host has answered
_AS_MANY = 3  # silent servers of a host that answers elsewhere, before its others have less time all the same
CUT_SHORT = "cut_short"  # the cause where that was not enough: it may just be slow, so that nothing is said of it


class Silence:
    """The servers that answered nothing, in this visit or (`before`) in an earlier one of the same run."""

    def __init__(self) -> None:
        self._waits: t.Dict[str, int] = {}  # by URL of Tempo
        self._said: t.Dict[str, Result] = {}  # what the longest wait came to
        self._answered: t.Set[str] = set()
        self._silent: t.Dict[str, t.Set[str]] = {}  # addresses of servers that did not answer, by host
        self._alive: t.Set[str] = set()  # hosts on which a receiver answered, be it with a refusal
        self._waited_for: t.Set[str] = set()  # addresses of other servers that had all of their time

    def before(self, params: Params, result: t.Optional[Result]) -> None:
        """`result` is what an earlier wait for this Tempo came to; with `final` it is not waited for again."""
        url = params.get("tempo_url")
        if url and result and url not in self._waits and url not in self._answered:
            self._note(url, result)
            if result.get("final"):
                self._waits[url] = _IN_VAIN

    def known(self, params: Params, probe: str = "") -> t.Optional[Result]:
        """What a probe of this Tempo would find once more; None when it has to look."""
        asked = self._asked(params, probe)
        if not asked or self._waits.get(asked, 0) < _IN_VAIN:
            return None
        return dict(self._said[asked])

    def shortened(self, params: Params, probe: str = "") -> Params:
        """The parameters, with less patience for who has not answered yet."""
        url = params.get("tempo_url")
        if url and "grafana_url" in params and (self._waits.get(url) or self._waits.get(url + _QUERIES)):
            return {**params, "tempo_url": None, "datasource_timeout": _share(params, _THROUGH_GRAFANA)}
        if self._waits.get(self._asked(params, probe)):
            return {**params, "timeout": _share(params, _AGAIN)}
        if params.get("endpoint") and self._is_hurried(params["endpoint"]):
            return {**params, "timeout": _share(params, _SAME_HOST)}
        return params

    def _is_hurried(self, endpoint: str) -> bool:
        """Whether a receiver has less time: of its host nothing is known but silence, or it was silent itself.

        A host that answers is there, and may be slow because it is busy.
        """
        host = _host(endpoint)
        silent = self._silent.get(host, set())
        return bool(silent) and (host not in self._alive or len(silent) >= _AS_MANY or _address(endpoint) in silent)

    def saw(self, params: Params, result: Result, probe: str = "") -> None:
        """Remember who answered; of who did not, the longest wait is told."""
        if "endpoint" in params:
            if result.get("cause") in NO_ANSWER:
                self._saw_none(params, result)
            elif result.get("cause") not in _NOT_REACHED:
                self._alive.add(_host(params["endpoint"]))
            return
        asked = self._asked(params, probe)
        if not asked:
            return
        if result.get("cause") not in NO_ANSWER:
            self._answered.add(asked)
            self._waits.pop(asked, None)
            self._said.pop(asked, None)
        elif asked not in self._answered:
            self._note(asked, result)
            result["message"] = self._said[asked]["message"]

    def _saw_none(self, params: Params, result: Result) -> None:
        """A server other than Tempo did not answer: in its whole time, or in the share that it was given."""
        had, address = float(self.shortened(params)["timeout"]), _address(params["endpoint"])
        if had >= float(params["timeout"]):
            self._waited_for.add(address)
        elif address not in self._waited_for:
            result["cause"] = CUT_SHORT
            result["message"] = (
                f"{params['endpoint']} did not answer within {had:.3g} s, and was not waited for longer, since another"
                " server on its host answers nothing"
            )
        self._silent.setdefault(_host(params["endpoint"]), set()).add(address)

    def _asked(self, params: Params, probe: str) -> str:
        """Who is waited for: a Tempo, or what answers its queries once it has answered at all; "" for other servers."""
        url = params.get("tempo_url")
        if not url or "grafana_url" in params:
            return ""
        return url + _QUERIES if url in self._answered and probe not in _NO_QUERY else str(url)

    def _note(self, url: str, result: Result) -> None:
        self._waits[url] = self._waits.get(url, 0) + 1
        self._said.setdefault(url, {"ok": False, "cause": result["cause"], "message": result["message"]})
        self._silent.setdefault(_host(url), set()).add(_address(url))


def _share(params: Params, share: float) -> float:
    """A share of the timeout, but no less than half a second of it."""
    timeout = float(params["timeout"])
    return min(timeout, max(0.5, timeout * share))


def _address(url: str) -> str:
    found = addresses.split(url)
    return f"{_host(url)}:{found.port}" if found else url


def _host(url: str) -> str:
    address = addresses.split(url)
    host = address.host if address else url
    return "localhost" if addresses.leads_here(host) else host
