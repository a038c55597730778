# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Docker Engine (or Podman's compatible socket) through the Docker SDK: read only, bounded, with one error type.

The engine is the one that `docker_host` names, else DOCKER_HOST, else the first well-known socket that exists.
TLS follows DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, as in the docker program.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import time
import typing as t
from urllib.parse import quote

from ansible_collections.traceops.tracing.plugins.module_utils._base.bounded import TookTooLong, bounded
from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import (
    BadOption,
    MissingLibrary,
    ProbeFailure,
)
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt, is_whole, public_url

T = t.TypeVar("T")
Json = t.Dict[str, t.Any]
MAX_LOG = 1024 * 1024  # bytes
STATS_PATIENCE = 5.0  # seconds; an engine that hangs on one container's usage still tells the rest
_SCHEMES = ("unix://", "tcp://", "http://", "https://")


class Engine:
    """One engine, asked within one deadline.

    Every method raises ProbeFailure with cause library_missing, daemon_unreachable, permission_denied,
    timeout, or engine_error (an answer that is an error), and returns None where the thing asked for is gone.
    """

    def __init__(self, docker_host: t.Optional[str], timeout: float) -> None:
        """`timeout`: seconds for everything that is asked of this engine."""
        if not 0 < timeout <= 3600:
            raise BadOption(f"timeout: {timeout:g} is not between 0 and 3600 seconds")
        self.url = _engine_url(docker_host)
        self.timeout = timeout
        self.shown = self.url if self.url.startswith("unix://") else public_url(self.url)
        self.local = self.url.startswith("unix://")
        self._deadline = time.monotonic() + timeout
        self._api: t.Any = None  # docker.APIClient, whose type stubs lag behind

    @property
    def left(self) -> float:
        """Seconds until the deadline; never less than a few milliseconds, so a caller fails and does not hang."""
        return max(0.01, self._deadline - time.monotonic())

    def version(self) -> Json:
        """`GET /version`: Version, ApiVersion, Os, Arch ..."""
        return self._must(lambda api: api.version())

    def containers(self) -> t.List[Json]:
        """`GET /containers/json`: a summary of every container, running or not."""
        return self._must(lambda api: api.containers(all=True))

    def inspect(self, container: str) -> t.Optional[Json]:
        """`GET /containers/ID/json`."""
        return self._ask(lambda api: api.inspect_container(container))

    def image(self, image_id: str) -> t.Optional[Json]:
        """`GET /images/ID/json`."""
        return self._ask(lambda api: api.inspect_image(image_id))

    def networks(self) -> t.List[Json]:
        """`GET /networks`."""
        return self._must(lambda api: api.networks())

    def stats(self, containers: t.Sequence[str]) -> t.Dict[str, Json]:
        """{ID: one sample of `GET /containers/ID/stats`}, without those that give none (API before 1.41, for one).

        Asked side by side: Docker 20.10 keeps each request waiting for up to a second.
        """

        def sample(container: str) -> t.Optional[Json]:
            try:
                return self._ask(lambda api: api.stats(container, stream=False, one_shot=True), STATS_PATIENCE)
            except ProbeFailure:
                return None

        if not containers:
            return {}
        import concurrent.futures  # costs a host without containers more than the rest of this file

        with concurrent.futures.ThreadPoolExecutor(min(32, len(containers))) as pool:
            samples = dict(zip(containers, pool.map(sample, containers)))
        return {container: value for container, value in samples.items() if value is not None}

    def log(self, container: str, lines: int) -> t.Optional[bytes]:
        """The last `lines` of a container's standard output and error together, at most MAX_LOG bytes of them."""

        def read(api: t.Any) -> bytes:
            parts: t.List[bytes] = []
            size = 0
            stream = api.logs(container, stdout=True, stderr=True, tail=lines, stream=True, follow=False)
            try:
                for part in stream:
                    parts.append(part)
                    size += len(part)
                    # Keep the end: a few huge lines must not fill the memory.
                    while size - len(parts[0]) >= MAX_LOG:
                        size -= len(parts.pop(0))
                    if len(parts) == 1 and size > MAX_LOG:
                        parts, size = [part[-MAX_LOG:]], MAX_LOG
            finally:
                stream.close()
            return b"".join(parts)

        return self._ask(read)

    def log_chunks(self, container: str, since: t.Optional[float], until: t.Optional[float]) -> t.Iterator[bytes]:
        """A container's standard output and error between two times (epoch seconds), each line behind its time."""
        bounds = {name: at for name, at in (("since", since), ("until", until)) if at is not None}
        stream = self._ask(
            lambda api: api.logs(
                container, stdout=True, stderr=True, timestamps=True, stream=True, follow=False, **bounds
            )
        )
        if stream is None:
            return
        import requests

        try:
            yield from stream
        except (requests.exceptions.RequestException, OSError, ValueError) as error:
            raise self._failure(error) from None
        finally:
            stream.close()

    def path(self, container: str, path: str) -> t.Optional[Json]:
        """What `path` inside a container is: {name, size, mode, mtime, linkTarget}; works without a shell inside."""
        return self._ask(lambda api: _path_stat(api, container, path))

    def close(self) -> None:
        if self._api is not None:
            self._api.close()
            self._api = None

    def _must(self, call: t.Callable[[t.Any], T]) -> T:
        value = self._ask(call)
        if value is None:
            raise ProbeFailure("engine_error", f"what answers at {self.shown} is no Docker Engine (status 404)")
        return value

    def _ask(self, call: t.Callable[[t.Any], t.Optional[T]], at_most: float = 3600.0) -> t.Optional[T]:
        """What `call` returns, None for 404; within the deadline, and within `at_most` seconds."""
        if self.local and _is_absent(self.url[len("unix://") :]):
            # Said before the SDK is imported, which costs a host without an engine more than all its other probes.
            raise self._failure(FileNotFoundError())
        try:
            import docker
            import requests
        except ImportError:
            raise MissingLibrary("docker", "to ask the Docker Engine") from None

        def work() -> t.Optional[T]:
            api = self._connect()
            api.timeout = self.left
            return call(api)

        try:
            # The SDK's own timeout starts anew with each byte that arrives.
            return bounded(work, min(self.left, at_most))
        except docker.errors.NotFound:
            return None
        except TookTooLong:
            raise self._too_late() from None
        except (docker.errors.DockerException, requests.exceptions.RequestException, OSError, ValueError) as error:
            # While it negotiates the API's version, the SDK wraps a timeout in an error of its own.
            if any(isinstance(each, requests.exceptions.Timeout) for each in (error, error.__context__)):
                raise self._too_late() from None
            raise self._failure(error) from None

    def _connect(self) -> t.Any:
        if self._api is None:
            from docker import APIClient
            from docker.utils import kwargs_from_env

            tls = kwargs_from_env().get("tls", False)
            make: t.Any = APIClient
            self._api = make(base_url=self.url, version="auto", timeout=self.left, tls=tls)
        return self._api

    def _too_late(self) -> ProbeFailure:
        return ProbeFailure("timeout", f"the Docker Engine at {self.shown} did not answer within {self.timeout:g} s")

    def _failure(self, error: BaseException) -> ProbeFailure:
        """What the SDK, requests and sockets raise, as one error; the stable part of the text decides."""
        text, where = f"{type(error).__name__} {error!r}", self.shown
        if "Not supported URL scheme" in text:
            # docker-py before 7.1 with requests 2.32 and later.
            return ProbeFailure(
                "library_missing",
                "the installed Python packages 'docker' and 'requests' do not fit: docker 7.1 or newer is needed",
            )
        if "PermissionError" in text or "Permission denied" in text:
            return ProbeFailure(
                "permission_denied",
                f"this user may not talk to the Docker Engine at {where}: become root or join the socket's group",
            )
        if "certificate" in text.lower() or "SSLError" in text:
            return ProbeFailure("daemon_unreachable", f"the TLS handshake with the Docker Engine at {where} failed")
        status = getattr(getattr(error, "response", None), "status_code", None)
        if status in (401, 403):
            return ProbeFailure("permission_denied", f"the Docker Engine at {where} refuses this user ({status})")
        if status is not None:
            explanation = excerpt(str(getattr(error, "explanation", "") or error), 160)
            return ProbeFailure("engine_error", f"the Docker Engine at {where} answers {status}: {explanation}")
        return ProbeFailure("daemon_unreachable", f"no Docker Engine answers at {where} ({_words(text)})")


@contextlib.contextmanager
def well_formed(engine: Engine) -> t.Iterator[None]:
    """Around code that reads answers: one that is not of the API's form is an engine_error, never a traceback."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ProbeFailure(
            "engine_error", f"the Docker Engine at {engine.shown} gave an answer that is not of the API's form"
        ) from None


def _engine_url(docker_host: t.Optional[str]) -> str:
    url = docker_host or os.environ.get("DOCKER_HOST")
    if not url:
        return next(
            (f"unix://{path}" for path in _well_known_sockets() if os.path.exists(path)), "unix:///var/run/docker.sock"
        )
    if not url.startswith(_SCHEMES) or not (url.startswith("unix://") or is_whole(url)):
        raise BadOption(
            f"docker_host: '{public_url(url)[:120]}' should be unix:///PATH, tcp://HOST:PORT or https://HOST:PORT"
        )
    return url


def _is_absent(path: str) -> bool:
    try:
        os.stat(path)
    except FileNotFoundError:
        return True
    except OSError:
        pass
    return False


def _well_known_sockets() -> t.List[str]:
    """Docker's socket, rootless Docker's, Podman's and rootless Podman's."""
    mine = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    return [
        "/var/run/docker.sock",
        f"{mine}/docker.sock",
        "/run/podman/podman.sock",
        f"{mine}/podman/podman.sock",
    ]


def _path_stat(api: t.Any, container: str, path: str) -> t.Optional[Json]:
    url = f"{api.base_url}/v{api.api_version}/containers/{quote(container)}/archive"
    answer = api.head(url, params={"path": path}, timeout=api.timeout)
    if answer.status_code == 404:
        return None
    answer.raise_for_status()
    stat: Json = json.loads(base64.b64decode(answer.headers["X-Docker-Container-Path-Stat"]))
    return stat


def _words(text: str) -> str:
    for part, words in (
        ("FileNotFoundError", "the socket does not exist"),
        ("No such file", "the socket does not exist"),
        ("Connection refused", "connection refused"),
        ("ConnectionRefused", "connection refused"),
        ("getaddrinfo", "the host name does not resolve"),
        ("Name or service not known", "the host name does not resolve"),
        ("NameResolution", "the host name does not resolve"),
        ("No route", "there is no route to the host"),
    ):
        if part in text:
            return words
    return "it does not say why"
