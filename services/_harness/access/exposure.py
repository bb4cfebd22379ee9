"""Who may be let near a port: what has to be there before a service listens beyond loopback."""

from __future__ import annotations

from mazemesh.process.errors import StartError
from services._harness.access.settings import AccessSettings
from services._harness.access.tls.certificate import TlsFiles


def tls_files(settings: AccessSettings) -> TlsFiles | None:
    """The files that TLS rests on; None where it was not asked for.

    Raises:
        StartError: the settings name one file and not the other.
    """
    cert, key, client_ca = settings.tls_cert, settings.tls_key, settings.tls_client_ca
    if cert is None and key is None:
        if client_ca is not None:
            raise StartError(
                "tls_client_ca is set, but neither tls_cert nor tls_key: clients show their "
                "certificates over TLS alone",
                exit_code=2,
            )
        return None
    if cert is None or key is None:
        missing, there = ("tls_key", "tls_cert") if key is None else ("tls_cert", "tls_key")
        raise StartError(f"{there} is set, but not {missing}; TLS needs both", exit_code=2)
    return TlsFiles(cert, key, client_ca)


def check_exposure(settings: AccessSettings) -> None:
    """Refuses to listen where strangers are without TLS and keys, unless that was asked for.

    Raises:
        StartError: something is missing; the message tells how it is made.
    """
    if settings.is_loopback or settings.insecure:
        return
    missing = []
    if settings.tls_cert is None and settings.tls_key is None:
        missing.append("TLS (`mazemesh certs`, then --tls-cert and --tls-key)")
    if not settings.asks_for_keys:
        missing.append("keys (--keys auto or on, and `mazemesh keys create`)")
    if missing:
        raise StartError(
            f"host {settings.host} is reached from other machines, and that needs "
            f"{' and '.join(missing)}; --insecure lets whoever reaches it do everything",
            exit_code=2,
        )
