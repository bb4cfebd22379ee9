"""The certificate of a server: read from files, and read again when they change.

The least version of TLS is a matter of the whole process: `mazemesh.client.credentials`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import grpc
import structlog

from mazemesh.process.errors import StartError

if TYPE_CHECKING:
    from cryptography import x509

_LOOK_SECONDS: Final = 1.0
"""Between two looks at the files, however many connect."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where the PEM files of a server are; `client_ca` asks clients for certificates of its own."""

    cert: Path
    key: Path
    client_ca: Path | None = None


class Certificate:
    """A server's certificate, always the one that lies in the files.

    A pair that is unreadable, that does not fit together, or is half written, is passed over: the
    one before goes on, and the log says so.

    Raises:
        StartError: at construction; there is no pair that can be used.
    """

    def __init__(self, files: TlsFiles, clock: Callable[[], float] = time.monotonic) -> None:
        self._files, self._clock = files, clock
        self._stamp = self._stamps()
        self._looked = clock()
        self._fetching = threading.Lock()
        self._given: Any = None
        try:
            self._current, self.expires = _read(files)
        except (OSError, ValueError) as error:
            raise StartError(
                f"the certificate {files.cert} with key {files.key} cannot be used ({error}); "
                "`mazemesh certs` makes one",
                exit_code=2,
            ) from error

    def credentials(self) -> grpc.ServerCredentials:
        """For `add_secure_port`; asks for the files again whenever somebody connects."""
        self._given = self._current
        return grpc.dynamic_ssl_server_credentials(
            self._current, self._fetch, self._files.client_ca is not None
        )

    def look(self) -> None:
        """Takes the files that are there now, if they changed."""
        stamp = self._stamps()
        if stamp == self._stamp:
            return
        try:
            self._current, self.expires = _read(self._files)
        except (OSError, ValueError) as error:
            _log.warning("the new certificate cannot be used; the old one stays", reason=str(error))
            return
        self._stamp = stamp
        _log.info("new certificate", expires=self.expires)

    def _fetch(self) -> Any:
        """The new pair, where there is one, in a thread of gRPC.

        None leaves what gRPC has. To give it the same pair again would be no harm but for its
        speed, were it not that gRPC 1.85 then exchanges what connections that are being made still
        use: with hundreds at one time it ends by a segmentation fault.
        """
        with self._fetching:
            now = self._clock()
            if now - self._looked >= _LOOK_SECONDS:
                self._looked = now
                self.look()
            if self._current is self._given:
                return None
            self._given = self._current
            return self._current

    def _stamps(self) -> tuple[tuple[int, int, int] | None, ...]:
        return tuple(
            _stamp(path)
            for path in (self._files.cert, self._files.key, self._files.client_ca)
            if path is not None
        )


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _read(files: TlsFiles) -> tuple[Any, float]:
    """What gRPC takes, and when the certificate expires in Unix seconds.

    Raises:
        OSError, ValueError: there is no pair that fits together.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    chain, key = files.cert.read_bytes(), files.key.read_bytes()
    certificate: x509.Certificate = x509.load_pem_x509_certificates(chain)[0]
    if load_pem_private_key(key, None).public_key() != certificate.public_key():
        raise ValueError("the key belongs to another certificate")
    roots = files.client_ca.read_bytes() if files.client_ca else None
    if roots is not None:
        x509.load_pem_x509_certificates(roots)
    made = grpc.ssl_server_certificate_configuration([(key, chain)], roots)
    return made, certificate.not_valid_after_utc.timestamp()
