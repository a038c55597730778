"""A host that nobody foresaw: hostile names, environments and files, many processes, and secrets wherever they are."""

from __future__ import annotations

import json
import os
import random
import string
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._otel import command_lines
from ansible_collections.traceops.tracing.tests.unit.discover.world import Socket, World

SECRET = "Zx9kSentinel"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


def secrets(count: int) -> list[str]:
    """Sentinels that are no one's default, each another one."""
    return [f"{SECRET}{number}" for number in range(count)]


# Where secrets are, with {} for one: variables of an application ...
VARIABLES = {
    "OTEL_SERVICE_NAME": "cart",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://user:{}@otel:4318/?key={}",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://{}@otel:4318/v1/traces",
    "OTEL_EXPORTER_OTLP_HEADERS": "api-key={},Authorization=Bearer%20{},broken {}",
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "x-honeycomb-team={}",
    "OTEL_EXPORTER_JAEGER_PASSWORD": "{}",
    "OTEL_RESOURCE_ATTRIBUTES": "service.name=cart,token={}",
    "JAVA_TOOL_OPTIONS": "-javaagent:/opt/opentelemetry-javaagent.jar=k={} -Dotel.exporter.otlp.headers=a={} -Dp={}",
    "NODE_OPTIONS": "--require @opentelemetry/api --title={}",
    "HTTPS_PROXY": "http://proxy:{}@proxy:3128",
    "https_proxy": "{}@proxy",
    "DATABASE_URL": "postgres://cart:{}@db/cart",
    "AWS_SECRET_ACCESS_KEY": "{}",
    "PASSWORD": "{}",
    "PYTHONPATH": "/v/opentelemetry/instrumentation/auto_instrumentation:/{}",
}
# ... and words of command lines.
WORDS = [
    "-Dotel.exporter.otlp.headers=api-key={}", "-Dotel.exporter.otlp.endpoint=http://u:{}@otel:4318",
    "-Ddb.password={}", "-Ddb.pw={}", "--password", "{}", "--password={}", "--token", "{}", "--api-key={}",
    "-u", "user:{}", "-p{}", "-p", "{}", "-H", "Authorization: Bearer {}", "--header=X-Key: {}",
    "--otlp-headers", "key={}", "--otlp-endpoint=http://u:{}@otel:4318", "--set=exporters.otlp.headers.key={}",
    "--config=yaml:exporters::otlp::headers::key: {}", "--dsn", "postgres://u:{}@db", "KEY={}", "{}", "-e", "PASS={}",
    "postgres://u:{}@db/x?password={}", "https://hooks.example/{}", "--name={}", "-c", "{}",
    "-javaagent:/opt/opentelemetry-javaagent.jar=key={}", "jdbc:mysql://db?user=a&password={}",
]  # fmt: skip
UNIT = """[Service]
Environment=OTEL_EXPORTER_OTLP_HEADERS=key={} OTEL_EXPORTER_OTLP_ENDPOINT=http://u:{}@otel DB_PASSWORD={}
Environment="JAVA_TOOL_OPTIONS=-Dotel.exporter.otlp.headers=k={} -Dx={}"
ExecStart=/srv/cart --password {}
"""
COLLECTOR = """receivers:
  otlp: {{protocols: {{grpc: }}}}
exporters:
  otlphttp:
    endpoint: https://user:{}@tempo:4318
    headers: {{authorization: "Bearer {}", x-key: {}}}
  otlp: {{endpoint: "{}@tempo:4317", headers: {{key: "${{env:SECRET}}"}}, auth: {{authenticator: basicauth/{}}}}}
extensions:
  basicauth: {{client_auth: {{username: {}, password: {}}}}}
service:
  pipelines:
    traces: {{receivers: [otlp], exporters: [otlp, otlphttp]}}
"""


def filled(text: str, used: list[str], left: list[str]) -> str:
    """`text` with a sentinel in place of each {}; those are added to `used`."""
    while "{}" in text:
        used.append(left.pop())
        text = text.replace("{}", used[-1], 1)
    return text.replace("{{", "{").replace("}}", "}")


def test_no_secret_comes_out(world: World) -> None:
    used: list[str] = []
    left = secrets(200)

    def fill(text: str) -> str:
        return filled(text, used, left)

    environment = {name: fill(value) for name, value in VARIABLES.items()}
    java = [fill(word) for word in WORDS if word.startswith(("-D", "-javaagent"))]
    properties = "otel.exporter.otlp.headers=k={}\notel.exporter.otlp.protocol=http://u:{}@otel\n"
    world.file("/etc/agent.properties", fill(properties))
    java.append("-Dotel.javaagent.configuration-file=/etc/agent.properties")
    words = ["java", *java, "-jar", "/srv/cart.jar", *map(fill, WORDS)]
    world.process(20, words, environment, cgroup="/system.slice/cart.service")
    world.unit("cart.service", fill(UNIT), main=20, command=fill("/srv/cart --token {}"))
    world.unit("idle.service", fill(UNIT), state="failed", command=fill("/srv/idle --otlp-headers=k={} {}"))
    world.file("/etc/otelcol.yaml", fill(COLLECTOR))
    secret = {"SECRET": fill("{}"), "OTEL_EXPORTER_OTLP_HEADERS": fill("k={}")}
    world.process(30, ["/usr/bin/otelcol", "--config=/etc/otelcol.yaml", fill("--set=a.b={}")], secret)
    world.process(31, ["/usr/bin/alloy", "run", "/etc/none.alloy", fill("--server.http.auth={}")], secret)
    tempo = "server: {{http_listen_port: 3299}}\nstorage: {{trace: {{s3: {{secret_key: {}}}}}}}\n"
    world.file("/etc/tempo.yaml", fill(tempo))
    world.process(40, ["/usr/bin/tempo", "-config.file=/etc/tempo.yaml", fill("-storage.trace.s3.secret_key={}")])
    world.file("/etc/grafana.ini", fill("[security]\nadmin_password = {}\n[server]\nroot_url = http://u:{}@grafana/\n"))
    grafana = {"GF_SECURITY_ADMIN_PASSWORD": fill("{}"), "GF_DATABASE_URL": fill("mysql://u:{}@db")}
    world.process(50, ["grafana", "server", "--config=/etc/grafana.ini", fill("cfg:default.x={}")], grafana)
    world.container(
        "stock",
        "registry.example/stock:1",
        ["python3", "stock.py", *map(fill, WORDS)],
        env=[fill(f"{name}={value}") for name, value in VARIABLES.items()],
    )
    world.container("tempo", "grafana/tempo:3", ["/tempo", fill("-x.secret={}")], env=[fill("TOKEN={}")], running=True)

    found = world.look()

    assert [len(found[kind]) for kind in ("applications", "collectors", "tempos", "grafanas")] == [3, 2, 2, 1]  # type: ignore[literal-required]
    told = json.dumps(found)
    assert len(used) > 100
    leaked = [told[max(0, told.index(each) - 60) :][:90] for each in used if each in told]
    assert leaked == []
    stale = [each["variable"] for each in found["applications"][0]["stale"]]
    assert "OTEL_EXPORTER_OTLP_HEADERS" in stale


def test_no_secret_of_a_command_line_is_shown() -> None:
    used: list[str] = []
    left = secrets(100)
    words = [filled(word, used, left) for word in WORDS]

    told = command_lines.shown(["/srv/cart", "deploy", "--config", "/etc/cart.yaml", *words, "--port=80"], limit=10_000)

    assert told.startswith("/srv/cart deploy --config /etc/cart.yaml -Dotel.exporter.otlp.headers=******** ")
    assert told.endswith(" --port=80")
    assert SECRET not in told


HOSTILE = [
    "\x1b[31mred\x1b[0m", "a\u202eb", "x" * 10_000, "{{ 7*7 }}", "<script>", "'; rm -rf /", "a\nb",
    "\udcff\udcfe", "%s%n",
]  # fmt: skip


@pytest.mark.parametrize("word", HOSTILE)
def test_hostile_names(world: World, word: str) -> None:
    inside = word.replace("\n", "").encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    world.process(20, [word, word], {"OTEL_SERVICE_NAME": word, word.replace("=", ""): word})
    world.process(21, ["java", "-Dotel.service.name=" + word])
    world.container(inside[:200], inside, [inside], env=[f"OTEL_SERVICE_NAME={inside}", inside])
    text = f"[Service]\nEnvironment=OTEL_SERVICE_NAME={inside}\n"
    world.unit(f"a-{len(word)}.service", text, state="failed", command="/x")

    found = world.look()

    told = json.dumps(found, ensure_ascii=False)
    assert len(found["applications"]) == 4 - ("%" in word)  # which systemd takes for something else
    assert max(len(each["name"]) for each in found["applications"]) < 200
    assert not set(told) & set("\x1b\u202e")
    assert len(told) < 30_000
    told.encode()


def test_five_thousand_processes(world: World) -> None:
    for pid in range(10_000_000, 10_005_000):
        folder = world.proc / str(pid)
        folder.mkdir()
        (folder / "cmdline").write_bytes(b"/usr/sbin/worker\0--number\0%d\0" % pid)
        (folder / "environ").write_bytes(b"PATH=/usr/bin\0LANG=C\0")
    world.process(6000, ["/srv/cart"], {"OTEL_SERVICE_NAME": "cart"})

    found = world.look(timeout=60)

    assert (found["processes"], len(found["applications"]), found["unseen"]) == (5002, 1, [])


def test_five_thousand_applications_of_one_unit(world: World) -> None:
    for pid in range(100, 600):
        world.process(pid, ["/srv/cart", str(pid)], {"OTEL_SERVICE_NAME": "cart"}, cgroup="/system.slice/cart.service")
    world.sockets(Socket(300, "01", "192.0.2.2:40000", "192.0.2.5:4317"))

    found = world.look(timeout=60)

    (app,) = found["applications"]
    assert (app["pid"], len(app["connections"])) == (100, 1)


def test_values_of_any_length(world: World) -> None:
    """Whatever is done with them is done once: the look ends in time."""
    texts = ("a" * 90_000, "=," * 45_000, "://@" * 22_000, "-Dotel.x=" * 10_000, "'" * 90_000, "?&" * 45_000)
    for pid, text in enumerate(texts, 20):
        names = ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_SERVICE_NAME", "JAVA_TOOL_OPTIONS")
        world.process(pid, ["java", text, "-Dotel.service.name=" + text], dict.fromkeys(names, text))

    found = world.look(timeout=20)

    assert (len(found["applications"]), found["unseen"]) == (6, [])


FILES = ("cmdline", "environ", "stat", "cgroup")


@pytest.mark.parametrize("seed", range(15))
def test_files_of_proc_with_anything_in_them(world: World, seed: int) -> None:
    chance = random.Random(seed)
    world.process(20, ["/srv/cart"], {"OTEL_SERVICE_NAME": "cart"})
    world.process(30, ["/usr/bin/otelcol", "--config=/etc/x.yaml"])
    noise = [os.urandom(1), b"\0" * 50, b"\xff" * 3000, b"", b":::\n\n0::/", string.printable.encode() * 30, b"=" * 999]
    world.file("/etc/x.yaml", "".join(chance.choice(string.printable) for _unused in range(2000)))
    for pid in (20, 30):
        for name in FILES:
            if chance.random() < 0.7:
                (world.proc / str(pid) / name).write_bytes(chance.choice(noise))
    for name in ("tcp", "tcp6", "fib_trie", "if_inet6"):
        (world.directory / f"net/4026531840/{name}").write_bytes(chance.choice(noise))

    found = world.look(timeout=10)

    assert not [each for each in found["unseen"] if "error" in each]
    assert json.loads(json.dumps(found)) == found


def test_proc_files_that_are_folders_or_links_to_nowhere(world: World) -> None:
    for pid, name in enumerate(FILES, 20):
        folder = world.process(pid, ["/srv/cart"], {"OTEL_SERVICE_NAME": "cart"})
        (folder / name).unlink()
        (folder / name).mkdir()
    for pid, name in enumerate(("ns/net", "net", "root", "cwd"), 30):
        folder = world.process(pid, ["/usr/bin/otelcol", "--config", "x.yaml"])
        (folder / name).unlink()
        (folder / name).symlink_to("/nowhere")

    found = world.look(timeout=10)

    assert len(found["collectors"]) == 4
