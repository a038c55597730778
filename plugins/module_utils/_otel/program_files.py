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

from ansible_collections.traceops.tracing.plugins.module_utils._otel.file_reading import ListDir, Read, Reading
from ansible_collections.traceops.tracing.plugins.module_utils._otel.path_files import (
    CollectorFiles,
    GrafanaFiles,
    TempoFiles,
)

# Each reader is imported by whom it is asked for: most hosts have one of these programs, or none. The imports are
# written out, since Ansible sends to a host what it sees imported.
T = t.TypeVar("T", CollectorFiles, TempoFiles, GrafanaFiles)


def _alloy(reading: Reading) -> CollectorFiles:
    from ansible_collections.traceops.tracing.plugins.module_utils._otel import alloy_files

    return alloy_files.read(reading)


def _fluent(reading: Reading) -> CollectorFiles:
    from ansible_collections.traceops.tracing.plugins.module_utils._otel import fluent_files

    return fluent_files.read(reading)


def _agent(reading: Reading) -> CollectorFiles:
    from ansible_collections.traceops.tracing.plugins.module_utils._otel import agent_files

    return agent_files.read(reading)


def _jaeger(reading: Reading) -> CollectorFiles:
    from ansible_collections.traceops.tracing.plugins.module_utils._otel import jaeger_files

    return jaeger_files.read(reading)


def _vector(reading: Reading) -> CollectorFiles:
    from ansible_collections.traceops.tracing.plugins.module_utils._otel import vector_files

    return vector_files.read(reading)


def _otelcol(reading: Reading) -> CollectorFiles:
    from ansible_collections.traceops.tracing.plugins.module_utils._otel import collector_files

    return collector_files.read(reading)


_READERS: t.Dict[str, t.Callable[[Reading], CollectorFiles]] = {
    "alloy": _alloy,
    "fluent-bit": _fluent,
    "grafana-agent": _agent,
    "jaeger": _jaeger,
    "vector": _vector,
}


def collector(
    kind: str, words: t.Sequence[str], environment: t.Mapping[str, str], read: Read, list_dir: ListDir
) -> t.Tuple[t.List[str], CollectorFiles]:
    """What a collector does: `kind` is otelcol, alloy, grafana-agent, fluent-bit, vector or jaeger."""
    reading = Reading(words, environment, read, list_dir)
    read_kind = _READERS.get(kind, _otelcol)
    return _told(reading, lambda: read_kind(reading), CollectorFiles())


def tempo(
    words: t.Sequence[str], environment: t.Mapping[str, str], read: Read, list_dir: ListDir
) -> t.Tuple[t.List[str], TempoFiles]:
    """Where a Tempo listens, and how it is set up."""
    from ansible_collections.traceops.tracing.plugins.module_utils._otel import tempo_files

    reading = Reading(words, environment, read, list_dir)
    return _told(reading, lambda: tempo_files.read(reading), TempoFiles())


def grafana(
    words: t.Sequence[str], environment: t.Mapping[str, str], read: Read, list_dir: ListDir
) -> t.Tuple[t.List[str], GrafanaFiles]:
    """Where a Grafana listens, and the Tempo data sources that its files provision."""
    from ansible_collections.traceops.tracing.plugins.module_utils._otel import grafana_files

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
