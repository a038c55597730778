"""What the loader says about paths that no evidence can have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import shapes
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import library, views
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.expressions import (
    _functions,
    compile_expression,
)
from ansible_collections.traceops.tracing.tests.unit.verdict.checks import check

VIEWS = views.declared_views()

REFUSED = [
    # Names
    ("application", "otpl.ok", "what a check of scope application sees has no 'otpl'; the nearest is 'otlp'"),
    (
        "application",
        "grafana.ok",
        "what a check of scope application sees has no 'grafana'; the nearest is 'backend.grafana'",
    ),
    ("application", "otlp.phases.tcp.prot", "'otlp.phases.tcp' has no 'prot'; the nearest is 'port'"),
    (
        "application",
        "backend.tempo_info.config.limits.x",
        "has no 'x'; it has burst_size_bytes, max_bytes_per_tag_values_",
    ),
    (
        "application",
        "logs.patterns.export_failed.cont",
        "'logs.patterns.export_failed' has no 'cont'; the nearest is 'count'",
    ),
    ("application", "settings.servce", "'settings' has no 'servce'; the nearest is 'service'"),
    ("application", "canary.fund", "'canary' has no 'fund'; the nearest is 'found'"),
    ("application", "hops.otlp_tempo.arrivd", "'hops.otlp_tempo' has no 'arrivd'; the nearest is 'arrived'"),
    ("backend", "visibility.budget", "'visibility' has no 'budget'; the nearest is 'budget_s'"),
    # Lists and single values
    (
        "application",
        "otlp.phases.tcp.tried.cause",
        "'otlp.phases.tcp.tried' is a list, which has no 'cause' (write otlp.ph",
    ),
    ("application", "environment.pid.x", "'environment.pid' is a number, which has no 'x'"),
    ("application", "otlp.endpoint[0]", "'otlp.endpoint' is text, not a list"),
    ("application", "containers.containers[].state", "'containers.containers' is an object, not a list"),
    ("application", "values(environment.differing)", "'environment.differing' is a list, not an object"),
    # Through every way to go
    ("application", "otlp.phases.tcp.tried[].adress", "'otlp.phases.tcp.tried[]' has no 'adress'"),
    ("application", "otlp.phases.tcp.tried[*].adress", "'otlp.phases.tcp.tried[]' has no 'adress'"),
    ("application", "otlp.phases.tcp.tried[0].adress", "'otlp.phases.tcp.tried[0]' has no 'adress'"),
    ("application", "otlp.phases.tcp.tried[:2].adress", "has no 'adress'"),
    (
        "application",
        "otlp.phases.tcp.tried[?cuase == 'ok']",
        "'otlp.phases.tcp.tried[]' has no 'cuase'; the nearest is 'cau",
    ),
    ("application", "otlp.phases.tcp.tried[?cause == 'ok'] | [0].adress", "has no 'adress'"),
    ("application", "otlp.phases.*.okay", "'otlp.phases.*' has no 'okay'; the nearest is 'ok'"),
    ("application", "values(containers.containers)[].stat", "'values(containers.containers)[]' has no 'stat'"),
    (
        "application",
        "items(containers.containers)[?value.stat == 'running'].key",
        "has no 'stat'; the nearest is 'state'",
    ),
    (
        "application",
        "items(containers.containers)[].name",
        "'items(containers.containers)[]' has no 'name'; it has key, val",
    ),
    ("application", "keys(containers.containers)[].x", "is text, which has no 'x'"),
    ("backend", "max_by(items(hosts), &value.clock.offset).key", "'items(hosts)[].value.clock' has no 'offset'"),
    ("backend", "sort_by(linkage.broken, &span)[0].child", "'linkage.broken[]' has no 'span'; the nearest is 'spans'"),
    ("backend", "map(&okay, grafana.steps)", "'grafana.steps[]' has no 'okay'"),
    ("application", "not_null(logs.patern, environment.found)", "'logs' has no 'patern'"),
    ("application", "[otlp.okay, clock.ok]", "'otlp' has no 'okay'"),
    ("application", "{a: clock.ok, b: otlp.ok}.c", "has no 'c'; it has a, b"),
    ("application", "merge(otlp.phases.dns, otlp.phases.tcp).porte", "has no 'porte'; the nearest is 'port'"),
    ("application", "clock.ok && otlp.okay || clock.took", "'otlp' has no 'okay'"),
    ("application", "!(otlp.okay)", "'otlp' has no 'okay'"),
    ("run", "values(hosts)[].applications.values(@)[].otlp.okay", "has no 'okay'"),
    # Comparisons
    ("application", "backend.tempo_info.version == null", "'null' is the name of a field here; write `null`"),
    (
        "application",
        "otlp.phases.tcp.port == '4318'",
        "cannot hold: otlp.phases.tcp.port is a number, and '4318' is text",
    ),
    ("application", "otlp.ok == 'true'", "cannot hold: otlp.ok is true or false, and 'true' is text"),
    ("application", "logs.last_start.time > `3`", "cannot hold: logs.last_start.time is text, and 3 is a number"),
    (
        "application",
        "length(otlp.trace_ids) == otlp.endpoint",
        "cannot hold: length(otlp.trace_ids) is a number, and otlp.en",
    ),
]


@pytest.mark.parametrize(("scope", "expression", "words"), REFUSED)
def test_a_path_that_no_evidence_can_have_is_refused(scope: str, expression: str, words: str) -> None:
    with pytest.raises(shapes.BadPath) as refused:
        shapes.infer(compile_expression(expression).tree, VIEWS[scope])
    assert words in str(refused.value)


GOOD = [
    ("application", "environment.effective.log_level.from == 'default'"),
    ("application", "environment.variables.OTEL_WHATEVER"),
    ("application", 'logs.patterns.any_name.captures.any_group.values."00" > `0`'),
    ("application", "otlp.phases.export.status == `404` || otlp.phases.export.status == 'UNAVAILABLE'"),
    ("application", "backend.tempo_info.version == `null`"),
    ("application", "not_null(environment.effective.ratio.value, `1.0`) < `0.5`"),
    ("application", "items(environment.effective.proxies)[?value].key"),
    ("application", '[otlp.cause, `3`, `{"a": [null]}`]'),
    ("backend", "applications[].environment.effective.ratio.value | max(@)"),
    ("backend", "tempo_search.selected.whatever.it[0].is"),
    ("run", "length(hosts) > `1` && run.suppress[].id"),
]


@pytest.mark.parametrize(("scope", "expression"), GOOD)
def test_what_evidence_can_have_is_not_refused(scope: str, expression: str) -> None:
    shapes.infer(compile_expression(expression).tree, VIEWS[scope])


@pytest.mark.parametrize("key", ["fails_when", "title", "needs", "shows", "fix", "proved_when", "when", "pending_as"])
def test_every_key_of_a_users_check_is_held_to_it(key: str, tmp_path: Path) -> None:
    wrong: dict[str, Any] = {
        **dict.fromkeys(("fails_when", "proved_when", "when"), "otlp.phases.tcp.prot"),
        **dict.fromkeys(("title", "pending_as"), "at {otlp.phases.tcp.prot}"),
        **{name: ["otlp.ok", "otlp.phases.tcp.prot"] for name in ("needs", "shows")},
        "fix": ["open {otlp.phases.tcp.prot}"],
    }
    beside = {"when": {"otherwise": "no"}, "pending_as": {"pending_when": "otlp.ok"}}
    given = check(**{key: wrong[key], **beside.get(key, {})})
    (tmp_path / "mine.yml").write_text(yaml.safe_dump([given]), encoding="utf-8")
    with pytest.raises(library.BadCheck) as refused:
        library.load([str(tmp_path)])
    assert str(refused.value) == (
        f"{tmp_path}/mine.yml: check 'network.otlp.refused': '{key}': 'otlp.phases.tcp.prot': "
        "'otlp.phases.tcp' has no 'prot'; the nearest is 'port'"
    )


def test_every_function_of_checks_has_a_known_result() -> None:
    assert set(_functions(0.0).FUNCTION_TABLE) == shapes.KNOWN_FUNCTIONS
