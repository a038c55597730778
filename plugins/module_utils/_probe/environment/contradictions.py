# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tracing settings that cannot all be meant, or that this application's SDK takes in another way than they read."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean, redact
from ansible_collections.traceops.tracing.plugins.module_utils._otel import sdk_rules, velostream
from ansible_collections.traceops.tracing.plugins.module_utils._otel.app_settings import (
    MAX_VALUE,
    Effective,
    Layers,
    masked_options,
)


class Contradiction(t.TypedDict):
    """Settings that cannot all be meant; `contradictions` has the subjects."""

    subject: str
    settings: t.List[str]
    message: str


# (subject, the settings that it is about, one sentence)
Said = t.Tuple[str, t.List[str], str]


class Seen(t.NamedTuple):
    """What the rules look at."""

    layers: Layers
    found: Effective
    options: t.Mapping[str, t.Any]

    @property
    def language(self) -> str:
        return self.found["language"]["value"] or ""

    @property
    def sdk(self) -> t.Optional[sdk_rules.Rules]:
        return sdk_rules.RULES.get(self.language)

    @property
    def protocol(self) -> t.Optional[str]:
        return self.found["protocol"]["value"]

    @property
    def http(self) -> bool:
        """Whether it exports over HTTP: so its protocol says, or else its port."""
        spoken = self.protocol in (sdk_rules.HTTP_PROTOBUF, sdk_rules.HTTP_JSON)
        return spoken or (self.protocol is None and self.found["endpoint"].get("port") == 4318)

    @property
    def named(self) -> str:
        endpoint = self.found["endpoint"]
        return f"{endpoint['from']} ({endpoint['value']})"


def contradictions(
    variables: t.Mapping[str, str], options: t.Mapping[str, t.Any], found: Effective
) -> t.List[Contradiction]:
    """All that the rules find.

    Subjects: endpoint_unusable, endpoint_of_queries, scheme_missing, scheme_means_tls, port_protocol, port_missing,
    traces_path, traces_path_twice, path_over_grpc, protocol_unknown, protocol_unsupported, exporter_unknown,
    header_syntax, batch_over_queue, sampler_unknown, sampler_argument, sampler_argument_unused, option_overridden,
    port_rewritten, mode_unknown.
    """
    seen = Seen(Layers(variables, options), found, options)
    said: t.List[Contradiction] = []
    for rule in _RULES:
        for subject, settings, message in rule(seen):
            shown = redact(clean(message))[:MAX_VALUE]
            said.append({"subject": subject, "settings": list(settings), "message": shown})
    return said


# --- the endpoint


def _endpoint_form(seen: Seen) -> t.Iterator[Said]:
    """A value that is no address, whatever the SDK."""
    endpoint = seen.found["endpoint"]
    value, origin = endpoint["value"], endpoint["from"]
    if not value:
        return
    for pattern, words in _MALFORMED:
        if re.search(pattern, value):
            yield "endpoint_unusable", [origin], f"{seen.named} {words}"
            return
    if endpoint["port"] in _QUERY_PORTS:
        yield (
            "endpoint_of_queries",
            [origin],
            f"{seen.named} has the port of {_QUERY_PORTS[endpoint['port']]}, which accepts no spans",
        )


_MALFORMED: t.Tuple[t.Tuple[str, str], ...] = (
    (r"^[\"'].*[\"']$", "contains quotes from the file that it comes from"),
    (r"\s|,\s*\w+=|OTEL_[A-Z]+|-Dotel\.", "is more than an address: it contains the neighbouring setting"),
    (r"^(?:[a-z]+://)?(?:[0-9a-fA-F]*:){2,}[0-9a-fA-F]*(?:/|$)", "is an IPv6 address without brackets"),
    (r"^(?!https?://|unix:)[a-z][a-z0-9+.-]*://", "has a scheme that is neither http nor https"),
    (r"^https?:/(?!/)|^https?//", "has a scheme that lacks a character"),
    (r":(?:0|6[6-9]\d{3}|[7-9]\d{4}|\d{6,})(?:/|$)", "has a port that does not exist"),
)
_QUERY_PORTS: t.Dict[t.Optional[int], str] = {
    3200: "Tempo's API",
    3100: "Loki",
    9095: "Tempo's internal gRPC",
    3000: "Grafana",
    16686: "Jaeger's page",
}


def _scheme(seen: Seen) -> t.Iterator[Said]:
    endpoint = seen.found["endpoint"]
    if not endpoint["value"] or endpoint["scheme"] in ("http", "https") or "://" in endpoint["value"]:
        return
    if seen.protocol is None and not seen.http:
        return  # who knows the SDK's protocol knows what a bare HOST:PORT means
    fate = sdk_rules.bare_endpoint(seen.language, seen.protocol or sdk_rules.HTTP_PROTOBUF)
    if fate == sdk_rules.TLS:
        if not seen.found["insecure"]["value"]:
            name = t.cast(sdk_rules.Rules, seen.sdk).name
            yield (
                "scheme_means_tls",
                [endpoint["from"]],
                f"{seen.named} has no http://, so {name} uses TLS (OTEL_EXPORTER_OTLP_INSECURE is not true)",
            )
    elif seen.http or seen.sdk:
        yield "scheme_missing", [endpoint["from"]], f"{seen.named} has no http:// or https://"


def _port(seen: Seen) -> t.Iterator[Said]:
    endpoint, protocol = seen.found["endpoint"], seen.found["protocol"]
    if not endpoint["value"]:
        return
    both = [endpoint["from"], protocol["from"]]
    if endpoint["port"] == 4317 and seen.protocol in (sdk_rules.HTTP_PROTOBUF, sdk_rules.HTTP_JSON):
        yield (
            "port_protocol",
            both,
            f"{seen.named} has the port of gRPC, but the protocol is {seen.protocol}{_by(protocol)}",
        )
    if endpoint["port"] == 4318 and seen.protocol == sdk_rules.GRPC:
        words = f"{seen.named} has the port of OTLP over HTTP, but the protocol is grpc{_by(protocol)}"
        yield "port_protocol", both, words
    if endpoint["scheme"] == "http" and endpoint["host"] and not re.search(r":\d+(?:/|$)", endpoint["value"]):
        yield "port_missing", [endpoint["from"]], f"{seen.named} has no port, so port 80 is used"


def _by(protocol: t.Mapping[str, t.Any]) -> str:
    return f" ({protocol['from']})" if str(protocol["from"]).startswith("the default") else ""


def _path(seen: Seen) -> t.Iterator[Said]:
    endpoint = seen.found["endpoint"]
    if not endpoint["value"]:
        return
    verbatim = endpoint["from"] in sdk_rules.VERBATIM
    ends_well = endpoint["path"].rstrip("/").endswith("/v1/traces")
    if seen.http and verbatim and not ends_well:
        yield "traces_path", [endpoint["from"]], f"{seen.named} is used unchanged, but does not end with /v1/traces"
    if seen.http and not verbatim and ends_well:
        yield "traces_path_twice", [endpoint["from"]], f"{seen.named} gets /v1/traces appended although it ends with it"
    if seen.protocol == sdk_rules.GRPC and endpoint["path"].strip("/"):
        yield "path_over_grpc", [endpoint["from"]], f"{seen.named} has a path, which gRPC does not use"


# --- exporter, protocol and headers


def _protocol(seen: Seen) -> t.Iterator[Said]:
    protocol = seen.found["protocol"]
    if protocol["value"] is None:
        return
    if protocol["value"] not in sdk_rules.PROTOCOLS:
        words = f"{protocol['from']} is '{protocol['value']}', which no exporter knows"
        yield "protocol_unknown", [protocol["from"]], words
    elif seen.sdk and protocol["value"] not in seen.sdk.protocols:
        can = " and ".join(seen.sdk.protocols)
        words = f"{protocol['from']} is '{protocol['value']}', but {seen.sdk.name}'s exporter speaks {can} only"
        yield "protocol_unsupported", [protocol["from"]], words


def _exporter(seen: Seen) -> t.Iterator[Said]:
    exporter = seen.found["exporter"]
    if seen.found["sampler"]["from"] == "velostream" or exporter["from"] == "default":
        return
    known = (*sdk_rules.EXPORTERS, *(seen.sdk.exporters if seen.sdk else _ANY_EXPORTER))
    for word in str(exporter["value"]).split(","):
        if word.strip() and word.strip() not in known:
            where = f" of {seen.sdk.name}" if seen.sdk else ""
            words = f"{exporter['from']} is '{word.strip()}', which is not a trace exporter{where}"
            yield "exporter_unknown", [exporter["from"]], words


_ANY_EXPORTER = tuple(word for sdk in sdk_rules.RULES.values() for word in sdk.exporters)


def _headers(seen: Seen) -> t.Iterator[Said]:
    for variable in ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"):
        given = seen.layers.get(variable, default="")
        for pair in str(given["value"]).split(","):
            name, equals, value = pair.partition("=")
            if not pair.strip():
                continue
            if not equals or ":" in name or not re.fullmatch(r"\s*[A-Za-z0-9!#$%&'*+.^_`|~-]+\s*", name):
                words = "is not of the form NAME=VALUE"
            elif re.search(r"[\"{}\\]", value) or value.strip() in ("", "Bearer"):
                words = f"has a value for {name.strip()} that no header can have"
            else:
                continue
            # Whatever stands there may be a credential.
            yield "header_syntax", [given["from"]], f"an entry of {given['from']} {words}"
            break


def _queue(seen: Seen) -> t.Iterator[Said]:
    """SDKs refuse a batch that is larger than its queue, or cut it."""
    batch = velostream.number(str(seen.layers.get("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", default="512")["value"]))
    queue = velostream.number(str(seen.layers.get("OTEL_BSP_MAX_QUEUE_SIZE", default="2048")["value"]))
    if batch is not None and queue is not None and batch > queue:
        names = ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "OTEL_BSP_MAX_QUEUE_SIZE"]
        yield "batch_over_queue", names, f"{names[0]} ({batch:g}) is larger than {names[1]} ({queue:g})"


# --- sampling


SAMPLERS = (
    *("always_on", "always_off", "traceidratio"),
    *("parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"),
    *("parentbased_jaeger_remote", "jaeger_remote", "xray"),
)


def _sampler(seen: Seen) -> t.Iterator[Said]:
    sampler, argument = seen.found["sampler"], seen.layers.get("OTEL_TRACES_SAMPLER_ARG")
    name = str(sampler["value"])
    if sampler["from"] == "velostream":
        return  # it sets its sampler itself; the variables have no effect
    if name not in SAMPLERS:
        words = f"{sampler['from']} is '{name}', which is not a sampler of the specification"
        yield "sampler_unknown", [sampler["from"]], words
    elif argument["value"] is None:
        return
    elif not name.endswith(("traceidratio", "jaeger_remote")):
        words = f"{argument['from']} is '{argument['value']}', but the sampler {name} takes no argument"
        yield "sampler_argument_unused", [argument["from"], sampler["from"]], words
    elif name.endswith("traceidratio"):
        number = velostream.number(str(argument["value"]))
        if number is None or not 0 <= number <= 1:
            words = f"{argument['from']} is '{argument['value']}', which is not between 0 and 1"
            yield "sampler_argument", [argument["from"]], words


def _velostream(seen: Seen) -> t.Iterator[Said]:
    yield from velostream.contradictions(masked_options(seen.options), seen.found)


_RULES: t.Tuple[t.Callable[[Seen], t.Iterator[Said]], ...] = (
    _protocol,
    _endpoint_form,
    _port,
    _path,
    _scheme,
    _exporter,
    _headers,
    _queue,
    _sampler,
    _velostream,
)
