# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who listens where, and who talks to whom: the TCP sockets of each network on this host, and whose they are."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import addresses
from ansible_collections.traceops.tracing.plugins.module_utils._client import proc

MAX_NETWORKS = 100
MANY = 25_000  # sockets, about as many as are read (`proc.sockets`)
# OTLP's two, and those of collectors' other receivers and of earlier OTLP.
OTLP_PORTS = (4317, 4318)
SPAN_PORTS = frozenset((*OTLP_PORTS, 4319, 55680, 55681, 14250, 14268, 9411))


class Network(t.NamedTuple):
    """One network (namespace) of this host."""

    number: str
    sockets: t.List[proc.Socket]
    addresses: t.List[str]

    def listening(self, address: str, port: int) -> t.Optional[proc.Socket]:
        """What answers at an address of this network."""
        here = addresses.leads_here(address)
        at_port = [each for each in self.sockets if each.state == proc.LISTENING and each.port == port]
        own = [each for each in at_port if each.address == address or (here and addresses.is_loopback(each.address))]
        return next(iter([*own, *(each for each in at_port if each.address in ("0.0.0.0", "::"))]), None)


def networks(first: t.Sequence[int], pids: t.Iterable[int], deadline: float) -> t.Dict[str, Network]:
    """The networks of this process, of the `first` and of all other processes, by number.

    Without those that this user may not see, or that there is no time for.
    """
    found: t.Dict[str, Network] = {}
    every: t.Sequence[t.Union[int, str]] = ["self", *first, *pids]
    for position, each in enumerate(every):
        if position > len(first) and time.monotonic() > deadline:
            break
        number = proc.network_of(each)
        if number in found or not number or len(found) >= MAX_NETWORKS:
            continue
        sockets = proc.sockets(each)
        if sockets is not None:
            found[number] = Network(number, sockets, proc.addresses_of(each))
    return found


def of_interest(known: t.Mapping[str, Network]) -> t.Set[int]:
    """The sockets whose owners are worth a search: those that listen, and connections to ports of OTLP."""
    return {
        each.number
        for place in known.values()
        for each in place.sockets
        if each.state == proc.LISTENING or each.peer_port in OTLP_PORTS
    }


class Owners:
    """Whose a socket is, by its number; `first` are the processes whose sockets are asked for most."""

    def __init__(self, first: t.Sequence[int]) -> None:
        self.opened: t.Dict[int, t.Optional[proc.Open]] = {}
        self.by_number: t.Dict[int, int] = {}
        for pid in first:
            self._add(pid)

    def search(self, wanted: t.Collection[int], pids: t.Sequence[int], deadline: float) -> None:
        """Find the owners of those that nobody has yet, until time is up."""
        missing = {number for number in wanted if number} - self.by_number.keys()
        for pid in pids:
            if not missing or time.monotonic() > deadline:
                return
            if pid not in self.opened:
                missing -= self._add(pid)

    def _add(self, pid: int) -> t.Set[int]:
        opened = proc.open_of(pid)
        self.opened[pid] = opened
        numbers = opened.sockets if opened else set()
        for number in numbers:
            self.by_number.setdefault(number, pid)
        return numbers
