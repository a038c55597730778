"""The HTTP client inside the lab's Grafana: real requests, with failures in the words of Go's net/http."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import typing as t
import urllib.parse
from dataclasses import dataclass

_TIMEOUT = 10.0


@dataclass
class Answer:
    status: int
    reason: str
    content_type: str | None
    body: bytes
    location: str | None = None
    cut: bool = False  # the connection ended in the middle of the body

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


class GoError(Exception):
    """`str()` is Go's error without `Get "url": `. Kinds: refused, dns, malformed, scheme, tls, timeout, other."""

    def __init__(self, kind: str, words: str) -> None:
        super().__init__(words)
        self.kind = kind


def nameserver() -> str:
    """The resolver as Go names it."""
    try:
        with open("/etc/resolv.conf", encoding="utf-8") as lines:
            for line in lines:
                match = re.match(r"\s*nameserver\s+(\S+)", line)
                if match:
                    return f"{match.group(1)}:53"
    except OSError:
        pass
    return "127.0.0.1:53"


def quoted(line: bytes) -> str:
    """Bytes as Go's %q writes them."""
    named = {7: r"\a", 8: r"\b", 9: r"\t", 10: r"\n", 11: r"\v", 12: r"\f", 13: r"\r", 34: r"\"", 92: r"\\"}
    out = "".join(named.get(b) or (chr(b) if 32 <= b < 127 else f"\\x{b:02x}") for b in line)
    return f'"{out}"'


def unparsable(url: str) -> bool:
    """Whether Go does not parse it: before its first colon stands what is no scheme."""
    return bool(re.match(r"[^/:]*[^a-zA-Z0-9+.:/-][^/:]*:|[0-9][^/:]*:", url))


def fetch(
    method: str,
    url: str,
    headers: t.Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout: float = _TIMEOUT,
) -> Answer:
    """One request, no redirects. Raises `GoError`; an unusable URL is one of kind other."""
    if unparsable(url):
        raise GoError("other", f'parse "{url}": first path segment in URL cannot contain colon')
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise GoError("scheme", f'unsupported protocol scheme "{parts.scheme}"')
    host, port = parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    try:
        socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)
    except OSError:
        raise GoError("dns", f"dial tcp: lookup {host} on {nameserver()}: no such host") from None
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(host, port, timeout=timeout)
    try:
        connection.request(method, target or "/", body=body, headers={"Host": parts.netloc, **(headers or {})})
        response = connection.getresponse()
        try:
            answer, cut = response.read(), False
        except http.client.IncompleteRead as error:
            answer, cut = error.partial, True
        said, location = response.getheader("Content-Type"), response.getheader("Location")
        return Answer(response.status, response.reason, said, answer, location, cut)
    except ConnectionRefusedError:
        address = "127.0.0.1" if host == "localhost" else host
        raise GoError("refused", f"dial tcp {address}:{port}: connect: connection refused") from None
    except http.client.RemoteDisconnected:
        raise GoError("other", "EOF") from None
    except http.client.BadStatusLine as error:
        line = quoted(str(error.line).encode("latin-1", "replace"))
        words = f"net/http: HTTP/1.x transport connection broken: malformed HTTP response {line}"
        raise GoError("malformed", words) from None
    except ssl.SSLCertVerificationError:
        words = "tls: failed to verify certificate: x509: certificate signed by unknown authority"
        raise GoError("tls", words) from None
    except ssl.SSLError as error:
        plain = error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST")
        words = "http: server gave HTTP response to HTTPS client" if plain else f"tls: {error.reason}"
        raise GoError("tls", words) from None
    except TimeoutError:
        words = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        raise GoError("timeout", words) from None
    except ConnectionResetError:
        raise GoError("other", f"read tcp 127.0.0.1->{host}:{port}: read: connection reset by peer") from None
    except (OSError, http.client.HTTPException) as error:
        raise GoError("other", f"dial tcp {host}:{port}: {error}") from None
    finally:
        connection.close()
