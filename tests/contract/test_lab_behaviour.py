"""What the lab does beyond the recordings: faults, TraceQL, limits, credentials, its command line."""

from __future__ import annotations

import datetime
import gzip
import ipaddress
import json
import os
import signal
import socket
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import grpc
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from ansible_collections.traceops.tracing.tests.contract import lab_requests
from ansible_collections.traceops.tracing.tests.lab import Grafana, Lab, Tempo
from ansible_collections.traceops.tracing.tests.lab.faults import FAULTS
from ansible_collections.traceops.tracing.tests.lab.grafana_auth import Accounts
from ansible_collections.traceops.tracing.tests.lab.grafana_sources import DataSource
from ansible_collections.traceops.tracing.tests.lab.otlp import Limits
from ansible_collections.traceops.tracing.tests.lab.tempo import PROFILES
from ansible_collections.traceops.tracing.tests.lab.wire import Credentials

PROTOBUF = {"Content-Type": "application/x-protobuf"}
ADMIN = ("admin", "admin")
WITHOUT_SPANS = {
    "tempo-down", "otlp-refused", "wrong-protocol", "exporter-init-failed-in-log", "tracing-disabled",
    "sampling-zero", "tempo-empty",
}  # fmt: skip


def export(tempo: Tempo, body: bytes, headers: dict[str, str] | None = None) -> requests.Response:
    return requests.post(f"{tempo.otlp_http}/v1/traces", data=body, headers=headers or PROTOBUF, timeout=5)


def found(tempo: Tempo, query: str, **more: t.Any) -> list[str]:
    response = requests.get(f"{tempo.url}/api/search", params={"q": query, **more}, timeout=5)
    assert response.status_code == 200, response.text
    return [trace["traceID"] for trace in response.json()["traces"]]


@pytest.fixture
def tempo(request: pytest.FixtureRequest) -> t.Iterator[Tempo]:
    """A Tempo with a trace over two services and one whose root is missing; parameters are its options."""
    server = Tempo(**getattr(request, "param", {}))
    now = time.time_ns()
    for message in (lab_requests.linked(now), lab_requests.orphan(now)):
        export(server, message.SerializeToString())
    yield server
    server.stop()


@pytest.mark.parametrize("fault", [None, *FAULTS])
def test_each_fault_is_really_there(fault: str | None, tmp_path: Path) -> None:
    with Lab(fault=fault, directory=tmp_path) as lab:
        lab.run_app()

        log = Path(lab.log_path).read_text(encoding="utf-8")
        lost = "failed to export" in log
        assert (len(lab.store.traces) == 0) == (fault in WITHOUT_SPANS)
        assert lost == (fault in {"tempo-down", "otlp-refused", "wrong-protocol"})
        assert ("Failed to create OTLP exporter" in log) == (fault == "exporter-init-failed-in-log")
        assert ("racing" not in log) == (fault == "tracing-disabled")
        assert ("-00\n" in log) == (fault == "sampling-zero")


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_a_healthy_application_is_found_through_grafana(profile: str, protocol: str, tmp_path: Path) -> None:
    with Lab(tempo=profile, protocol=protocol, directory=tmp_path, tenant="team-a") as lab:
        lab.run_app()

        proxied = f"{lab.grafana_url}/api/datasources/proxy/uid/tempo/api/search"
        query = {"q": '{ resource.service.name = "velo-sql-app.sql" }'}
        assert len(requests.get(proxied, params=query, auth=ADMIN, timeout=5).json()["traces"]) == 5
        assert requests.get(f"{lab.tempo_url}/api/search", timeout=5).status_code == 401
        assert lab.variables["diagnose_tenant"] == "team-a"


def test_the_variables_are_also_in_a_file(tmp_path: Path) -> None:
    with Lab(directory=tmp_path) as lab:
        assert json.loads((tmp_path / "variables.json").read_text(encoding="utf-8")) == lab.variables
        assert lab.variables["diagnose_log_paths"] == [lab.log_path]


LINKED, ORPHAN = lab_requests.LINKED, lab_requests.ORPHAN.lstrip("0")


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("{}", [LINKED, ORPHAN]),
        ('{ resource.service.name = "downstream-http" }', [LINKED]),
        ('{ .service.name = "billing" }', [ORPHAN]),
        ('{ resource.service.name = "velo-sql-app.sql" && span.job = "market_data" }', [LINKED]),
        ('{ resource.service.name = "billing" || name = "GET /quotes" }', [LINKED, ORPHAN]),
        ('{ resource.service.name =~ "velo.*" }', [LINKED]),
        ('{ resource.service.name !~ "velo.*|down.*" }', [ORPHAN]),
        ('{ resource.service.name != "billing" }', [LINKED]),
        ("{ duration > 4ms }", [LINKED]),
        ("{ duration < 4ms && status = error }", [LINKED]),
        ("{ span.job = nil }", [LINKED, ORPHAN]),
        ('{ rootServiceName = "velo-sql-app.sql" }', [LINKED]),
        ("{ nestedSetParent < 0 }", [LINKED]),
        ("{} with (most_recent=true)", [LINKED, ORPHAN]),
        ("{ kind = server } | count() > 0", [LINKED, ORPHAN]),
    ],
)
def test_traceql_finds(query: str, wanted: list[str], tempo: Tempo) -> None:
    assert sorted(found(tempo, query)) == sorted(wanted)


@pytest.mark.parametrize("query", ["{ nestedSetParent < 0 }", "{} with (most_recent=true)"])
@pytest.mark.parametrize("tempo", [{"profile": "2.3.1"}], indirect=True)
def test_an_old_tempo_does_not_know_what_is_newer(query: str, tempo: Tempo) -> None:
    response = requests.get(f"{tempo.url}/api/search", params={"q": query}, timeout=5)

    assert response.status_code == 400
    assert "invalid TraceQL query: parse error" in response.text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ('{ name = "x"', "unexpected $end"),
        ("{ name }", "unexpected }"),
        ("name", "unknown identifier: name"),
        ("{ § }", "unexpected §"),
        ("{ span:parentID = nil }", "intrinsics cannot be nil"),
    ],
)
def test_bad_traceql_is_refused(query: str, words: str, tempo: Tempo) -> None:
    response = requests.get(f"{tempo.url}/api/search", params={"q": query}, timeout=5)

    assert response.status_code == 400
    assert words in response.text


NOW = 1_750_000_000  # fixed: it is part of test names
DAY = 86400


@pytest.mark.parametrize(
    ("query", "by_version"),
    [
        # None: accepted; the words of a refusal as Tempo 2.3.1, 2.10.8 and 3.0.3 gave them.
        ("limit=0", ("must be a positive number",) * 3),
        ("limit=262145", (None, "limit 262145 exceeds max limit 262144", "limit 262145 exceeds max limit 262144")),
        ("q={}&spss=0", ("must be a positive number", None, None)),
        ("q={}&spss=101", (None, *("spans per span set exceeds 100. received 101",) * 2)),
        (f"end={NOW}", (None, *("only one of start and end provided: must provide both or neither",) * 2)),
        ("start=100", ("http parameter start must be before end. received start=100 end=0",) * 3),
        (f"start={NOW}000&end={NOW}999", ("invalid start: strconv.ParseInt: ", "invalid start: ", "invalid start: ")),
        (f"start={NOW - 8 * DAY}&end={NOW}", ("range specified by start and end exceeds 168h0m0s.",) * 3),
        ("q={}&tags=a%3Db", ("invalid request: can't specify tags and q in the same query",) * 3),
        ('tags=a%3D"b', ("invalid tags: unterminated quoted value at pos 4",) * 3),
        ("tags=a%3D1%20a%3D2", ("tag a has been set twice",) * 3),
    ],
)
@pytest.mark.parametrize("version", range(len(PROFILES)), ids=PROFILES)
def test_search_parameters_are_judged_by_version(query: str, by_version: tuple[str | None, ...], version: int) -> None:
    tempo, words = Tempo(PROFILES[version]), by_version[version]
    try:
        response = requests.get(f"{tempo.url}/api/search?{query}", timeout=5)
        assert response.status_code == (400 if words else 200)
        assert (words or "") in response.text
    finally:
        tempo.stop()


@pytest.mark.parametrize(("profile", "shown"), [("2.3.1", 0), ("2.10.8", 2), ("3.0.3", 2)])
def test_newer_versions_ignore_a_bare_tag(profile: str, shown: int) -> None:
    tempo = Tempo(profile)
    try:
        for message in (lab_requests.linked(time.time_ns()), lab_requests.orphan(time.time_ns())):
            export(tempo, message.SerializeToString())
        answer = requests.get(f"{tempo.url}/api/search?service.name=nope", timeout=5).json()
        assert len(answer["traces"]) == shown
    finally:
        tempo.stop()


def test_a_search_has_a_range(tempo: Tempo) -> None:
    now = int(time.time())

    assert len(found(tempo, "{}", start=now - 60, end=now + 60)) == 2
    assert found(tempo, "{}", start=now - 7200, end=now - 3600) == []


def test_search_shows_a_trace_later_than_by_id() -> None:
    now = [time.time()]
    tempo = Tempo("3.0.3", search_delay="recorded", clock=lambda: now[0])
    try:
        export(tempo, lab_requests.linked(time.time_ns()).SerializeToString())
        assert found(tempo, "{}") == []
        assert requests.get(f"{tempo.url}/api/traces/{LINKED}", timeout=5).status_code == 200
        now[0] += 32
        assert found(tempo, "{}") == [LINKED]
    finally:
        tempo.stop()


def test_gzip_is_unpacked(tempo: Tempo) -> None:
    body = lab_requests.single("packed", "e" * 32, time.time_ns()).SerializeToString()

    assert export(tempo, gzip.compress(body), {**PROTOBUF, "Content-Encoding": "gzip"}).status_code == 200
    assert export(tempo, b"not gzip", {**PROTOBUF, "Content-Encoding": "gzip"}).status_code == 400
    assert found(tempo, '{ resource.service.name = "packed" }') == ["e" * 32]


@pytest.mark.parametrize("tempo", [{"limits": Limits(max_traces_per_user=2)}], indirect=True)
def test_a_limit_drops_in_silence(tempo: Tempo) -> None:
    body = lab_requests.single("third", "f" * 32, time.time_ns()).SerializeToString()

    assert export(tempo, body).status_code == 200
    page = requests.get(f"{tempo.url}/metrics", timeout=5).text
    assert 'tempo_discarded_spans_total{reason="live_traces_exceeded",tenant="single-tenant"} 1' in page
    assert requests.get(f"{tempo.url}/api/traces/{'f' * 32}", timeout=5).status_code == 404


def test_the_configuration_tells_what_was_set() -> None:
    tempo = Tempo(multitenant=True, limits=Limits(max_traces_per_user=7), stream_over_http=True)
    try:
        pages = [
            requests.get(f"{tempo.url}/status/config{mode}", timeout=5).text.splitlines() for mode in ("", "?mode=diff")
        ]
        for lines in pages:
            assert "multitenancy_enabled: true" in lines
            assert "stream_over_http_enabled: true" in lines
            assert "            max_traces_per_user: 7" in lines
            assert f"    http_listen_port: {tempo.url.rpartition(':')[2]}" in lines
    finally:
        tempo.stop()


def test_an_unknown_status_page_hangs_up(tempo: Tempo) -> None:
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{tempo.url}/status/nonsense", timeout=5)


@pytest.mark.parametrize("tempo", [{"credentials": Credentials("me", "secret", "a-token")}], indirect=True)
def test_credentials_are_asked_for(tempo: Tempo) -> None:
    def status(**how: t.Any) -> int:
        return requests.get(f"{tempo.url}/ready", timeout=5, **how).status_code

    assert status() == 401
    assert status(auth=("me", "wrong")) == 401
    assert status(auth=("me", "secret")) == 200
    assert status(headers={"Authorization": "Bearer a-token"}) == 200
    assert export(tempo, b"").status_code == 401


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A self-signed certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "lab")])
    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    loopback = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - day, now + day)
    made = builder.add_extension(loopback, critical=False).sign(key, hashes.SHA256())
    directory = tmp_path_factory.mktemp("tls")
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (directory / "cert.pem").write_bytes(made.public_bytes(pem))
    (directory / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return str(directory / "cert.pem"), str(directory / "key.pem")


def test_every_listener_speaks_tls(certificate: tuple[str, str]) -> None:
    tempo, grafana = Tempo(tls=certificate), Grafana(tls=certificate)
    try:
        ca = certificate[0]
        assert requests.get(f"{tempo.url}/ready", verify=ca, timeout=5).text == "ready\n"
        assert requests.get(f"{grafana.url}/api/health", verify=ca, timeout=5).json()["database"] == "ok"
        posted = requests.post(f"{tempo.otlp_http}/v1/traces", data=b"", headers=PROTOBUF, verify=ca, timeout=5)
        assert posted.status_code == 200
        trusted = grpc.ssl_channel_credentials(Path(ca).read_bytes())
        with grpc.secure_channel(tempo.otlp_grpc.removeprefix("https://"), trusted) as channel:
            TraceServiceStub(channel).Export(lab_requests.orphan(time.time_ns()), timeout=5)
        assert len(tempo.store.traces) == 1
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(f"{tempo.url}/ready", timeout=5)
    finally:
        tempo.stop()
        grafana.stop()


def test_anonymous_visitors_have_a_role_when_it_is_given() -> None:
    grafana = Grafana(accounts=Accounts((13, 1, 0), anonymous_role="Viewer"))
    try:
        assert requests.get(f"{grafana.url}/api/datasources", timeout=5).json() == []
    finally:
        grafana.stop()


def test_five_wrong_passwords_lock_the_user_out() -> None:
    now = [0.0]
    grafana = Grafana(accounts=Accounts((13, 1, 0), clock=lambda: now[0]))
    try:

        def status(password: str) -> int:
            return requests.get(f"{grafana.url}/api/user", auth=("admin", password), timeout=5).status_code

        assert [status("wrong") for _unused in range(5)] == [401] * 5
        assert status("admin") == 401
        now[0] = 301
        assert status("admin") == 200
    finally:
        grafana.stop()


def test_a_viewer_may_be_forbidden_the_list_and_still_read_the_settings() -> None:
    source = DataSource(1, "tempo", "Tempo", "tempo", "http://127.0.0.1:1")
    grafana = Grafana(sources=[source], accounts=Accounts((13, 1, 0), viewer_reads=False))
    try:
        viewer = ("viewer", "viewer")
        listed = requests.get(f"{grafana.url}/api/datasources", auth=viewer, timeout=5)
        settings = requests.get(f"{grafana.url}/api/frontend/settings", auth=viewer, timeout=5).json()
        assert listed.status_code == 403
        assert settings["datasources"]["Tempo"]["uid"] == "tempo"
        assert settings["datasources"]["-- Grafana --"]["id"] < 0
    finally:
        grafana.stop()


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "ansible_collections.traceops.tracing.tests.lab", *arguments]


def test_the_command_line_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    ports = [f"--{name}-port=0" for name in ("tempo", "grafana", "otlp-grpc", "otlp-http")]
    process = subprocess.Popen(command("--directory", str(tmp_path), *ports), stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        said = json.loads(process.stdout.readline())
        assert len(requests.get(f"{said['urls']['tempo']}/api/search", timeout=5).json()["traces"]) == 5
        assert said["variables"] == json.loads((tmp_path / "variables.json").read_text(encoding="utf-8"))
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.communicate()


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for option in ("tempo", "grafana", "otlp-grpc", "otlp-http"):
            ports = [f"--{name}-port=0" for name in ("tempo", "grafana", "otlp-grpc", "otlp-http") if name != option]
            wanted = command(f"--{option}-port={port}", "--directory", str(tmp_path), *ports)
            done = subprocess.run(wanted, capture_output=True, text=True, timeout=30, check=False)

            assert done.returncode == 2
            assert done.stderr.count("\n") == 1
            assert str(port) in done.stderr


@pytest.mark.parametrize("given", ["99999", "-1", "http"])
def test_what_is_no_port_is_one_sentence(given: str) -> None:
    done = subprocess.run(command(f"--tempo-port={given}"), capture_output=True, text=True, timeout=30, check=False)

    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith(f"argument --tempo-port: '{given}' is no port: 0 to 65535")


def test_the_faults_are_listed() -> None:
    listed = subprocess.run(command("--list-faults"), capture_output=True, text=True, timeout=30, check=True).stdout

    assert [line.split()[0] for line in listed.splitlines()] == list(FAULTS)
