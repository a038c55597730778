"""Tempo 2.10.8 loses sight of a trace for a moment: one look does not prove that Grafana cannot show it."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._client.http import Response
from ansible_collections.traceops.tracing.plugins.module_utils._probe import grafana as probe
from ansible_collections.traceops.tracing.tests.probing import FakeClock
from ansible_collections.traceops.tracing.tests.unit.grafana import recorded
from ansible_collections.traceops.tracing.tests.unit.grafana.params import params

TRACE = "693204e1ec32bc7719939a460e6eae1f"  # the one of the recording of 13.1


@pytest.mark.parametrize(("gaps", "found", "cause"), [(0, True, "ok"), (1, True, "ok"), (9, False, "trace_missing")])
def test_a_trace_is_looked_for_twice_before_it_is_missing(
    gaps: int, found: bool, cause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a Tempo that has no such trace at the first `gaps` looks
    proxied, looks, clock = probe.GrafanaClient.proxied, [], FakeClock()

    def with_gaps(self: probe.GrafanaClient, route: str, path: str, *more: t.Any) -> Response:
        answer = proxied(self, route, path, *more)
        if path.startswith("/api/traces/"):
            looks.append(path)
            if len(looks) <= gaps:
                return dataclasses.replace(answer, status=404, body=b"", headers={})
        return answer

    monkeypatch.setattr(probe.GrafanaClient, "proxied", with_gaps)
    with recorded.grafana("13.1.0-pre") as grafana:
        result = probe.run(params(grafana.url, datasource_uid="tempo", trace_id=TRACE), clock)
    # then one gap is looked over, after the pause that outlasts it
    assert (result["trace"]["found"], result["cause"]) == (found, cause)
    assert clock.slept == ([] if gaps == 0 else [probe.BY_ID_CONFIRM])
