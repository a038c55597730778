"""`collect` validates all options first, then runs each probe, and a failed one is evidence."""

from __future__ import annotations

import functools
import types
from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption, ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import collect, labels
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.silence import Silence
from ansible_collections.traceops.tracing.plugins.module_utils._probe import otlp


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[dict[str, Any]]]:
    """A probe `otlp` that works and a probe `clock` that cannot answer; the parameters that each saw."""
    seen: dict[str, list[dict[str, Any]]] = {"otlp": [], "clock": []}

    def works(params: dict[str, Any]) -> dict[str, Any]:
        seen["otlp"].append(params)
        return {"ok": True, "cause": "ok", "message": "fine"}

    def fails(params: dict[str, Any]) -> dict[str, Any]:
        seen["clock"].append(params)
        raise ProbeFailure("connection_refused", "nothing listens", {"offset_s": None})

    made = {
        "otlp": types.SimpleNamespace(
            ARGUMENT_SPEC={
                "endpoint": {"type": "str", "required": True},
                "send": {"type": "bool", "default": True},
                "token": {"type": "str", "no_log": True},
            },
            CHECK_MODE={"send": False},
            run=works,
        ),
        "clock": types.SimpleNamespace(ARGUMENT_SPEC={}, run=fails),
    }
    monkeypatch.setattr(labels, "PROBES", {name: functools.partial(made.__getitem__, name) for name in made})
    return seen


def test_each_label_has_its_result_and_a_failed_probe_its_cause(probes: dict[str, list[dict[str, Any]]]) -> None:
    planned = collect.plan(
        {"otlp": {"endpoint": "a"}, "two": {"probe": "otlp", "endpoint": "b"}, "clock": None}, False, set()
    )
    evidence = collect.visit(planned)
    assert [params["endpoint"] for params in probes["otlp"]] == ["a", "b"]
    assert evidence["two"]["ok"] is True
    assert {k: v for k, v in evidence["clock"].items() if k != "took"} == {
        "ok": False,
        "cause": "connection_refused",
        "message": "nothing listens",
        "offset_s": None,
    }


def test_check_mode_forces_what_the_probe_says(probes: dict[str, list[dict[str, Any]]]) -> None:
    collect.visit(collect.plan({"otlp": {"endpoint": "a"}}, True, set()))
    assert probes["otlp"][0]["send"] is False


def test_no_probe_runs_when_one_has_a_bad_option(probes: dict[str, list[dict[str, Any]]]) -> None:
    secrets: set[str] = set()
    with pytest.raises(BadOption, match=r"probes: otlp: .*endpiont"):
        collect.plan({"clock": {}, "otlp": {"endpiont": "a", "token": "s3cret"}}, False, secrets)
    assert probes["clock"] == []
    assert "s3cret" in secrets


def test_an_unknown_probe_is_named_with_the_known_ones() -> None:
    with pytest.raises(BadOption, match=r"no probe 'tmepo'; known are .*tempo_info"):
        collect.plan({"tmepo": {}}, False, set())


@pytest.mark.parametrize("headers", [{"X-Key": "k3y"}, ["k3y"], {"X-Key": ["k3y"]}])
def test_secrets_are_known_even_where_the_probes_name_is_misspelt(headers: Any) -> None:
    secrets: set[str] = set()
    options = {"tempo_token": "s3cret", "headers": headers, "tempo_url": "http://u:pa55@h"}
    with pytest.raises(BadOption):
        collect.plan({"grafna": options}, False, secrets)
    assert secrets == {"s3cret", "k3y", "pa55"}


@pytest.mark.parametrize("probe", labels.PROBES)
def test_every_secret_option_of_every_probe_is_one_of_those(probe: str) -> None:
    spec = labels.PROBES[probe]().ARGUMENT_SPEC
    named = [name for name, option in spec.items() if option.get("no_log")]
    assert [name for name in named if not name.endswith(collect.SECRET_NAMES)] == []


def test_what_is_asked_twice_in_the_same_words_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    # given two applications with one endpoint, and a third with another
    asked: list[str] = []
    monkeypatch.setattr(otlp, "run", lambda params: asked.append(params["endpoint"]) or {"ok": True})
    senders = {"cart": "http://t:4318", "stock": "http://t:4318", "shop": "http://other:4318"}
    probes = {
        f"otlp of {name}": {
            "probe": "otlp",
            "endpoint": endpoint,
            "canary": {"run": "r", "host": f"a/{name}", "hop": "otlp"},
        }
        for name, endpoint in senders.items()
    }
    evidence = collect.visit(collect.plan(probes, False, set()))
    # then the second has the result of the first, and says so
    assert asked == ["http://t:4318", "http://other:4318"]
    assert [found.get("shared_with") for found in evidence.values()] == [None, "otlp of cart", None]


SILENT = {"ok": False, "cause": "response_timeout", "message": "no answer within 10 s"}


def test_a_tempo_that_never_answers_is_waited_for_twice_and_the_longest_wait_is_told() -> None:
    silence, tempo = Silence(), {"tempo_url": "http://t:3200", "timeout": 10}
    assert silence.shortened(tempo)["timeout"] == 10
    silence.saw(tempo, dict(SILENT))
    # then the second has a tenth of the time, and is told as the first
    assert silence.shortened(tempo)["timeout"] == 1
    second = {**SILENT, "message": "no answer within 1 s"}
    silence.saw(tempo, second)
    assert second["message"] == "no answer within 10 s"
    assert silence.known(tempo) == SILENT
    # and Grafana may reach it another way
    through = silence.shortened({**tempo, "grafana_url": "http://g:3000"})
    assert (through["tempo_url"], through["datasource_timeout"], through["timeout"]) == (None, 2, 10)


def test_a_tempo_that_was_silent_in_an_earlier_visit_has_less_time_until_it_answers() -> None:
    silence, tempo = Silence(), {"tempo_url": "http://t:3200", "timeout": 5}
    silence.before(tempo, {"cause": "response_timeout", "message": "no answer within 5 s"})
    assert (silence.known(tempo), silence.shortened(tempo)["timeout"]) == (None, 0.5)
    silence.saw(tempo, {"ok": True, "cause": "ok"})
    silence.before(tempo, {"cause": "response_timeout", "message": "no answer within 5 s"})
    assert silence.shortened(tempo)["timeout"] == 5


def test_queries_that_hang_are_waited_for_twice_though_tempo_answers_other_questions() -> None:
    silence, tempo = Silence(), {"tempo_url": "http://t:3200", "timeout": 10}
    silence.saw(tempo, {"ok": True, "cause": "ok"}, "tempo_info")
    for probe in ("tempo_search", "by_id"):
        assert silence.known(tempo, probe) is None
        silence.saw(tempo, dict(SILENT), probe)
    assert silence.known(tempo, "linkage") == SILENT
    assert silence.known(tempo, "balance") is None
    assert silence.shortened(tempo, "balance")["timeout"] == 10
    assert silence.shortened({**tempo, "grafana_url": "http://g:3000"}, "grafana")["datasource_timeout"] == 2


def test_where_it_does_not_matter_a_silent_tempo_is_not_asked_again() -> None:
    silence, tempo = Silence(), {"tempo_url": "http://t:3200", "timeout": 5}
    silence.before(tempo, {"cause": "response_timeout", "message": "no answer within 5 s", "final": True})
    assert silence.known(tempo) == {**SILENT, "message": "no answer within 5 s"}


def test_another_server_on_the_host_of_a_silent_one_has_less_time() -> None:
    silence = Silence()
    silence.saw({"endpoint": "http://127.0.0.1:4318", "timeout": 5}, dict(SILENT))
    assert silence.shortened({"endpoint": "localhost:4317", "timeout": 5})["timeout"] == 1.25
    assert silence.shortened({"endpoint": "http://other:4318", "timeout": 5})["timeout"] == 5


REFUSED = {"ok": False, "cause": "connection_refused", "message": "nothing listens"}


def test_a_host_that_answers_elsewhere_has_all_of_the_time_for_its_other_servers() -> None:
    """It may just be busy: a TLS handshake then takes longer than the share would be."""
    # given a host on which one receiver is silent and one has answered, here with a refusal
    silence = Silence()
    silence.saw({"endpoint": "http://127.0.0.1:4318", "timeout": 5}, dict(SILENT))
    silence.saw({"endpoint": "http://127.0.0.1:55680", "timeout": 5}, dict(REFUSED))
    # then a third one has the time it would have alone, and only the silent one is hurried
    assert silence.shortened({"endpoint": "https://localhost:4317", "timeout": 5})["timeout"] == 5
    assert silence.shortened({"endpoint": "http://localhost:4318/v1/traces", "timeout": 5})["timeout"] == 1.25
    # and one that is silent in all of that time is called so
    found: dict[str, Any] = dict(SILENT)
    silence.saw({"endpoint": "https://localhost:4317", "timeout": 5}, found)
    assert found["cause"] == "response_timeout"


def test_a_host_with_several_silent_servers_is_hurried_though_another_answers() -> None:
    silence = Silence()
    silence.saw({"endpoint": "http://10.0.0.7:55680", "timeout": 5}, dict(REFUSED))
    had = []
    for port in range(4001, 4006):
        receiver = {"endpoint": f"http://10.0.0.7:{port}", "timeout": 5}
        had.append(silence.shortened(receiver)["timeout"])
        silence.saw(receiver, dict(SILENT))
    assert had == [5, 5, 5, 1.25, 1.25]


@pytest.mark.parametrize("cause", ["dns_failure", "no_route", "proxy_in_the_way"])
def test_a_host_that_was_not_reached_has_not_answered(cause: str) -> None:
    silence = Silence()
    silence.saw({"endpoint": "http://tempo:4318", "timeout": 5}, dict(SILENT))
    silence.saw({"endpoint": "http://tempo:4317", "timeout": 5}, {"ok": False, "cause": cause, "message": "no way"})
    assert silence.shortened({"endpoint": "http://tempo:4316", "timeout": 5})["timeout"] == 1.25


def test_a_server_that_was_cut_short_is_not_called_silent() -> None:
    # given a Tempo that never answers, and receivers on its host and on another
    silence = Silence()
    silence.saw({"tempo_url": "http://127.0.0.1:3200", "timeout": 5}, dict(SILENT))
    near: dict[str, Any] = dict(SILENT)
    silence.saw({"endpoint": "http://localhost:4318", "timeout": 5}, near)
    far: dict[str, Any] = dict(SILENT)
    silence.saw({"endpoint": "http://other:4318", "timeout": 5}, far)
    # then only the one that had all of the time is called silent
    assert near["cause"] == "cut_short"
    assert "did not answer within 1.25 s, and was not waited for longer" in near["message"]
    assert far["cause"] == "response_timeout"


def test_a_server_that_had_all_of_the_time_once_stays_silent_when_it_is_asked_otherwise() -> None:
    """Two applications of a host that send to one receiver, each with headers of its own."""
    silence = Silence()
    for each in ("http://127.0.0.1:4318", "http://localhost:4318/v1/traces"):
        found: dict[str, Any] = dict(SILENT)
        silence.saw({"endpoint": each, "timeout": 5}, found)
        assert found["cause"] == "response_timeout"
    beside: dict[str, Any] = dict(SILENT)
    silence.saw({"endpoint": "http://localhost:4317", "timeout": 5}, beside)
    assert beside["cause"] == "cut_short"


def test_who_sends_to_the_host_of_a_silent_tempo_knows_of_it(probes: dict[str, list[dict[str, Any]]]) -> None:
    options = {"timeout": {"type": "float", "default": 5.0}}
    spec: dict[str, Any] = labels.PROBES["otlp"]().ARGUMENT_SPEC
    spec.update(options)
    labels.PROBES["clock"]().ARGUMENT_SPEC.update({**options, "tempo_url": {"type": "str"}})
    asked = {"otlp": {"endpoint": "t:4318"}, "clock": {"tempo_url": "http://t:3200", "silent": SILENT}}
    collect.visit(collect.plan(asked, False, set()))
    assert (probes["otlp"][0]["timeout"], probes["clock"][0]["timeout"]) == (1.25, 0.5)


def test_what_is_no_earlier_result_is_refused() -> None:
    with pytest.raises(BadOption, match="'silent' is no result with cause and message"):
        collect.plan({"clock": {"tempo_url": "http://t:3200", "silent": True}}, False, set())


def test_a_result_does_not_send_the_patterns_of_logs_back() -> None:
    probes = {"logs": {"paths": ["/x"], "patterns": {"a": "b"}}, "clock": {"tempo_url": "http://t"}, "discover": None}
    told = collect.invocation(probes)
    assert told == {"module_args": {"probes": {**probes, "logs": {"paths": ["/x"]}}}}
