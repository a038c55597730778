"""Which processes are applications, and what is told of them."""

from __future__ import annotations

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._otel import programs
from ansible_collections.traceops.tracing.tests.unit.discover.world import World, only

SERVICE = {"OTEL_SERVICE_NAME": "cart", "HOME": "/root", "PATH": "/usr/bin"}
AGENT = "-javaagent:/opt/opentelemetry-javaagent.jar"


@pytest.mark.parametrize(
    ("words", "environment", "tells"),
    [
        (["python3", "app.py"], SERVICE, ["OTEL_SERVICE_NAME"]),
        (["/srv/cart"], {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel:4318"}, ["OTEL_EXPORTER_OTLP_ENDPOINT"]),
        (["/srv/cart"], {"OTEL_TRACES_SAMPLER": "always_off"}, ["OTEL_TRACES_SAMPLER"]),
        (["/srv/cart"], {"OTEL_RESOURCE_ATTRIBUTES": "a=b,service.name=cart"}, ["OTEL_RESOURCE_ATTRIBUTES"]),
        (["java", AGENT, "-jar", "cart.jar"], {}, ["-javaagent"]),
        (["java", "-Dotel.service.name=cart", "-jar", "cart.jar"], {}, ["-Dotel.service.name"]),
        (["java", "-jar", "cart.jar"], {"JAVA_TOOL_OPTIONS": f"-Xmx1g {AGENT}"}, ["JAVA_TOOL_OPTIONS"]),
        (["node", "--require", "@opentelemetry/auto-instrumentations-node/register", "app.js"], {}, ["--require"]),
        (["node", "--import=./instrumentation.mjs", "app.js"], {}, ["--import"]),
        (["node", "-r", "./tracing.js", "app.js"], {}, ["-r"]),
        (["node", "app.js"], {"NODE_OPTIONS": "--require /otel/autoinstrumentation.js"}, ["NODE_OPTIONS"]),
        (["python3", "/usr/bin/opentelemetry-instrument", "app.py"], {}, ["opentelemetry-instrument"]),
        (
            ["python3", "app.py"],
            {"PYTHONPATH": "/v/opentelemetry/instrumentation/auto_instrumentation:/app"},
            ["PYTHONPATH"],
        ),
        (
            ["dotnet", "cart.dll"],
            {"CORECLR_ENABLE_PROFILING": "1", "CORECLR_PROFILER": "{918728DD-259F-4A6A-AC2B-B85E1B658318}"},
            ["CORECLR_PROFILER"],
        ),
        (["puma 6.4"], {"RUBYOPT": "-ropentelemetry-auto-instrumentation"}, ["RUBYOPT"]),
        (["/usr/bin/velo-sql", "deploy-app", "--enable-tracing"], {}, ["--enable-tracing", "velo-sql"]),
        (["/usr/bin/velo-sql", "deploy-app"], {}, ["velo-sql"]),
        (["/srv/cart", "--otlp-endpoint", "http://otel:4318"], {}, ["--otlp-endpoint"]),
    ],
)
def test_an_instrumented_program(world: World, words: list[str], environment: dict[str, str], tells: list[str]) -> None:
    world.process(20, words, environment)

    found = only(world.look()["applications"])

    assert (found["pid"], found["tells"], found["source"]) == (20, tells, "/proc/20")


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        (["/bin/bash"], SERVICE),
        (["-bash"], SERVICE),
        (["sh", "-c", "sleep 1; app"], SERVICE),
        (["bash", "/srv/start.sh"], SERVICE),
        (["sudo", "-u", "cart", "/srv/cart"], SERVICE),
        (["vim", "app.py"], SERVICE),
        (["tail", "-f", "/var/log/cart.log"], SERVICE),
        (["docker", "run", "-e", "OTEL_SERVICE_NAME=cart", "cart"], SERVICE),
        (["/usr/bin/docker-proxy", "-proto", "tcp", "-container-port", "4317"], {}),
        (["/usr/bin/python3", "/usr/bin/ansible-playbook", "site.yml"], SERVICE),
        (["/usr/bin/python3", "/root/.ansible/tmp/ansible-tmp-1/AnsiballZ_collect.py"], SERVICE),
        (["/usr/bin/python3"], SERVICE),  # a module that comes through a pipe
        (["python3", "-c", "import time; time.sleep(9)"], SERVICE),
        (["python3", "-m", "pytest", "tests"], SERVICE),
        (["postgres: walwriter "], SERVICE),
        (["npm start"], SERVICE),
        (["/srv/cart"], {"OTEL_METRICS_EXPORTER": "prometheus", "OTEL_LOG_LEVEL": "debug"}),
        (["/srv/cart"], {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://otel:4318/v1/metrics"}),
        (["/srv/cart"], {"OTEL_RESOURCE_ATTRIBUTES": "k8s.pod.name=cart-1"}),
        (["/usr/bin/cc1"], {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "unix:///dev/otel-grpc.sock"}),
        (["java", "-javaagent:/opt/jacoco.jar", "-jar", "cart.jar"], {}),
        (["dotnet", "cart.dll"], {"CORECLR_PROFILER": "{846F5F1C-F9AE-4B07-969E-05C26BC060D8}"}),
        (["node", "--require", "dotenv/config", "app.js"], {}),
        (["/opt/chrome", "--enable-tracing"], {}),
        (["/usr/bin/app", "--telemetry=off"], {"REQUESTS_CA_BUNDLE": "/etc/ca.pem"}),
        ([], SERVICE),
    ],
)
def test_no_application(world: World, words: list[str], environment: dict[str, str]) -> None:
    world.process(20, words, environment)

    found = world.look()

    assert (found["applications"], found["unseen"]) == ([], [])


def test_what_takes_effect_of_its_settings(world: World) -> None:
    world.process(
        812,
        ["/usr/bin/python3", "/srv/cart/app.py"],
        {
            "OTEL_SERVICE_NAME": "cart",
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://user:secret@127.0.0.1:4318",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_HEADERS": "x-scope-orgid=a,api-key=secret",
            "OTEL_TRACES_SAMPLER": "always_off",
        },
    )

    found = only(world.look()["applications"])

    assert (found["name"], found["service"], found["language"]) == ("cart", "cart", "python")
    assert found["service_source"] == "OTEL_SERVICE_NAME in /proc/812/environ"
    assert (found["endpoint"], found["protocol"]) == ("http://127.0.0.1:4318", "http/protobuf")
    assert found["endpoint_source"] == "OTEL_EXPORTER_OTLP_ENDPOINT in /proc/812/environ"
    assert (found["sampler"], found["exporter"]) == ("always_off", "otlp")
    assert (found["header_names"], found["resolved"]) == (["api-key", "x-scope-orgid"], ["127.0.0.1"])
    assert (found["program"], found["command"]) == ("app.py", "/usr/bin/python3 /srv/cart/app.py")
    assert found["started"] == "2025-11-28T14:43:20Z"
    assert (found["running"], found["own_network"]) == (True, False)


def test_the_file_of_the_java_agent(world: World) -> None:
    """Which weighs less than options and variables."""
    world.file(
        "/srv/otel.properties",
        "# the agent's\notel.service.name = stock\notel.exporter.otlp.endpoint=http://u:secret@127.0.0.1:\\\n  4319\n"
        "otel.traces.sampler: always_off\nother=1\notel\n",
    )
    option = "-Dotel.javaagent.configuration-file=otel.properties"
    world.process(20, ["java", AGENT, option, "-jar", "stock.jar"], {"OTEL_TRACES_SAMPLER": "always_on"}, cwd="/srv")

    found = only(world.look()["applications"])

    assert (found["name"], found["service_source"]) == ("stock", "otel.properties:2")
    assert (found["endpoint"], found["endpoint_source"]) == ("http://127.0.0.1:4319", "otel.properties:3")
    assert found["sampler"] == "always_on"


def test_an_option_is_read_in_the_command_line(world: World) -> None:
    world.process(20, ["java", "-Dotel.service.name=cart", "-jar", "/srv/cart.jar"])

    found = only(world.look()["applications"])

    assert found["service_source"] == "-Dotel.service.name in /proc/20/cmdline"


def test_without_a_service_name_it_is_called_by_its_program(world: World) -> None:
    world.process(20, ["python3", "/srv/app.py"], {"OTEL_TRACES_EXPORTER": "otlp"})

    found = only(world.look()["applications"])

    assert (found["name"], found["service"], found["service_source"], found["endpoint"]) == ("app.py", "", "", "")


# --- one program, several processes


def test_workers_are_no_applications_of_their_own(world: World) -> None:
    """As gunicorn's: one master, and processes that it forked."""
    world.process(20, ["gunicorn: master [cart:app]"], SERVICE)
    for pid in (21, 22, 23):
        world.process(pid, ["gunicorn: worker [cart:app]"], SERVICE, parent=20, group=pid)

    found = only(world.look()["applications"])

    assert (found["pid"], found["program"], found["language"]) == (20, "gunicorn", "python")


def test_what_a_wrapper_starts_is_the_application(world: World) -> None:
    world.process(20, ["/sbin/docker-init", "--", "npm", "start"], SERVICE)
    world.process(21, ["npm start"], SERVICE, parent=20, group=20)
    world.process(22, ["sh", "-c", "node server.js"], SERVICE, parent=21, group=20)
    world.process(23, ["node", "server.js"], SERVICE, parent=22, group=20)

    assert only(world.look()["applications"])["pid"] == 23


def test_what_a_process_manager_starts_several_times_is_one(world: World) -> None:
    world.process(19, ["PM2 v5.3.1: God Daemon (/root/.pm2)"])
    for pid in (20, 21):
        world.process(pid, ["node", "/srv/cart/server.js"], SERVICE, parent=19)

    assert only(world.look()["applications"])["pid"] == 20


def test_what_an_application_starts_is_not_another_one(world: World) -> None:
    """Its children have its variables, whatever they are written in, and not its options."""
    java = {**SERVICE, "JAVA_TOOL_OPTIONS": AGENT}
    world.process(20, ["java", "-Dotel.service.name=shop", "-jar", "shop.jar"], java)
    world.process(21, ["/usr/bin/ffmpeg", "-i", "in.mkv"], java, parent=20)
    world.process(22, ["python3", "/srv/report.py"], java, parent=21)
    world.process(23, ["python3", "/srv/other.py"], {**java, "OTEL_SERVICE_NAME": "other"}, parent=20)

    assert world.applications() == ["shop", "other"]


def test_what_a_backend_starts_is_no_application(world: World) -> None:
    """As Grafana's plugins."""
    world.process(20, ["grafana", "server"], SERVICE, cgroup="/system.slice/grafana-server.service")
    world.process(21, ["/var/lib/grafana/gpx_x"], SERVICE, parent=20, cgroup="/system.slice/grafana-server.service")

    found = world.look()

    assert (found["applications"], only(found["grafanas"])["pid"]) == ([], 20)


def test_a_helper_in_a_backends_image_is_not_a_second_one(world: World) -> None:
    grafana = world.container("grafana", "grafana/grafana:13", ["/run.sh"], pid=20)
    world.process(20, ["grafana", "server"], SERVICE, cgroup=f"/docker/{grafana}")
    world.process(21, ["/usr/share/helper"], SERVICE, cgroup=f"/docker/{grafana}")

    found = world.look()

    assert (found["applications"], only(found["grafanas"])["pid"]) == ([], 20)


def test_processes_of_a_unit_with_the_same_settings_are_one(world: World) -> None:
    for pid in (20, 21):
        world.process(pid, ["/srv/cart", str(pid)], SERVICE, cgroup="/system.slice/cart.service")

    found = only(world.look()["applications"])

    assert (found["pid"], found["unit"]) == (20, "cart.service")


def test_two_services_of_one_unit_are_two_applications(world: World) -> None:
    for pid, service in ((20, "cart"), (21, "stock")):
        world.process(pid, ["/srv/app"], {"OTEL_SERVICE_NAME": service}, cgroup="/system.slice/supervisor.service")

    assert world.applications() == ["cart", "stock"]


def test_the_same_service_twice_has_distinct_names(world: World) -> None:
    world.process(20, ["/srv/cart"], SERVICE, cgroup="/system.slice/cart-a.service")
    world.process(21, ["/srv/cart"], SERVICE, cgroup="/system.slice/cart-b.service")
    world.process(22, ["/srv/cart"], SERVICE)
    world.process(23, ["/srv/cart"], SERVICE)

    found = world.look()["applications"]

    assert [each["name"] for each in found] == [
        "cart (unit cart-a.service)",
        "cart (unit cart-b.service)",
        "cart (pid 22)",
        "cart (pid 23)",
    ]
    assert {each["service"] for each in found} == {"cart"}


# --- where it belongs


@pytest.mark.parametrize(
    ("cgroup", "unit"),
    [
        ("/system.slice/cart.service", "cart.service"),
        ("/system.slice/system-cart.slice/cart@7.service", "cart@7.service"),
        ("12:pids:/system.slice/cart.service\n1:name=systemd:/system.slice/cart.service\n0::/\n", "cart.service"),
        ("1:name=systemd:/user.slice/user-0.slice/session-3.scope\n", ""),
        ("/user.slice/user-1000.slice/user@1000.service/app.slice/cart.service", ""),
        ("/system.slice/ssh.service", ""),
        ("/system.slice/docker.service", ""),
        ("/lxc.payload.web/system.slice/cart.service", ""),
        ("/machine.slice/systemd-nspawn@web.service/payload/system.slice/cart.service", ""),
        ("", ""),
        ("garbage\n::::\n0::\n", ""),
    ],
)
def test_the_unit_of_a_process(world: World, cgroup: str, unit: str) -> None:
    world.process(20, ["/srv/cart"], SERVICE, cgroup=cgroup)

    assert only(world.look()["applications"])["unit"] == unit


def test_a_host_that_is_itself_a_container_has_its_own_units(world: World) -> None:
    """As systemd in a container that sees the groups of the machine."""
    (world.proc / "1/cgroup").write_text(f"1:name=systemd:/docker/{'ab' * 32}/init.scope\n")
    world.process(20, ["/srv/cart"], SERVICE, cgroup=f"1:name=systemd:/docker/{'ab' * 32}/system.slice/cart.service\n")

    found = only(world.look()["applications"])

    assert (found["unit"], found["container"]) == ("cart.service", "")


# --- other programs of the path


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["/usr/bin/otelcol-contrib", "--config", "/etc/otelcol-contrib/config.yaml"], "otelcol"),
        (["/otelcol", "--config=/etc/otelcol.yaml"], "otelcol"),
        (["/otelcol-k8s"], "otelcol"),
        (["/awscollector"], "otelcol"),
        (["/usr/bin/python3", "/usr/local/bin/otelcol", "--config=c.yaml"], "otelcol"),
        (["/usr/bin/alloy", "run", "/etc/alloy/config.alloy"], "alloy"),
        (["/bin/grafana-agent", "-config.file=/etc/agent.yaml"], "grafana-agent"),
        (["/opt/fluent-bit/bin/fluent-bit", "-c", "/etc/fluent-bit/fluent-bit.conf"], "fluent-bit"),
        (["/usr/bin/vector", "-c", "/etc/vector/vector.yaml"], "vector"),
        (["/cmd/jaeger/jaeger-linux"], "jaeger"),
        (["/go/bin/all-in-one-linux"], ""),
        (["/tempo", "-config.file=/etc/tempo.yaml"], "tempo"),
        (["/usr/bin/tempo", "-target=all"], "tempo"),
        (["grafana", "server", "--homepath=/usr/share/grafana"], "grafana"),
        (["/usr/sbin/grafana-server"], "grafana"),
        (["grafana", "cli", "plugins", "ls"], ""),
        (["/otelcol", "validate", "--config=x"], ""),
        (["/usr/bin/tempo-cli"], ""),
        (["vim", "tempo"], ""),
        (["java", "-jar", "alloy.jar"], ""),
        (["/usr/bin/collector"], ""),
        ([], ""),
    ],
)
def test_programs_of_the_path_by_their_command(words: list[str], kind: str) -> None:
    assert programs.kind_of(words) == kind


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        ("otel/opentelemetry-collector-contrib:0.155.0", "otelcol"),
        ("ghcr.io/open-telemetry/opentelemetry-collector-releases/opentelemetry-collector:0.155.0", "otelcol"),
        ("registry.example:5000/infra/otelcol@sha256:" + "a" * 64, "otelcol"),
        ("docker.io/grafana/alloy:v1.9.0", "alloy"),
        ("grafana/agent:v0.44", "grafana-agent"),
        ("fluent/fluent-bit", "fluent-bit"),
        ("timberio/vector:0.50-debian", "vector"),
        ("jaegertracing/all-in-one:1.76", "jaeger"),
        ("grafana/tempo:2.10.8", "tempo"),
        ("grafana/grafana-enterprise:13.1.0", "grafana"),
        ("grafana/loki:3", ""),
        ("grafana/grafana-image-renderer:3", ""),
        ("grafana/tempo-query:2.6", ""),
        ("postgres:16", ""),
        ("", ""),
    ],
)
def test_programs_of_the_path_by_their_image(image: str, kind: str) -> None:
    assert programs.kind_of_image(image) == kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("velo-tempo", "tempo"),
        ("monitoring_grafana_1", "grafana"),
        ("shop-otel-collector-1", "otelcol"),
        ("grafana-db", ""),
        ("tempo-minio-1", ""),
        ("collector", ""),
        ("1", ""),
        ("", ""),
    ],
)
def test_programs_of_the_path_by_the_name_of_their_container(name: str, kind: str) -> None:
    assert programs.kind_of_name(name) == kind


def test_a_tempo_with_tracing_settings_of_its_own_is_no_application(world: World) -> None:
    world.process(20, ["/usr/bin/tempo", "-config.file=/etc/tempo.yaml"], SERVICE)

    found = world.look()

    assert (found["applications"], only(found["tempos"])["name"]) == ([], "tempo")


def test_the_script_that_starts_a_program_of_the_same_name_is_not_another_one(world: World) -> None:
    unit = "/system.slice/tempo.service"
    world.process(20, ["/bin/bash", "/usr/local/bin/tempo"], cgroup=unit)
    world.process(21, ["/opt/tempo/tempo", "-config.file=/etc/tempo.yaml"], cgroup=unit, parent=20)

    assert only(world.look()["tempos"])["pid"] == 21
