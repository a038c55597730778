# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which programs a span meets: by command line, image and variables. Pure functions.

Names of programs and images as their projects publish them in autumn 2026; Tempo 2 and 3, Grafana 10 to 13.
"""

from __future__ import annotations

import functools
import os
import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import later
from ansible_collections.traceops.tracing.plugins.module_utils._otel import app_settings, velostream
from ansible_collections.traceops.tracing.plugins.module_utils._otel.command_lines import program_of, split

APPLICATION, TEMPO, GRAFANA = "application", "tempo", "grafana"
COLLECTORS = ("otelcol", "alloy", "grafana-agent", "fluent-bit", "vector", "jaeger")

_PROGRAMS: t.Tuple[t.Tuple[t.Pattern[str], str], ...] = tuple(
    (later.pattern(pattern), kind)
    for pattern, kind in (
        # The Collector's own distributions, and those of AWS, Google, Splunk, New Relic, observIQ, Dynatrace.
        (
            r"otel-?(?:contrib)?-?col(?:lector)?(?:[-_.].*)?|otelcontribcol|otelopscol|opentelemetry-collector.*",
            "otelcol",
        ),
        (r"otelopscol|otel-agent|aws-?(?:otel-)?collector", "otelcol"),
        (r"[\w]+-otel-?col(?:lector)?(?:[-_.].*)?|nrdot-collector.*", "otelcol"),
        (r"(?:grafana-)?alloy(?:-linux-\w+|-darwin-\w+)?", "alloy"),
        (r"grafana-agent(?:-flow)?(?:-linux-\w+)?", "grafana-agent"),
        (r"(?:fluent|td-agent)-bit", "fluent-bit"),
        (r"vector", "vector"),
        (r"jaeger(?:-(?:all-in-one|collector|agent|ingester|query|v2))?(?:-linux(?:-\w+)?)?", "jaeger"),
        (r"tempo(?:-linux-\w+|-darwin-\w+)?|enterprise-traces", TEMPO),
        (r"grafana(?:-server)?", GRAFANA),
    )
)
_IMAGES: t.Tuple[t.Tuple[t.Pattern[str], str], ...] = tuple(
    (later.pattern(pattern), kind)
    for pattern, kind in (
        (
            r"(?:.*[/-])?(?:opentelemetry-collector|otelcol|otel-collector|aws-otel-collector|nrdot-collector)[\w.-]*",
            "otelcol",
        ),
        (r"(?:.*/)?alloy", "alloy"),
        (r"(?:.*/)?grafana/agent|(?:.*/)?grafana-agent", "grafana-agent"),
        (r"(?:.*/)?(?:aws-for-)?fluent-bit", "fluent-bit"),
        (r"(?:.*/)?timberio/vector|(?:.*/)?vector", "vector"),
        (r"(?:.*/)?jaegertracing/[\w-]+|(?:.*/)?jaeger(?:-all-in-one|-collector)?", "jaeger"),
        (r"(?:.*/)?(?:tempo|enterprise-traces)", TEMPO),
        (r"(?:.*/)?grafana(?:-oss|-enterprise)?", GRAFANA),
    )
)
# What they do beside their work.
_COMMANDS = ((GRAFANA, "cli"), ("otelcol", "validate"), ("otelcol", "components"))
# Last parts of containers' names, for images of one's own.
_NAMES = {"tempo": TEMPO, "grafana": GRAFANA, "alloy": "alloy", "otelcol": "otelcol", "jaeger": "jaeger"}

_INTERPRETERS = later.pattern(r"^(?:python[\d.]*|pypy[\d.]*|ipython[\d.]*|node|nodejs|ruby|irb|perl|php)$")
_SHELLS = later.pattern(r"^-?(?:sh|bash|ash|dash|zsh|fish|ksh|busybox|csh|tcsh)$")
# What starts others and waits for them: it has their variables, too.
_WRAPPERS = later.pattern(
    r"^(?:npm(?:-cli\.js)?|npx(?:-cli\.js)?|yarn(?:\.js)?|pnpm(?:\.cjs)?|PM2|corepack|docker-init|podman-init|tini|"
    r"catatonit|dumb-init|env|timeout|nohup|nice|ionice|su|"
    r"sudo|doas|runuser|gosu|su-exec|setpriv|chroot|unshare|nsenter|setsid|stdbuf|start-stop-daemon|supervisord|runsv|"
    r"runsvdir|s6-.*|circusd|honcho|foreman|pm2|nodemon|watchexec|entr|strace|ltrace|gdb|perf|systemd|init|systemd-run|"
    r"conmon|containerd-shim.*|runc|crun|crond?|atd|anacron|xargs|flock|script|expect|make|ninja|bazel|gradle|mvn|time)$"
)
# What has variables of others and no instrumentation of its own.
_NEVER = later.pattern(
    r"^(?:vi|vim|nvim|nano|emacs|ed|less|more|man|cat|tac|tail|head|tee|grep|egrep|rg|ag|awk|gawk|mawk|sed|cut|sort|find|ls|ps|"
    r"top|htop|atop|iotop|watch|sleep|wait|true|yes|date|cp|mv|rm|rsync|scp|sftp|ssh|sshd.*|ssh-agent|autossh|tmux.*|screen|"
    r"SCREEN|git|git-.*|curl|wget|nc|ncat|netcat|socat|telnet|dig|ping|tcpdump|ss|lsof|openssl|grpcurl|jq|tar|gzip|unzip|"
    r"docker|docker-compose|docker-proxy|docker-buildx|podman|nerdctl|crictl|ctr|kubectl|k9s|helm|minikube|kind|"
    r"rootlesskit.*|rootlessport.*|slirp4netns|pasta.*|passt.*|kube-proxy|envoy|pilot-agent|linkerd2-proxy|ztunnel|"
    r"cilium.*|coredns|cloudflared|frp[cs]|ngrok|stunnel.*|terraform|ansible.*|AnsiballZ_.*|pytest|"
    r"systemctl|journalctl|loginctl|dbus-.*|gpg-agent|logger|rsyslogd|logrotate|rotatelogs|multilog|svlogd|agetty|login|"
    r"\(sd-pam\)|systemd-.*|polkitd|"
    r"postgres|postmaster|psql|pg_\w+|mysqld|mysqld_safe|mariadbd|mysql|mariadb|mongod|mongos|mongosh|redis-.*|valkey-.*|"
    r"memcached|rabbitmq-server|nginx|httpd|haproxy|varnishd|squid|minio|clickhouse.*|influxd|etcd|"
    r"prometheus|alertmanager|pushgateway|loki|promtail|mimir|node_exporter|.*_exporter|cadvisor|tempo-cli|tempo-vulture|"
    r"grafana-cli|chrome|chromium|firefox)$"
)

_VARIABLE = later.pattern(
    r"^OTEL_(?:SERVICE_NAME|SDK_DISABLED|PROPAGATORS|TRACES_\w+|BSP_\w+|SPAN_\w+|(?:EXPERIMENTAL_)?CONFIG_FILE|"
    r"EXPORTER_OTLP_(?:TRACES_\w+|ENDPOINT|PROTOCOL|HEADERS|CERTIFICATE|INSECURE|COMPRESSION|TIMEOUT|CLIENT_\w+)|"
    r"EXPORTER_(?:JAEGER|ZIPKIN)_\w+|(?:JAVAAGENT|INSTRUMENTATION|NODE|PYTHON|DOTNET|PHP|GO|RUBY)_\w+)$"
)
_NO_SPANS = later.pattern(r"^OTEL_(?:PYTHON_LOG\w*|\w+_(?:LOG_LEVEL|LOG_DIRECTORY|LOGS_\w+|METRICS_\w+))$")
_AGENT = later.pattern(r"(?i)opentelemetry|otel|applicationinsights-agent|autoinstrumentation")
_NODE_MODULE = later.pattern(
    r"(?i)opentelemetry|otel|(?:^|/)(?:instrumentation|tracing|autoinstrumentation)(?:\.[cm]?[jt]s)?$"
)
_JAVA_OPTIONS = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS")
_BUILD = "unix:///dev/otel-grpc.sock"  # what BuildKit gives the steps of a build
_PROFILER = "{918728DD-259F-4A6A-AC2B-B85E1B658318}"  # OpenTelemetry .NET Automatic Instrumentation


def kind_of(words: t.Sequence[str]) -> str:
    """Which program of a span's path a command line runs; "" for any other."""
    kind = _kind_of_program(program_of(words))
    command = next((word for word in words[1:] if not word.startswith("-")), "") if kind else ""
    return "" if (kind, command) in _COMMANDS else kind


@functools.lru_cache(maxsize=4096)
def _kind_of_program(program: str) -> str:
    return next((kind for pattern, kind in _PROGRAMS if pattern.fullmatch(program)), "")


def kind_of_image(image: str) -> str:
    """The same by the name of a container's image, without registry, tag and digest."""
    name = re.sub(r"(?::[\w.-]+)?(?:@sha256:[0-9a-f]+)?$", "", image.strip().lower())
    return next((kind for pattern, kind in _IMAGES if pattern.fullmatch(name)), "")


def kind_of_name(name: str) -> str:
    """The same by the last part of a container's name (velo-tempo, monitoring_grafana_1), for images of one's own."""
    parts = [part for part in re.split(r"[-_.]", name.lower()) if part and not part.isdigit()]
    if len(parts) > 1 and parts[-2:] in (["otel", "collector"], ["opentelemetry", "collector"]):
        return "otelcol"
    return _NAMES.get(parts[-1], "") if parts else ""


def is_wrapper(words: t.Sequence[str]) -> bool:
    """Whether it starts others, as a shell does, and has variables for them."""
    name = _bare(words)
    return bool(_SHELLS.match(name) or _WRAPPERS.match(name) or _WRAPPERS.match(program_of(words)))


def is_shell(words: t.Sequence[str]) -> bool:
    return bool(_SHELLS.match(_bare(words)))


def is_adhoc(words: t.Sequence[str]) -> bool:
    """Whether an interpreter runs a line that was typed (python3 -c ...), or what it is told on its standard input."""
    if program_of(words) != _bare(words) or not _INTERPRETERS.match(_bare(words)):
        return False
    return not words[1:] or any(word in ("-", "-i", "-c", "-e", "--eval", "-p") for word in words[1:])


def is_never(words: t.Sequence[str]) -> bool:
    """Whether it is a tool or a server that is no application, whatever variables it has."""
    return any(_NEVER.match(name) for name in (_bare(words), program_of(words)))


def _bare(words: t.Sequence[str]) -> str:
    """The program's own name, also of "npm start" and "nginx: master process", which name themselves."""
    return os.path.basename(re.split(r": | ", words[0], maxsplit=1)[0]) if words else ""


def tells(words: t.Sequence[str], variables: t.Mapping[str, str]) -> t.List[str]:
    """What says that a program is instrumented: names of variables and options; [] when nothing does."""
    if _BUILD in (variables.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), variables.get("OTEL_EXPORTER_OTLP_ENDPOINT")):
        return []
    found = [name for name in variables if _VARIABLE.match(name) and not _NO_SPANS.match(name)]
    if re.search(r"(?:^|,)\s*service\.name=", variables.get("OTEL_RESOURCE_ATTRIBUTES", "")):
        found.append("OTEL_RESOURCE_ATTRIBUTES")
    found += [name for name in _JAVA_OPTIONS if _of_java(["java", *split(variables.get(name, ""))])]
    if _of_node(["node", *split(variables.get("NODE_OPTIONS", ""))]):
        found.append("NODE_OPTIONS")
    if variables.get("CORECLR_PROFILER", "").upper() == _PROFILER:
        found.append("CORECLR_PROFILER")
    for variable, pattern in (
        ("DOTNET_STARTUP_HOOKS", r"OpenTelemetry"),
        ("PYTHONPATH", r"opentelemetry/instrumentation/auto_instrumentation"),
        ("RUBYOPT", r"opentelemetry"),
    ):
        if re.search(pattern, variables.get(variable, "")):
            found.append(variable)
    found = sorted(set(found))
    names = [os.path.basename(word) for word in words[:3]]
    if "opentelemetry-instrument" in names:
        found.append("opentelemetry-instrument")
    found += _of_java(words)
    if re.fullmatch(r"node|nodejs|bun|tsx|ts-node", names[0] if names else ""):
        found += _of_node(words)
    options = app_settings.relevant_options(words)
    found += [name for name in options if re.match(r"--(?:otlp|otel)-", name)]
    if velostream.is_it(words):
        found += [*(name for name in options if name == "--enable-tracing"), names[0]]
    return list(dict.fromkeys(found))


def _of_java(words: t.Sequence[str]) -> t.List[str]:
    """The options by which a JVM is instrumented."""
    found: t.List[str] = []
    for word in words[1:]:
        if word.startswith("-javaagent:") and _AGENT.search(os.path.basename(word[11:].partition("=")[0])):
            found.append("-javaagent")
        elif word.startswith("-Dotel."):
            found.append(word.partition("=")[0])
    return found


def _of_node(words: t.Sequence[str]) -> t.List[str]:
    """The options by which Node.js loads OpenTelemetry before the program."""
    found: t.List[str] = []
    for word, following in zip(words[1:], [*words[2:], ""]):
        name, equals, value = word.partition("=")
        loads = name in ("--require", "--import", "-r", "--loader", "--experimental-loader")
        if loads and _NODE_MODULE.search(value if equals else following):
            found.append(name)
    return found


# Of containers that somebody named as the stack's: what the image's name says, before the container's own is believed.
# Everything on a host is held to more (kind_of_image, kind_of_name).
_STACK = {
    "tempo": later.pattern(r"^(?:[\w.-]*-)?tempo(?:-distroless)?$"),
    "grafana": later.pattern(r"^(?:[\w.-]*-)?grafana(?:-(?:oss|enterprise|dev))?$"),
}
# Programs that carry one of these words in their names and are neither.
_NEIGHBOURS = later.pattern(
    r"agent|alloy|collector|exporter|renderer|operator|proxy|prometheus|promtail|loki|mimir|pyroscope"
    r"|tempo-(?:cli|query|vulture)$"
)
_STACK_WORD = {
    "tempo": later.pattern(r"(?:^|[-_.])tempo(?:[-_.\d]|$)"),
    "grafana": later.pattern(r"(?:^|[-_.])grafana(?:[-_.\d]|$)"),
}


@functools.lru_cache(maxsize=4096)  # a container is looked at for its host, its applications and its backend
def role_of(name: str, image: str, program: str) -> t.Optional[str]:
    """`tempo`, `grafana` or None, of a container's name, its image and the program that it starts."""
    repository = re.sub(r"(?:@sha256:.*|:[\w.-]+)$", "", image).rpartition("/")[2]
    for word in (program, repository):
        role = next((role for role, pattern in _STACK.items() if pattern.match(word)), None)
        if role:
            return role
        if _NEIGHBOURS.search(word):
            return None
    if program in ("grafana-server",):
        return "grafana"
    if _NEIGHBOURS.search(name):
        return None
    return next((role for role, pattern in _STACK_WORD.items() if pattern.search(name)), None)
