# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the configuration of a Grafana says: where it listens, and the Tempo data sources that files provision.

The rules are those of Grafana's pkg/setting (setting.go, expanders.go) and pkg/services/provisioning (values.go,
datasources/config_reader.go), 9.4 of January 2023: cfg: on the command line, GF_ variables, the file, cfg:default.,
conf/defaults.ini, in this order.
"""

from __future__ import annotations

import posixpath
import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import addresses, ini_lines, nodes
from ansible_collections.traceops.tracing.plugins.module_utils._base.nodes import Node, at, entries, word
from ansible_collections.traceops.tracing.plugins.module_utils._otel import file_reading as shown
from ansible_collections.traceops.tracing.plugins.module_utils._otel.file_reading import Reading
from ansible_collections.traceops.tracing.plugins.module_utils._otel.path_files import DataSource, GrafanaFiles

DEFAULT_PORT = 3000
_DEFAULTS = {
    ("server", "protocol"): "http",
    ("server", "domain"): "localhost",
    ("server", "http_port"): str(DEFAULT_PORT),
    ("server", "root_url"): "%(protocol)s://%(domain)s:%(http_port)s/",
    ("paths", "provisioning"): "conf/provisioning",
}
_EXPANDED = re.compile(r"\$(?:__(\w+))?\{([^}]+)\}")
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_REFERENCE = re.compile(r"%\((\w+)\)s")


class _Settings:
    """The settings of one Grafana, whoever says them."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        # The image's run.sh makes options of both variables; of a container that does not run, they are all there is.
        self.home = (shown.options(reading.words, "homepath") or [reading.environment.get("GF_PATHS_HOME", "")])[-1]
        paths = [reading.environment.get("GF_PATHS_CONFIG", ""), *shown.options(reading.words, "config")]
        path = next((path for path in reversed(paths) if path), "")
        self.path = path or posixpath.join(self.home, "conf/custom.ini")
        self.file = self._ini(self.path, optional=not path)
        self.defaults = self._ini(posixpath.join(self.home, "conf/defaults.ini"), optional=True)

    def _ini(self, path: str, optional: bool) -> t.Optional[Node]:
        text = self.reading.text(path, optional)
        return None if text is None else ini_lines.document(text, shown.shown_path(path))

    def get(self, section: str, key: str, depth: int = 0) -> Node:
        """A setting, expanded, with the place that says it; an empty text without a place when none does."""
        node = self._said(section, key)
        text = expanded(self.reading, node)
        if depth < 5:
            text = _REFERENCE.sub(lambda found: word(self.get(section, found.group(1), depth + 1)), text)
        return node._replace(value=text)

    def _said(self, section: str, key: str) -> Node:
        variable = f"GF_{section}_{key}".upper().replace(".", "_").replace("-", "_")
        for prefix in ("", "default."):
            option = f"cfg:{prefix}{section}.{key}="
            values = [each[len(option) :] for each in self.reading.words if each.startswith(option)]
            if values:
                return Node(values[-1], 0, f"command line, {option[:-1]}", True)
            if not prefix and self.reading.environment.get(variable):
                return Node(self.reading.environment[variable], 0, f"environment, {variable}", True)
            found = at(self.file, section, key)
            if not prefix and found is not None and word(found):
                return found
        return at(self.defaults, section, key) or Node(_DEFAULTS.get((section, key), ""), 0, "", True)


def read(reading: Reading) -> GrafanaFiles:
    """What the settings of a Grafana say, and the data sources that it is provisioned with."""
    settings = _Settings(reading)
    protocol = word(settings.get("server", "protocol")) or "http"
    port = settings.get("server", "http_port")
    root_url = word(settings.get("server", "root_url"))
    behind = addresses.split(shown.shown_endpoint(root_url))
    beneath = nodes.truth(settings.get("server", "serve_from_sub_path"))
    provisioning = posixpath.join(settings.home, word(settings.get("paths", "provisioning")))
    return GrafanaFiles(
        protocol=shown.shown_name(protocol),
        host=shown.listening(word(settings.get("server", "http_addr"))).host,
        port=None if protocol == "socket" else shown.port_number(word(port)) or DEFAULT_PORT,
        path=behind.path.rstrip("/") if beneath and behind else "",
        datasources=_datasources(reading, posixpath.join(provisioning, "datasources")),
        source=nodes.place(port) or shown.shown_path(settings.path if settings.file else ""),
    )


def _datasources(reading: Reading, folder: str) -> t.List[DataSource]:
    """The Tempo data sources of the files in a folder."""
    found: t.List[DataSource] = []
    for name in reading.folder(folder):
        if not name.endswith((".yaml", ".yml")):
            continue
        tree = reading.yaml(posixpath.join(folder, name))
        for entry in entries(at(tree, "datasources")):
            if expanded(reading, at(entry, "type")) == "tempo":
                url = at(entry, "url")
                found.append(
                    DataSource(
                        name=shown.shown_text(expanded(reading, at(entry, "name"))),
                        uid=shown.shown_name(expanded(reading, at(entry, "uid"))),
                        url=shown.shown_endpoint(expanded(reading, url)),
                        access=shown.shown_name(expanded(reading, at(entry, "access"))),
                        source=nodes.place(url or entry),
                    )
                )
    return found


def expanded(reading: Reading, node: t.Optional[Node]) -> str:
    """A value with $VAR, ${VAR}, $__env{VAR} and $__file{PATH} put in; $$ is a $ (values.go, interpolateValue)."""
    return "$".join(_expanded(reading, part, nodes.place(node)) for part in word(node).split("$$"))


def _expanded(reading: Reading, part: str, place: str) -> str:
    def put_in(found: t.Match[str]) -> str:
        how, what = found.group(1) or "env", found.group(2)
        if how == "env":
            return reading.environment.get(what, "")
        if how == "file":
            return (reading.text(what) or "").strip()[:4096]
        reading.say(f"{place}: what $__{shown.shown_name(how)}{{}} leads to cannot be followed")
        return ""

    part = _EXPANDED.sub(put_in, part)
    return _VARIABLE.sub(lambda found: reading.environment.get(found.group(1) or found.group(2), ""), part)
