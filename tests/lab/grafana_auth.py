"""Who may ask Grafana what: users with passwords and a lock-out, tokens, organisations."""

from __future__ import annotations

import base64
import binascii
import time
import typing as t
from dataclasses import dataclass, field

from ansible_collections.traceops.tracing.tests.lab.wire import JSON, Request, Response, as_json

JSON_UTF8 = "application/json; charset=UTF-8"
LOCKED_AFTER, LOCKED_FOR = 5, 300.0  # attempts, seconds: loginattemptimpl/login_attempt.go


@dataclass(frozen=True)
class Identity:
    login: str
    role: str  # Admin, Editor or Viewer
    token: bool = False


def _admin_and_viewer() -> dict[str, tuple[str, str]]:
    return {"admin": ("admin", "Admin"), "viewer": ("viewer", "Viewer")}


@dataclass
class Accounts:
    """`users` is {login: (password, role)}, `tokens` {token: role}; `viewer_reads` whether viewers see data sources.

    Open-source 9.4 and 13.1 let them, 7.5 does not, and an installation may have taken it from them.
    """

    version: tuple[int, ...]
    users: dict[str, tuple[str, str]] = field(default_factory=_admin_and_viewer)
    tokens: dict[str, str] = field(default_factory=lambda: {"glsa_lab_viewer": "Viewer", "glsa_lab_admin": "Admin"})
    viewer_reads: bool = True
    anonymous_role: str = ""
    clock: t.Callable[[], float] = time.monotonic
    _failures: dict[str, list[float]] = field(default_factory=dict)

    def identify(self, request: Request) -> Identity | Response:
        scheme, _unused, value = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            return self._basic(value)
        if scheme.lower() == "bearer":
            role = self.tokens.get(value)
            if role is None:
                return self._refused("invalid API key", "Invalid API key", "api-key.invalid")
            return Identity("sa-1-probe", role, token=True)
        if self.anonymous_role:
            return Identity("", self.anonymous_role)
        return self.unauthorized()

    def _basic(self, value: str) -> Identity | Response:
        try:
            login, _unused, password = base64.b64decode(value).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            login, password = "", ""
        now = self.clock()
        failures = [at for at in self._failures.get(login, []) if now - at < LOCKED_FOR]
        known = self.users.get(login)
        if len(failures) < LOCKED_AFTER and known and known[0] == password:
            self._failures.pop(login, None)
            return Identity(login, known[1])
        self._failures[login] = [*failures, now]
        return self._refused("invalid username or password", "Invalid username or password", "password-auth.failed")

    def unauthorized(self) -> Response:
        if self.version < (9,):
            return as_json(401, {"message": "Unauthorized"}, JSON_UTF8)
        if self.version < (10,):
            return as_json(401, {"message": "Unauthorized"}, JSON_UTF8, end="\n")
        return self._refused("", "Unauthorized", "auth.unauthorized")

    def _refused(self, old: str, new: str, message_id: str) -> Response:
        if self.version < (9,):
            return as_json(401, {"message": old}, JSON_UTF8)
        if self.version < (10,):
            return as_json(401, {"message": old, "traceID": ""}, JSON_UTF8, end="\n")
        body = {"extra": None, "message": new, "messageId": message_id, "statusCode": 401, "traceID": ""}
        return as_json(401, body, JSON_UTF8, end="\n")

    def may_read_sources(self, identity: Identity, request: Request) -> Response | None:
        """None, or the refusal: a viewer where viewers may not, or an organisation that is not the user's."""
        stranger = request.headers.get("X-Grafana-Org-Id", "1") not in ("", "1")
        viewer = identity.role == "Viewer" and (not self.viewer_reads or self.version < (9,))
        if not stranger and not viewer:
            return None
        if self.version < (9,):
            return as_json(403, {"message": "Permission denied"}, JSON_UTF8)
        needed = "You'll need additional permissions to perform this action. Permissions needed: datasources:read"
        body = {"accessErrorId": "ACE4243708133", "message": needed, "title": "Access denied"}
        return as_json(403, body, JSON_UTF8, end="\n")

    def user(self, identity: Identity) -> Response:
        """GET /api/user."""
        if identity.token and self.version < (10,):
            return as_json(404, {"message": "user not found"}, JSON)
        never, now = "0001-01-01T00:00:00Z", "2026-01-01T00:00:00Z"
        when = never if identity.token else now
        body: dict[str, t.Any] = {
            "id": 0 if identity.token else 1,
            "email": identity.login if identity.token else f"{identity.login}@localhost",
            "name": "probe" if identity.token else "",
            "login": identity.login,
            "theme": "",
            "orgId": 1,
            "isGrafanaAdmin": identity.role == "Admin",
            "isDisabled": False,
            "isExternal": False,
            "authLabels": None if identity.token else [],
            "updatedAt": when,
            "createdAt": when,
            "avatarUrl": "/public/img/user_profile.png",
        }
        if self.version >= (10,):
            body.update(uid="service-account:3" if identity.token else "eg55lwzwt39j4b", isProvisioned=False)
            body.update(isExternallySynced=False, isGrafanaAdminExternallySynced=False)
        return as_json(200, body)
