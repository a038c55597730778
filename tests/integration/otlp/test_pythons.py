"""The probe on the Pythons that hosts have, without any package: each with its own OpenSSL, the same causes."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._probe import otlp
from ansible_collections.traceops.tracing.tests.certificates import Authority, Pair, server_context
from ansible_collections.traceops.tracing.tests.conftest import require
from ansible_collections.traceops.tracing.tests.lab.tempo import Tempo
from ansible_collections.traceops.tracing.tests.probing import options
from ansible_collections.traceops.tracing.tests.servers import answering, closed_port, http_answer, tcp_server

ASK = (
    "import json, sys\n"
    "from ansible_collections.traceops.tracing.plugins.module_utils._probe import otlp\n"
    "json.dump([otlp.run(params) for params in json.load(sys.stdin)], sys.stdout)\n"
)
COLLECTIONS = Path(__file__).resolve().parents[6]


def python(version: str) -> str | None:
    """A Python of this version: pyenv's, or the one on PATH."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = [*map(str, root.glob(f"versions/{version}.*/bin/python")), shutil.which(f"python{version}")]
    for program in filter(None, found):
        with contextlib.suppress(OSError):
            said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
            if said.startswith(f"Python {version}."):
                return program
    return None


@contextlib.contextmanager
def tls(pair: Pair, client_ca: str | None = None) -> Iterator[str]:
    context = server_context(pair, client_ca)

    def handle(connection: object) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:  # type: ignore[call-overload]
            answering(http_answer(200, b"", "application/x-protobuf"))(wrapped)

    with tcp_server(handle) as port:
        yield f"https://127.0.0.1:{port}"


@pytest.mark.parametrize("version", ["3.8", "3.9", "3.10", "3.12", "3.13"])
def test_the_causes_are_the_same(version: str, tmp_path: Path) -> None:
    program = python(version)
    require(program, f"Python {version}")
    authority = Authority(tmp_path)
    client = authority.issue("client", [])
    tempo = Tempo()
    with contextlib.ExitStack() as servers:
        servers.callback(tempo.stop)
        good = servers.enter_context(tls(authority.issue("good")))
        mutual = servers.enter_context(tls(authority.issue("mutual"), authority.ca))
        cases = [
            ("ok", {"endpoint": tempo.otlp_http}),
            ("ok", {"endpoint": tempo.otlp_http, "protocol": "http/json"}),
            ("library_missing", {"endpoint": tempo.otlp_grpc}),
            ("protocol_mismatch", {"endpoint": tempo.otlp_grpc, "protocol": "http/protobuf"}),
            ("connection_refused", {"endpoint": f"127.0.0.1:{closed_port()}"}),
            ("ok", {"endpoint": good}),
            ("certificate_untrusted", {"endpoint": good, "ca_path": client.cert}),
            ("tls_required", {"endpoint": good.replace("https", "http")}),
            ("tls_not_spoken", {"endpoint": tempo.otlp_grpc.replace("http", "https")}),
            (
                "certificate_expired",
                {"endpoint": servers.enter_context(tls(authority.issue("old", first_day=-5, last_day=-2)))},
            ),
            (
                "certificate_name_mismatch",
                {"endpoint": servers.enter_context(tls(authority.issue("other", ["other.example"])))},
            ),
            ("client_certificate_required", {"endpoint": mutual}),
            ("ok", {"endpoint": mutual, "client_cert": client.cert, "client_key": client.key}),
        ]
        asked = [options(otlp, **{"ca_path": authority.ca, "timeout": 20.0, **given}) for _cause, given in cases]
        done = subprocess.run(
            [str(program), "-I", "-c", f"import sys; sys.path.insert(0, {str(COLLECTIONS)!r})\n{ASK}"],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert [seen["cause"] for seen in json.loads(done.stdout)] == [cause for cause, _given in cases]
    certificate = json.loads(done.stdout)[5]["phases"]["tls"]["certificate"]
    assert (certificate["subject"], certificate["days_left"]) == ("O=Tests, CN=good", 29)


def test_this_python_is_not_asked_instead() -> None:
    assert python("3.0") is None
    assert python(f"{sys.version_info[0]}.{sys.version_info[1]}")
