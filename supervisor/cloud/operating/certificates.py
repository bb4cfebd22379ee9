"""The mesh's certificates: made on the operator's machine, kept in Secrets Manager.

The authority's private key is in a secret of its own, which no machine may read. The services share
one certificate, for the address that outsiders use and for the names in the private zone; it is
made anew when the address is another one, or fewer than 30 days are left.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from supervisor.cloud.aws import error_code

DAYS: Final = 397
_RENEW: Final = timedelta(days=30)


def hosts(host: str, name: str) -> list[str]:
    """What the certificate is for: outsiders' address, names of the zone, the machine itself."""
    return [host, f"*.{name}.internal", "localhost", "127.0.0.1"]


def ensure(secrets: Mapping[str, str], wanted: Sequence[str], manager: Any) -> bool:
    """Puts a certificate there, unless there is one that fits; whether it was made.

    Args:
        secrets: Secret ids of tls and authority.
        wanted: Names and addresses that it is for.
        manager: boto3's client of Secrets Manager.
    """
    present = _read(manager, secrets["tls"])
    if present is not None and _fits(present, wanted):
        return False
    access: Any = import_module("services._harness.access.tls.authority")
    with tempfile.TemporaryDirectory(prefix="mazemesh-certificates-") as text:
        folder = Path(text)
        authority = _read(manager, secrets["authority"])
        if authority is not None:
            for file, key in ((access.CA_CERTIFICATE, "certificate"), (access.CA_KEY, "key")):
                path = folder / file
                path.touch(mode=0o600)
                path.write_text(authority[key])
        else:
            access.make_authority(folder)
            made = {
                "certificate": (folder / access.CA_CERTIFICATE).read_text(),
                "key": (folder / access.CA_KEY).read_text(),
            }
            _write(manager, secrets["authority"], made)
        certificate, key = access.make_certificate(folder, "services", list(wanted), DAYS)
        value = {
            "certificate": certificate.read_text(),
            "key": key.read_text(),
            "authority": (folder / access.CA_CERTIFICATE).read_text(),
        }
    _write(manager, secrets["tls"], value)
    return True


def authority_of(secrets: Mapping[str, str], manager: Any) -> str | None:
    """The authority's certificate in PEM, which clients trust; None before there is one."""
    present = _read(manager, secrets["tls"])
    return None if present is None else str(present["authority"])


def _fits(present: Mapping[str, str], wanted: Sequence[str]) -> bool:
    from cryptography import x509

    certificate = x509.load_pem_x509_certificate(present["certificate"].encode())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    has = {str(name.value) for name in names}
    left = certificate.not_valid_after_utc - datetime.now(UTC)
    return set(wanted) <= has and left > _RENEW


def _read(manager: Any, secret: str) -> dict[str, str] | None:
    try:
        value: dict[str, str] = json.loads(
            manager.get_secret_value(SecretId=secret)["SecretString"]
        )
    except Exception as error:
        if error_code(error) != "ResourceNotFoundException":
            raise
        return None
    return value


def _write(manager: Any, secret: str, value: Mapping[str, str]) -> None:
    manager.put_secret_value(SecretId=secret, SecretString=json.dumps(value))
