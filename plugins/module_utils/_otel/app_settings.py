# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application's tracing settings: which variables and options there are, and which values take effect.

Pure functions. Rules of the OpenTelemetry specification 1.40 (environment variables, OTLP exporter), of the Java agent
(system properties win over variables), and of Velostream as of 2026-02-19.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import addresses, later
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import MASK, clean, is_whole, redact
from ansible_collections.traceops.tracing.plugins.module_utils._otel import sdk_rules, velostream
from ansible_collections.traceops.tracing.plugins.module_utils._otel.command_lines import split

# A value, and from which variable or option it comes; "default" where none is set.
Setting = t.TypedDict("Setting", {"value": t.Any, "from": str}, total=False)
Text = t.TypedDict("Text", {"value": t.Optional[str], "from": str}, total=False)
Number = t.TypedDict("Number", {"value": t.Optional[float], "from": str}, total=False)
Switch = t.TypedDict("Switch", {"value": t.Optional[bool], "from": str}, total=False)


class JavaAgent(Text, total=False):
    """The agent's path, and whether it is switched on."""

    enabled: bool


class Parts(t.TypedDict, total=False):
    """The parts of an endpoint."""

    scheme: str
    host: str
    port: t.Optional[int]
    path: str
    loopback: t.Optional[bool]


class EndpointSetting(Text, Parts, total=False):
    """An endpoint, and its parts."""


class LogLevel(Text, total=False):
    """A log level, and whether spans are logged with it; null where that is not known."""

    shows_spans: t.Optional[bool]


class Proxies(t.TypedDict):
    """The values, masked, and whether exports go through one of them."""

    http: str
    https: str
    all: str
    grpc: str
    no_proxy: str
    applies: bool


class Effective(t.TypedDict, total=False):
    """What takes effect."""

    enabled: Switch
    language: Text
    exporter: Text
    sdk_disabled: Switch
    javaagent: JavaAgent
    sampler: Text
    ratio: Number
    new_traces_share: Number  # of new traces that are recorded
    endpoint: EndpointSetting
    protocol: Text
    timeout_s: Number  # of one export
    compression: Text
    insecure: Switch  # over gRPC without TLS where the endpoint has no scheme
    ca_path: Text
    service_name: Text
    propagators: Text
    schedule_delay_ms: Number
    log_level: LogLevel
    header_names: t.List[str]
    proxies: Proxies


MAX_VALUE = 500  # characters

_VARIABLE = later.pattern(
    r"^(?:OTEL_\w+|RUST_LOG|JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS|_JAVA_OPTIONS|NODE_OPTIONS|CORECLR_ENABLE_PROFILING|"
    r"CORECLR_PROFILER|DOTNET_STARTUP_HOOKS|SSL_CERT_FILE|SSL_CERT_DIR|NODE_EXTRA_CA_CERTS|REQUESTS_CA_BUNDLE|"
    r"(?:https?|all|no|grpc)_proxy|(?:HTTPS?|ALL|NO|GRPC)_PROXY)$"
)
_OPTION = later.pattern(r"^--(?:(?:enable-)?(?:tracing|telemetry|tracing-\w+)|(?:otlp|otel|sampling)-[\w-]+)$")
_JAVA_OPTION_VARIABLES = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS")
# CLIENT_KEY is a path.
_SECRET_NAME = later.pattern(r"(?i)token|secret|passw|credential|auth|(?<!client.)key$")
_URL_NAME = later.pattern(r"(?i)(?:endpoint|proxy|url)$")
_HEADER_NAME = later.pattern(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
# Headers whose values say where data goes, not who sends it.
_OPEN_HEADERS = ("x-scope-orgid",)


def relevant_variables(environment: t.Mapping[str, str]) -> t.Dict[str, str]:
    """The variables that concern tracing, unmasked."""
    return {name: value for name, value in environment.items() if _VARIABLE.match(name)}


def relevant_options(words: t.Sequence[str]) -> t.Dict[str, t.Any]:
    """{"--sampling-mode": "prod", "--enable-tracing": True, "-javaagent": path, "-Dotel.x": value}, unmasked."""
    found: t.Dict[str, t.Any] = {}
    for position, word in enumerate(words[1:], 1):
        name, equals, value = word.partition("=")
        if word.startswith("-javaagent:"):
            # Behind the path stand arguments, which may be keys.
            found["-javaagent"] = word.split(":", 1)[1].partition("=")[0]
        elif name.startswith("-Dotel."):
            found[name] = value
        elif _OPTION.match(name):
            following = words[position + 1] if position + 1 < len(words) else ""
            if equals:
                found[name] = value
            else:
                takes_value = not name.startswith("--enable-") and following and not following.startswith("--")
                found[name] = following if takes_value else True
    return found


def masked_variables(variables: t.Mapping[str, str]) -> t.Dict[str, str]:
    """The variables as they may be shown."""
    return {clean(name): masked(name, value) for name, value in sorted(variables.items())}


def masked_options(options: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    return {
        clean(name): value if value is True else masked(name.replace(".", "_"), str(value))
        for name, value in sorted(options.items())
    }


def masked(name: str, value: str) -> str:
    """`value` without credentials: header values, URLs' user names, anything whose name says secret."""
    if name in _JAVA_OPTION_VARIABLES:
        # A JVM's options hold anything; what concerns tracing is enough.
        shown = masked_options(relevant_options(["java", *split(value)]))
        agent = [f"-javaagent:{shown.pop('-javaagent')}"] if "-javaagent" in shown else []
        return " ".join([*agent, *(f"{part}={rest}" for part, rest in shown.items() if part.startswith("-D"))])[
            :MAX_VALUE
        ]
    if re.search(r"(?i)headers?$", name):
        return clean(",".join(_masked_header(pair) for pair in value.split(",") if pair.strip()))[:MAX_VALUE]
    if _SECRET_NAME.search(name):
        return MASK
    return without_user(value) if _URL_NAME.search(name) else redact(clean(value))[:MAX_VALUE]


def _masked_header(pair: str) -> str:
    """NAME=VALUE without the value; nothing at all of what is not of that form, since it may be the value."""
    name, _equals, value = pair.partition("=")
    if not _is_header(pair):
        return MASK
    return f"{name.strip()}={value.strip() if name.strip().lower() in _OPEN_HEADERS else MASK}"


def _is_header(pair: str) -> bool:
    name, equals, _value = pair.partition("=")
    return bool(equals) and _HEADER_NAME.fullmatch(name.strip()) is not None


def without_user(url: str) -> str:
    """An endpoint or proxy as it may be shown: here a scheme may be missing, and / or @ stand in a password."""
    url = clean(url).strip()
    if "://" not in url or not is_whole(url):
        url = re.sub(r"(?is)^((?:[a-z][a-z0-9+.-]*://)?).*@", rf"\g<1>{MASK}@", url)
    # Some backends take a key in the query.
    return redact(re.sub(r"([?&;])([^=&;#]*=)?[^&;#]+", rf"\1\2{MASK}", url))[:MAX_VALUE]


class Layers:
    """Where a setting's value comes from: Java system properties first, then variables."""

    def __init__(self, variables: t.Mapping[str, str], options: t.Mapping[str, t.Any]) -> None:
        self._values: t.Dict[str, t.Tuple[str, str]] = {
            name: (value, name) for name, value in variables.items() if value.strip()
        }
        given = {name: str(value) for name, value in options.items() if name.startswith("-Dotel.")}
        # The JVM reads these in this order, and the last one wins.
        for variable in ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"):
            self._properties(relevant_options(["java", *split(variables.get(variable, ""))]))
        self._properties(given)
        self._properties(relevant_options(["java", *split(variables.get("_JAVA_OPTIONS", ""))]))

    def _properties(self, options: t.Mapping[str, t.Any]) -> None:
        for option, value in options.items():
            if option.startswith("-Dotel."):
                self._values[option[2:].upper().replace(".", "_").replace("-", "_")] = (str(value), option)

    def get(self, *names: str, default: t.Any = None) -> Setting:
        """The first of these variables that is set, as {value, from}; surrounding spaces do not count."""
        for name in names:
            if name in self._values:
                value, origin = self._values[name]
                return {"value": value.strip(), "from": origin}
        return {"value": default, "from": "default"}


def effective(variables: t.Mapping[str, str], options: t.Mapping[str, t.Any], words: t.Sequence[str]) -> Effective:
    """What takes effect of an application's variables, options and command line."""
    layers = Layers(variables, options)
    language, told_by = sdk_rules.language_of(words, variables)
    found: t.Dict[str, t.Any] = {
        "enabled": {"value": None, "from": "default"},
        "language": {"value": language or None, "from": told_by or "default"},
        "exporter": _lower(layers.get("OTEL_TRACES_EXPORTER", default="otlp")),
        "sdk_disabled": _boolean(layers.get("OTEL_SDK_DISABLED", default="false")),
        "javaagent": _javaagent(variables, options, layers),
        "sampler": _lower(layers.get("OTEL_TRACES_SAMPLER", default="parentbased_always_on")),
        "endpoint": _otlp(layers, "ENDPOINT"),
        "protocol": _lower(_otlp(layers, "PROTOCOL")),
        "compression": _lower(_otlp(layers, "COMPRESSION", default="none")),
        "insecure": _boolean(_otlp(layers, "INSECURE", default="false")),
        "ca_path": _otlp(layers, "CERTIFICATE"),
        "service_name": _service_name(layers),
        "propagators": layers.get("OTEL_PROPAGATORS", default="tracecontext,baggage"),
        "schedule_delay_ms": _number(layers.get("OTEL_BSP_SCHEDULE_DELAY", default="5000")),
        "log_level": {**_lower(layers.get("OTEL_LOG_LEVEL", default="info")), "shows_spans": None},
        "header_names": _header_names(layers),
    }
    found["protocol"] = _protocol(found)
    found["timeout_s"] = _timeout(layers, language)
    found["ratio"] = _ratio(found["sampler"], layers)
    found["new_traces_share"] = dict(found["ratio"])
    if velostream.is_it(words):
        velostream.apply(found, variables, options, words)
    if found["endpoint"]["value"]:
        found["endpoint"]["value"] = without_user(found["endpoint"]["value"])
    found["endpoint"].update(_parsed(found["endpoint"]["value"]))
    found["proxies"] = _proxies(variables, found["endpoint"], found["protocol"]["value"] == "grpc")
    if not sdk_rules.heeds_proxies(language, found["protocol"]["value"]):
        found["proxies"]["applies"] = False
    for setting in found.values():
        if isinstance(setting, dict) and isinstance(setting.get("value"), str):
            setting["value"] = redact(clean(setting["value"]))[:MAX_VALUE]
    return t.cast(Effective, found)


def _otlp(layers: Layers, name: str, default: t.Any = None) -> Setting:
    """A setting of the OTLP exporter: the one for traces wins over that for all signals."""
    return layers.get(f"OTEL_EXPORTER_OTLP_TRACES_{name}", f"OTEL_EXPORTER_OTLP_{name}", default=default)


def _protocol(found: t.Mapping[str, t.Any]) -> Text:
    """The protocol that is set, that the exporter's name says, or that this SDK has by default."""
    given, exporter = found["protocol"], found["exporter"]
    if given["value"]:
        return t.cast(Text, given)
    named = sdk_rules.protocol_of_exporter(str(exporter["value"]))
    if named:
        return {"value": named, "from": exporter["from"]}
    language = found["language"]["value"] or ""
    usual = sdk_rules.default_protocol(language, str(found["javaagent"]["value"] or ""))
    return {"value": usual, "from": f"the default of {sdk_rules.RULES[language].name}" if usual else "default"}


def _timeout(layers: Layers, language: str) -> Number:
    """OTEL_EXPORTER_OTLP_TIMEOUT in seconds: SDKs count it in seconds or milliseconds; 10 s where it is not set."""
    given = _otlp(layers, "TIMEOUT")
    unit = sdk_rules.RULES[language].timeout_s if language in sdk_rules.RULES else None
    number = None if given["value"] is None else velostream.number(str(given["value"]))
    if given["value"] is None:
        return {"value": 10.0, "from": "default"}
    return {"value": None if number is None or unit is None else number * unit, "from": given["from"]}


def _lower(setting: Setting) -> Setting:
    value = setting["value"]
    return {**setting, "value": value.lower() if isinstance(value, str) else value}


def _boolean(setting: Setting) -> Setting:
    """Only the word true, in any case, means true (specification 1.40, boolean values)."""
    return {**setting, "value": str(setting["value"]).lower() == "true"}


def _number(setting: Setting) -> Setting:
    """The value as a number; None where it is none."""
    return {**setting, "value": velostream.number(str(setting["value"]))}


def _javaagent(variables: t.Mapping[str, str], options: t.Mapping[str, t.Any], layers: Layers) -> JavaAgent:
    found: Text = {
        "value": options.get("-javaagent"),
        "from": "-javaagent" if "-javaagent" in options else "default",
    }
    for variable in _JAVA_OPTION_VARIABLES:
        path = relevant_options(["java", *split(variables.get(variable, ""))]).get("-javaagent")
        if path and not found["value"]:
            found = {"value": path, "from": variable}
    enabled = str(layers.get("OTEL_JAVAAGENT_ENABLED", default="true")["value"]).lower() != "false"
    return {**found, "enabled": bool(found["value"]) and enabled}


def _service_name(layers: Layers) -> Setting:
    given = layers.get("OTEL_SERVICE_NAME")
    if given["value"]:
        return given
    attributes = layers.get("OTEL_RESOURCE_ATTRIBUTES", default="")
    for pair in attributes["value"].split(","):
        key, _equals, value = pair.partition("=")
        if key.strip() == "service.name" and value.strip():
            return {"value": value.strip(), "from": attributes["from"]}
    return {"value": "unknown_service", "from": "default"}


def _ratio(sampler: Setting, layers: Layers) -> Setting:
    """The share of new traces that the sampler keeps; None where only the program knows."""
    name = str(sampler["value"])
    if name.endswith("always_on"):
        return {"value": 1.0, "from": sampler["from"]}
    if name.endswith("always_off"):
        return {"value": 0.0, "from": sampler["from"]}
    if not name.endswith("traceidratio"):
        return {"value": None, "from": sampler["from"]}
    argument = _number(layers.get("OTEL_TRACES_SAMPLER_ARG", default="1.0"))
    if argument["value"] is None or not 0 <= argument["value"] <= 1:
        # SDKs fall back to 1.0 when they cannot read it.
        return {"value": 1.0, "from": "default"}
    return argument


def _header_names(layers: Layers) -> t.List[str]:
    names: t.Set[str] = set()
    for variable in ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"):
        pairs = str(layers.get(variable, default="")["value"]).split(",")
        names |= {pair.partition("=")[0].strip().lower() for pair in pairs if _is_header(pair)}
    return sorted(names)


def _parsed(endpoint: t.Optional[str]) -> Parts:
    """The parts of an endpoint, also of the form HOST:PORT."""
    nothing: Parts = {"scheme": "", "host": "", "port": None, "path": "", "loopback": None}
    if not endpoint:
        return nothing
    address = addresses.split(endpoint)
    if address is None:
        return nothing
    return {
        "scheme": address.scheme,
        "host": clean(address.host),
        "port": address.port,
        "path": clean(address.path),
        "loopback": addresses.leads_here(address.host),
    }


def _proxies(variables: t.Mapping[str, str], endpoint: Parts, grpc: bool) -> Proxies:
    """The proxies, and whether exports to `endpoint` go through one.

    gRPC looks at grpc_proxy, https_proxy and http_proxy, whatever the scheme (grpcio 1.85, environment_variables.md).
    """

    def value(name: str) -> str:
        return variables.get(f"{name}_proxy") or variables.get(f"{name}_proxy".upper()) or ""

    asked = ("grpc", "https", "http") if grpc else ("https" if endpoint["scheme"] == "https" else "http",)
    proxy = next((value(name) for name in (*asked, "all") if value(name)), "")
    host = endpoint["host"] or "localhost"
    return {
        "http": without_user(value("http")),
        "https": without_user(value("https")),
        "all": without_user(value("all")),
        "grpc": without_user(value("grpc")),
        "no_proxy": redact(clean(value("no")))[:MAX_VALUE],
        "applies": bool(proxy) and not addresses.excepted(host, endpoint["port"], value("no")),
    }
