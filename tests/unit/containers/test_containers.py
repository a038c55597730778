"""The containers probe over what Docker Engine 20.10.24 answered about a small stack.

The stack: velo-tempo (unhealthy) and velo-grafana on the network `monitoring`, a sidecar in velo-grafana's network,
velo-app killed for its memory on `elsewhere`, velo-loop restarting, velo-typo with a command that does not exist, and
`plain` on the default network.
"""

from __future__ import annotations

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption, ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._probe import containers
from ansible_collections.traceops.tracing.tests.unit.containers.fake_engine import engine, inspection, recorded


@pytest.fixture
def exchanges():
    return recorded()


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(containers, "CPU_INTERVAL", 0.0)


def look(exchanges, **options):
    defaults = {name: spec.get("default") for name, spec in containers.ARGUMENT_SPEC.items()}
    with engine(exchanges) as server:
        result = containers.run({**defaults, "docker_host": server.url, **options})
    # Reading never asks for more than reading.
    assert {line.split()[0] for line in server.asked} <= {"GET", "HEAD"}
    return result


def look_at(exchanges, name, **options):
    return look(exchanges, names=[name], **options)["containers"][name]


def test_all_containers_when_none_is_named(exchanges):
    result = look(exchanges)

    assert (result["ok"], result["cause"], result["missing"]) == (True, "ok", [])
    assert result["engine"] == {"name": "docker", "version": "20.10.24+dfsg1", "api_version": "1.41"}
    assert {name: item["state"] for name, item in result["containers"].items()} == {
        "plain": "running",
        "sidecar": "running",
        "velo-app": "exited",
        "velo-grafana": "running",
        "velo-loop": "restarting",
        "velo-tempo": "running",
        "velo-typo": "created",
    }
    assert result["message"] == "containers: 1 created, 1 exited, 1 restarting, 4 running"


def test_an_unhealthy_one(exchanges):
    seen = look_at(exchanges, "velo-tempo")

    assert seen["health"] == "unhealthy"
    assert [entry["exit_code"] for entry in seen["health_log"]] == [1, 1, 1]
    assert seen["health_log"][-1]["output"] == "Ingester not ready: waiting for 15s after being ready"


@pytest.mark.parametrize(
    ("name", "code", "reason"),
    [
        ("velo-app", 137, "killed by the kernel for using more memory than its limit"),
        ("velo-loop", 1, "ended with exit code 1"),
        ("velo-tempo", None, ""),
    ],
)
def test_why_it_does_not_run(exchanges, name, code, reason):
    seen = look_at(exchanges, name)

    assert (seen["exit_code"], seen["exit_reason"]) == (code, reason)


def test_a_command_that_does_not_exist(exchanges):
    reason = look_at(exchanges, "velo-typo")["exit_reason"]

    assert reason.endswith('exec: "/tempo": stat /tempo: no such file or directory: unknown')


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({"Status": "exited", "ExitCode": 0}, "ended by itself"),
        ({"Status": "exited", "ExitCode": 127}, "the command was not found (127)"),
        ({"Status": "exited", "ExitCode": 143}, "ended by signal SIGTERM"),
        ({"Status": "exited", "ExitCode": 191}, "ended by signal 63"),
        ({"Status": "created"}, "never started"),
        ({"Status": "dead", "Error": "driver \x1b[31mfailed\x1b[0m"}, "driver failed"),
    ],
)
def test_exit_reasons(exchanges, state, reason):
    inspection(exchanges, "velo-app")["State"] = state

    assert look_at(exchanges, "velo-app")["exit_reason"] == reason


def test_restarts(exchanges):
    seen = look_at(exchanges, "velo-loop")

    assert (seen["running"], seen["restart_policy"]) == (False, "always")
    assert seen["restarts"] > 0


def test_ports_that_are_published_and_those_that_are_not(exchanges):
    seen = look_at(exchanges, "velo-tempo", expected_ports={"velo-tempo": [3200, "4317", "4318/tcp", "4317/udp"]})

    assert seen["ports"] == {"3200/tcp": ["0.0.0.0:23200"], "4317/tcp": ["127.0.0.1:24317"]}
    assert seen["missing_ports"] == ["4318/tcp", "4317/udp"]


def test_an_ipv6_address_is_bracketed(exchanges):
    assert look_at(exchanges, "velo-grafana")["ports"] == {"3000/tcp": ["[::1]:23000"]}


def test_an_exposed_port_is_not_a_published_one(exchanges):
    inspection(exchanges, "velo-tempo")["NetworkSettings"]["Ports"]["4318/tcp"] = None

    seen = look_at(exchanges, "velo-tempo", expected_ports={"velo-tempo": [4318]})

    assert (seen["ports"]["4318/tcp"], seen["missing_ports"]) == ([], ["4318/tcp"])


def test_in_the_hosts_network_no_port_is_missing(exchanges):
    inspection(exchanges, "velo-tempo")["HostConfig"]["NetworkMode"] = "host"

    assert look_at(exchanges, "velo-tempo", expected_ports={"velo-tempo": [4318]})["missing_ports"] == []


def test_who_reaches_whom_by_which_names(exchanges):
    seen = look(exchanges)["containers"]

    assert {"tempo", "velo-tempo"} <= set(seen["velo-grafana"]["reaches"]["velo-tempo"])
    assert "tempo" in seen["sidecar"]["reaches"]["velo-tempo"]  # it lives in velo-grafana's network
    assert "velo-app" not in seen["velo-grafana"]["reaches"]  # no shared network
    assert seen["plain"]["reaches"]["velo-loop"] == []  # the default network has no names


def test_the_container_that_lends_its_network_need_not_be_asked_for(exchanges):
    inspection(exchanges, "velo-grafana")["NetworkSettings"]["Ports"] = {
        "4317/tcp": [{"HostIp": "", "HostPort": "4317"}]
    }

    seen = look_at(exchanges, "sidecar", expected_ports={"sidecar": [4317, 4318]})

    assert "tempo" in seen["reaches"]["velo-tempo"]
    assert (seen["ports"], seen["missing_ports"]) == ({"4317/tcp": ["0.0.0.0:4317"]}, ["4318/tcp"])


def test_names_are_known_even_of_peers_that_were_not_asked_for(exchanges):
    result = look(exchanges, names=["velo-grafana"])

    assert list(result["containers"]) == ["velo-grafana"]
    assert "tempo" in result["containers"]["velo-grafana"]["reaches"]["velo-tempo"]
    assert set(result["networks"]["monitoring"]["containers"]) == {"velo-grafana", "velo-tempo"}


def test_a_newer_engine_lists_every_name_that_resolves(exchanges):
    # API 1.44 (Docker 25): Aliases no longer hold the short id, DNSNames do.
    endpoint = inspection(exchanges, "velo-tempo")["NetworkSettings"]["Networks"]["monitoring"]
    endpoint["Aliases"], endpoint["DNSNames"] = None, ["velo-tempo", "tempo", "492990aa9a60", "store"]

    assert "store" in look_at(exchanges, "velo-grafana")["reaches"]["velo-tempo"]


def test_networks(exchanges):
    networks = look(exchanges)["networks"]

    assert (networks["monitoring"]["driver"], networks["monitoring"]["internal"]) == ("bridge", False)
    assert networks["elsewhere"]["internal"] is True
    assert networks["monitoring"]["containers"]["velo-tempo"]["ip"] == "172.18.0.2"


def test_mounts_with_the_path_behind_them(exchanges, tmp_path):
    (tmp_path / "data").mkdir(mode=0o750)
    inspection(exchanges, "velo-tempo")["Mounts"][0].update(Source=str(tmp_path / "data"), RW=False)

    bind, scratch = look_at(exchanges, "velo-tempo")["mounts"]

    assert (bind["destination"], bind["read_only"], bind["type"]) == ("/var/tempo", True, "bind")
    assert (bind["host"]["mode"], bind["host"]["directory"], bind["host"]["error"]) == ("0750", True, "")
    assert 0 < bind["host"]["free"] <= bind["host"]["size"]
    assert (scratch["destination"], scratch["type"], scratch["read_only"]) == ("/scratch", "tmpfs", True)
    assert scratch["host"] is None


def test_a_path_that_is_gone_from_the_host(exchanges, tmp_path):
    inspection(exchanges, "velo-tempo")["Mounts"][0]["Source"] = str(tmp_path / "gone")

    assert look_at(exchanges, "velo-tempo")["mounts"][0]["host"]["exists"] is False


def test_usage_against_the_limits(exchanges):
    seen = look_at(exchanges, "velo-tempo")

    assert seen["memory"]["limit"] == 64 * 1024 * 1024
    assert 0 < seen["memory"]["percent"] < 100
    # The two samples are the same recording, so no time passed between them.
    assert seen["cpu"] == {"cores_used": None, "cores_limit": 2.0, "percent": None, "throttled_periods": 0}


def test_an_engine_without_usage_says_so(exchanges):
    for key in [key for key in exchanges if key.endswith("/stats")]:
        exchanges[key] = {"status": 400, "json": {"message": "one-shot is not supported"}}

    seen = look_at(exchanges, "velo-tempo")

    assert (seen["cpu"], seen["memory"], seen["state"]) == (None, None, "running")


def test_last_words_are_masked(exchanges):
    assert look_at(exchanges, "velo-tempo")["log"] == [
        'level=info msg="Tempo started"',
        "level=warn authorization: Bearer ********",
    ]


def test_no_log_lines_when_none_are_wanted(exchanges):
    with engine(exchanges) as server:
        defaults = {name: spec.get("default") for name, spec in containers.ARGUMENT_SPEC.items()}
        seen = containers.run({**defaults, "docker_host": server.url, "names": ["velo-tempo"], "log_lines": 0})

    assert seen["containers"]["velo-tempo"]["log"] == []
    assert not [line for line in server.asked if "/logs" in line]


def test_paths_inside(exchanges):
    paths = look_at(exchanges, "velo-tempo", paths=["/etc/hostname", "/tempo"])["paths"]

    assert paths["/etc/hostname"]["exists"]
    assert paths["/etc/hostname"]["directory"] is False
    assert paths["/tempo"]["exists"] is False


def test_missing_names_in_the_order_asked_for(exchanges):
    result = look(exchanges, names=["velo-loki", "velo-tempo", "velo-agent"])

    assert result["missing"] == ["velo-loki", "velo-agent"]
    assert result["message"] == "containers: 1 running; missing: velo-loki, velo-agent"


def test_a_container_whose_ports_are_expected_is_looked_at(exchanges):
    result = look(exchanges, names=["velo-grafana"], expected_ports={"velo-tempo": [4318], "velo-agent": [4317]})

    assert sorted(result["containers"]) == ["velo-grafana", "velo-tempo"]
    assert result["missing"] == ["velo-agent"]


def test_a_container_that_vanishes_meanwhile_is_left_out(exchanges):
    gone = f"GET /containers/{inspection(exchanges, 'velo-tempo')['Id']}/json"
    exchanges[gone] = {"status": 404, "json": {"message": "No such container"}}

    assert set(look(exchanges, names=["velo-tempo", "velo-grafana"])["containers"]) == {"velo-grafana"}


def test_selection(exchanges):
    def names(**options):
        return set(look(exchanges, **options)["containers"])

    assert names(name_pattern="^velo-(tempo|grafana)$") == {"velo-tempo", "velo-grafana"}
    assert names(compose_project="velostream") == {"velo-app", "velo-grafana", "velo-loop", "velo-tempo", "velo-typo"}
    assert names(compose_project="other") == set()
    assert names(labels=["test", "com.docker.compose.project=velostream"]) == names(compose_project="velostream")
    assert names(labels=["com.docker.compose.project=other"]) == set()
    assert names(names=["plain"], name_pattern="side") == {"plain", "sidecar"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name_pattern": "("}, "name_pattern: '(' is not a regular expression"),
        ({"log_lines": -1}, "log_lines: -1 is not between 0 and 1000"),
        ({"log_lines": 100000}, "log_lines: 100000 is not between 0 and 1000"),
        ({"paths": ["var/tempo"]}, "paths: 'var/tempo' is not an absolute path"),
        ({"expected_ports": {"velo-tempo": 3200}}, "expected_ports: the ports of 'velo-tempo' are not a list"),
        ({"expected_ports": {"velo-tempo": ["otlp"]}}, "expected_ports: 'otlp' of 'velo-tempo' is not a port"),
        ({"expected_ports": {"velo-tempo": [70000]}}, "expected_ports: '70000' of 'velo-tempo' is not a port"),
        ({"timeout": 0}, "timeout: 0 is not between 0 and 3600 seconds"),
    ],
)
def test_options_that_make_no_sense_are_named(exchanges, options, words):
    with pytest.raises(BadOption) as failure:
        look(exchanges, **options)

    assert words in failure.value.message


def test_a_failure_has_the_keys_of_a_success(exchanges):
    defaults = {name: spec.get("default") for name, spec in containers.ARGUMENT_SPEC.items()}

    with pytest.raises(ProbeFailure) as failure:
        containers.run({**defaults, "docker_host": "unix:///nowhere", "names": ["velo-tempo"]})

    assert failure.value.cause == "daemon_unreachable"
    assert set(failure.value.result) | {"cause"} == set(look(exchanges))
    assert failure.value.result["missing"] == ["velo-tempo"]


def test_hostile_text_from_the_engine_is_cleaned(exchanges):
    inspection(exchanges, "velo-tempo")["Config"]["Image"] = "grafana/\x1b]0;owned\x07tempo\u202e"

    assert look_at(exchanges, "velo-tempo")["image"] == "grafana/tempo"


def test_podman_answers_in_the_same_words():
    result = look(recorded("podman-4.3.1"), expected_ports={"velo-tempo": [3200, 4317]}, paths=["/etc/hostname", "/x"])

    assert result["engine"] == {"name": "podman", "version": "4.3.1", "api_version": "1.41"}
    assert result["message"] == "containers: 1 exited, 2 running"
    tempo, app = result["containers"]["velo-tempo"], result["containers"]["velo-app"]
    assert (app["state"], app["exit_code"], app["exit_reason"]) == ("exited", 3, "ended with exit code 3")
    assert (tempo["ports"], tempo["missing_ports"]) == ({"3200/tcp": ["127.0.0.1:23201"]}, ["4317/tcp"])
    assert "velo-tempo" in result["containers"]["velo-grafana"]["reaches"]["velo-tempo"]
    assert tempo["reaches"].keys() == {"velo-grafana"}  # velo-app is on Podman's default network
    assert tempo["memory"]["limit"] == 64 * 1024 * 1024
    assert tempo["log"] == ["hello token=********"]
    assert (tempo["paths"]["/etc/hostname"]["target"], tempo["paths"]["/x"]["exists"]) == ("", False)


def places(value, path=()):
    """The path of every part of a JSON value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in items:
        yield from places(part, (*path, key))


def damaged(answer, path, wrong):
    """`answer` with `wrong` at `path`."""
    if not path:
        return wrong
    target = answer
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = wrong
    return answer


@pytest.mark.parametrize("asked", ["GET /version", "GET /containers/json", "GET /networks", "inspection", "image"])
def test_an_answer_of_another_form_is_an_error_and_never_a_traceback(asked, exchanges):
    keys = {
        "inspection": f"GET /containers/{inspection(exchanges, 'velo-tempo')['Id']}/json",
        "image": next(key for key in exchanges if key.startswith("GET /images/")),
    }
    key = keys.get(asked, asked)
    everywhere = list(places(exchanges[key]["json"]))

    # A step that shares no factor with the list's length visits different depths in each answer.
    for number, path in enumerate(everywhere[::7]):
        wrong = [7, "x", None, [], {}, [7], {"x": 7}][number % 7]
        answer = damaged(recorded()[key]["json"], path, wrong)
        cause = cause_of({**exchanges, key: {"status": 200, "json": answer}}, names=["velo-tempo"], log_lines=0)
        assert cause in ("ok", "engine_error", "daemon_unreachable"), path


def cause_of(exchanges, **options):
    try:
        return look(exchanges, **options)["cause"]
    except ProbeFailure as failure:
        return failure.cause
