# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of a running collector, Tempo or Grafana, from its command line, its environment and its files.

Every function takes `words` (the command line), `environment`, `read(path) -> text or None` and
`list_dir(path) -> names`, and returns (the files that were read, what they say). Nothing here raises: what cannot be
read or followed is a sentence in `unread`. No secret comes out: the shapes have no place for one.
"""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._otel import (
    agent_files,
    alloy_files,
    collector_files,
    fluent_files,
    grafana_files,
    jaeger_files,
    tempo_files,
    vector_files,
)
from ansible_collections.traceops.tracing.plugins.module_utils._otel.file_reading import ListDir, Read, Reading
from ansible_collections.traceops.tracing.plugins.module_utils._otel.path_files import (
    CollectorFiles,
    GrafanaFiles,
    TempoFiles,
)

T = t.TypeVar("T", CollectorFiles, TempoFiles, GrafanaFiles)

_READERS: t.Dict[str, t.Callable[[Reading], CollectorFiles]] = {
    "alloy": alloy_files.read,
    "fluent-bit": fluent_files.read,
    "grafana-agent": agent_files.read,
    "jaeger": jaeger_files.read,
    "vector": vector_files.read,
}


def collector(
    kind: str, words: t.Sequence[str], environment: t.Mapping[str, str], read: Read, list_dir: ListDir
) -> t.Tuple[t.List[str], CollectorFiles]:
    """What a collector does: `kind` is otelcol, alloy, grafana-agent, fluent-bit, vector or jaeger."""
    reading = Reading(words, environment, read, list_dir)
    read_kind = _READERS.get(kind, collector_files.read)
    return _told(reading, lambda: read_kind(reading), CollectorFiles())


def tempo(
    words: t.Sequence[str], environment: t.Mapping[str, str], read: Read, list_dir: ListDir
) -> t.Tuple[t.List[str], TempoFiles]:
    """Where a Tempo listens, and how it is set up."""
    reading = Reading(words, environment, read, list_dir)
    return _told(reading, lambda: tempo_files.read(reading), TempoFiles())


def grafana(
    words: t.Sequence[str], environment: t.Mapping[str, str], read: Read, list_dir: ListDir
) -> t.Tuple[t.List[str], GrafanaFiles]:
    """Where a Grafana listens, and the Tempo data sources that its files provision."""
    reading = Reading(words, environment, read, list_dir)
    return _told(reading, lambda: grafana_files.read(reading), GrafanaFiles())


def _told(reading: Reading, work: t.Callable[[], T], nothing: T) -> t.Tuple[t.List[str], T]:
    """The files, and what `work` makes of them; `nothing`, and said, when files that nobody foresaw make it fail."""
    found = nothing
    try:
        found = work()
    except Exception as error:  # files are hostile, and the look around goes on without them
        reading.say(f"the configuration cannot be read ({type(error).__name__})")
    found["unread"] = reading.unread
    return reading.files, found
