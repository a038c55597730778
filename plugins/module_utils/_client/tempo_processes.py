# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Tempo of several processes: each has counters of its own, and only of the parts that run in it."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._client.http import HttpError
from ansible_collections.traceops.tracing.plugins.module_utils._client.tempo import TempoClient
from ansible_collections.traceops.tracing.plugins.module_utils._client.tempo_failure import explain
from ansible_collections.traceops.tracing.plugins.module_utils._otel import tempo_state as state
from ansible_collections.traceops.tracing.plugins.module_utils._otel.metrics_text import Metrics

MAX_PROCESSES = 20

TEMPO_URLS: t.Dict[str, t.Any] = {"type": "dict", "default": {}}


class Process(t.NamedTuple):
    """One process of Tempo; `cause` is `ok`, or why its counters could not be read."""

    name: str
    url: str
    runs: t.List[str]  # its parts; [] when it does not tell
    metrics: Metrics
    date: t.Optional[float]  # its clock, epoch seconds
    ready: t.Optional[bool]
    cause: str
    message: str


def others(params: t.Mapping[str, t.Any], known: t.Optional[TempoClient] = None) -> t.List[Process]:
    """The processes of the option `tempo_urls` (name -> URL), asked with the options of `tempo_url`."""
    urls = params.get("tempo_urls") or {}
    if len(urls) > MAX_PROCESSES:
        raise BadOption(f"tempo_urls: {len(urls)} processes are more than {MAX_PROCESSES}")
    seen = {known.url} if known else set()
    found: t.List[Process] = []
    patience: t.Dict[str, t.Any] = {}
    for name, url in urls.items():
        client = TempoClient({**params, **patience, "tempo_url": str(url)})
        if client.url not in seen:
            seen.add(client.url)
            found.append(_asked(str(name), client))
            if found[-1].cause == "response_timeout":  # one has had all the time; twenty of them would take minutes
                patience = {"timeout": max(1.0, params["timeout"] / 5)}
    return found


def _asked(name: str, client: TempoClient) -> Process:
    try:
        ready = client.ready().status
        metrics = client.metrics()
        date = client.date
        running = state.parts(client.services(), name)
    except HttpError as error:
        return Process(name, client.url, [], {}, None, None, *explain(error))
    is_ready = ready == 200 if ready in (200, 503) else None
    return Process(name, client.url, running, metrics, date, is_ready, "ok", "its counters were read")


def merged(metrics: t.Iterable[Metrics]) -> Metrics:
    """The samples of several processes as if one had them all."""
    together: Metrics = {}
    for each in metrics:
        for name, samples in each.items():
            together.setdefault(name, []).extend(samples)
    return together
