"""A CA of one's own and the certificates of a small mesh, as files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mazemesh.errors import Conflict, InvalidArgument

CA_CERTIFICATE: Final = "ca.pem"
CA_KEY: Final = "ca-key.pem"
_CA_DAYS: Final = 3650
_EARLIER: Final = timedelta(minutes=5)
"""Clocks differ: a certificate is good from a little before it is made."""


def make_authority(folder: Path) -> None:
    """Makes `ca.pem` and `ca-key.pem` in a folder, unless they are there.

    Raises:
        Conflict: one of the two is there without the other.
    """
    certificate, key = folder / CA_CERTIFICATE, folder / CA_KEY
    if certificate.exists() and key.exists():
        return
    if certificate.exists() or key.exists():
        raise Conflict(f"{folder} has one of {CA_CERTIFICATE} and {CA_KEY}; it needs both or none")
    folder.mkdir(parents=True, exist_ok=True)
    private = ec.generate_private_key(ec.SECP256R1())
    name = _name("mazemesh CA")
    usage = _usage(certificates=True)
    built = (
        _builder(name, name, private.public_key(), _CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False
        )
        .sign(private, SHA256())
    )
    _write(key, _pem(private), 0o600)
    _write(certificate, built.public_bytes(Encoding.PEM), 0o644)


def make_certificate(
    folder: Path, name: str, hosts: Sequence[str], days: float
) -> tuple[Path, Path]:
    """Makes `NAME.pem` and `NAME-key.pem`, signed by the folder's CA, over those that are there.

    Args:
        folder: With a CA of `make_authority`.
        name: Of the files, and the certificate's common name.
        hosts: Names and addresses that the server is reached by.
        days: Until it expires; below 0 makes one that has expired, for tests.

    Raises:
        InvalidArgument: there are no hosts, or one is no name.
    """
    if not hosts:
        raise InvalidArgument("hosts: name at least one by which the servers are reached")
    authority = x509.load_pem_x509_certificate((folder / CA_CERTIFICATE).read_bytes())
    signing = load_pem_private_key((folder / CA_KEY).read_bytes(), None)
    assert isinstance(signing, ec.EllipticCurvePrivateKey)
    private = ec.generate_private_key(ec.SECP256R1())
    both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    built = (
        _builder(_name(name), authority.subject, private.public_key(), days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(both), critical=False)
        .add_extension(
            x509.SubjectAlternativeName([_alternative(host) for host in hosts]), critical=False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()),
            critical=False,
        )
        .sign(signing, SHA256())
    )
    certificate, key = folder / f"{name}.pem", folder / f"{name}-key.pem"
    # Servers that look in between see a pair that does not fit together, and keep the old one.
    _write(key, _pem(private), 0o600)
    _write(certificate, built.public_bytes(Encoding.PEM), 0o644)
    return certificate, key


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, days: float
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    until = now + timedelta(days=days)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, until) - _EARLIER)
        .not_valid_after(until)
    )


def _usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        key_cert_sign=certificates,
        crl_sign=certificates,
        **dict.fromkeys(
            (
                *("content_commitment", "key_encipherment", "data_encipherment"),
                *("key_agreement", "encipher_only", "decipher_only"),
            ),
            False,
        ),
    )


def _alternative(host: str) -> x509.GeneralName:
    bare = host.removeprefix("[").removesuffix("]")
    try:
        return x509.IPAddress(ip_address(bare))
    except ValueError:
        pass
    if not bare.isascii() or not bare or any(character.isspace() for character in bare):
        raise InvalidArgument(f"hosts: {host!r} is neither a name of a host nor an address")
    return x509.DNSName(bare)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(path: Path, data: bytes, mode: int) -> None:
    """A file that is whole at every moment, and never readable for others on the way."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(file, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
