"""One Tempo: its API and its OTLP receivers over one store."""

from __future__ import annotations

import threading
import time
import typing as t

from ansible_collections.traceops.tracing.tests.lab.otlp import Distributor, GrpcListener, Limits, http_app
from ansible_collections.traceops.tracing.tests.lab.store import Store
from ansible_collections.traceops.tracing.tests.lab.tempo_api import TempoApi
from ansible_collections.traceops.tracing.tests.lab.tempo_pages import Settings
from ansible_collections.traceops.tracing.tests.lab.wire import ClosedPort, Credentials, Listener, demand

PROFILES = ("2.3.1", "2.10.8", "3.0.3")
# Seconds from export to visible in search, as recorded; by id a trace is there at once.
RECORDED_SEARCH_DELAY = {"2.3.1": 1.81, "2.10.8": 7.03, "3.0.3": 31.0}


class Tempo:
    """Listens from construction to `stop()`. `url`, `otlp_grpc` and `otlp_http` are base URLs.

    `api` and `otlp` False leave those ports closed; `keeps` False accepts spans and stores none; `starting` (also
    to be set later) answers /ready with 503; `search_delay` is in seconds or "recorded"; `tls` names a certificate
    and a key of all three, `receiver_tls` of the receivers alone; `credentials` guard the API and the receivers.
    Raises OSError when a port is taken.
    """

    def __init__(
        self,
        profile: str = "2.10.8",
        *,
        store: Store | None = None,
        multitenant: bool = False,
        limits: Limits | None = None,
        keeps: bool = True,
        starting: bool = False,
        stream_over_http: bool = False,
        search_delay: float | str = 0.0,
        api: bool = True,
        otlp: bool = True,
        api_port: int = 0,
        grpc_port: int = 0,
        http_port: int = 0,
        tls: tuple[str, str] | None = None,
        receiver_tls: tuple[str, str] | None = None,
        credentials: Credentials | None = None,
        clock: t.Callable[[], float] = time.time,
    ) -> None:
        if profile not in PROFILES:
            raise ValueError(f"there is no profile of Tempo {profile!r}: one of {', '.join(PROFILES)}")
        self.profile = profile
        self.store = store or Store(clock)
        limits = limits or Limits()
        delay = RECORDED_SEARCH_DELAY[profile] if search_delay == "recorded" else float(search_delay)
        self.api = TempoApi(self.store, profile, multitenant, starting, delay)
        self.distributor = distributor = Distributor(self.store, profile, multitenant, limits, keeps)
        self._dying = threading.Lock()
        self._listening: list[Listener | GrpcListener | ClosedPort] = []
        try:
            if otlp:
                grpc = self._keep(
                    GrpcListener(distributor, grpc_port, tls=receiver_tls or tls, credentials=credentials)
                )
                http = self._keep(Listener(http_app(distributor, credentials), http_port, tls=receiver_tls or tls))
            else:
                grpc, http = self._keep(ClosedPort(grpc_port)), self._keep(ClosedPort(http_port))
            # 301 is what a real query port answers to the preface of HTTP/2.
            app = demand(credentials, self.api)
            query = self._keep(
                Listener(app, api_port, tls=tls, preface_status=301, clock=clock) if api else ClosedPort(api_port)
            )
        except OSError:
            self.stop()
            raise
        self.otlp_grpc, self.otlp_http, self.url = grpc.url, http.url, query.url
        self.api.settings = Settings(
            profile, query.port, grpc.port, http.port, multitenant, stream_over_http, delay, limits
        )

    def _keep(self, listening: t.Any) -> t.Any:
        self._listening.append(listening)
        return listening

    def kill(self) -> None:
        """End it as a signal does: its ports refuse connections from now on, and nobody else can take them."""
        with self._dying:
            self._listening = [self._closed(listening) for listening in self._listening]

    @staticmethod
    def _closed(listening: t.Any) -> ClosedPort:
        listening.stop()
        return ClosedPort(listening.port)

    def stop(self) -> None:
        while self._listening:
            self._listening.pop().stop()
