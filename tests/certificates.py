"""Certificate authorities and certificates, made for one test."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import typing as t
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


class Pair(t.NamedTuple):
    """Files with a certificate and its private key, both PEM."""

    cert: str
    key: str


class Authority:
    """An authority whose certificate is in the file `ca`; what it issues lies beside it."""

    def __init__(self, directory: Path, name: str = "Test authority") -> None:
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        now = datetime.datetime.now(datetime.timezone.utc)
        cert = (
            _builder(self._name, self._name, self._key, now - 400 * DAY, now + 400 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.ca = str(_write(directory / f"{name}.pem", cert.public_bytes(serialization.Encoding.PEM)))

    def issue(
        self, name: str, names: t.Sequence[str] = ("127.0.0.1", "localhost"), first_day: int = -1, last_day: int = 30
    ) -> Pair:
        """A certificate for `names`, valid between two days counted from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.timezone.utc)
        cert = (
            _builder(_name(name), self._name, key, now + first_day * DAY, now + last_day * DAY)
            .add_extension(x509.SubjectAlternativeName([_alternative(one) for one in names]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return _pair(self._directory, name, key, cert)


def self_signed(directory: Path, name: str, names: t.Sequence[str] = ("127.0.0.1", "localhost")) -> Pair:
    """A certificate for `names` that vouches for itself, as `openssl req -x509` makes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.timezone.utc)
    subject = _name(name)
    cert = (
        _builder(subject, subject, key, now - DAY, now + 30 * DAY)
        .add_extension(x509.SubjectAlternativeName([_alternative(one) for one in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _pair(directory, name, key, cert)


def server_context(pair: Pair, client_ca: str | None = None, alpn: t.Sequence[str] = ()) -> ssl.SSLContext:
    """TLS as a server; with `client_ca` it wants a client certificate of this authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    if client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


def _pair(directory: Path, name: str, key: ec.EllipticCurvePrivateKey, cert: x509.Certificate) -> Pair:
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Pair(
        str(_write(directory / f"{name}.crt", cert.public_bytes(serialization.Encoding.PEM))),
        str(_write(directory / f"{name}.key", pem)),
    )


def _name(text: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tests"), x509.NameAttribute(NameOID.COMMON_NAME, text)]
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: t.Any, start: datetime.datetime, end: datetime.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
