"""TLS and keys for a mesh on one machine, asked for by one flag."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

FOLDER: Final = "certs"
"""Of the CA and the certificate, under the data folder."""

_DAYS: Final = 365.0


def certify(data_dir: Path, host: str) -> None:
    """Makes a CA, where there is none, and a certificate for this machine.

    All processes inherit that by the environment: services ask for keys, clients trust the CA.

    Raises:
        Conflict: the folder has one half of a CA.
    """
    from services._harness.access.tls.authority import (
        CA_CERTIFICATE,
        make_authority,
        make_certificate,
    )

    folder = data_dir / FOLDER
    make_authority(folder)
    hosts = dict.fromkeys(("localhost", "127.0.0.1", "::1", host))
    cert, key = make_certificate(folder, "server", tuple(hosts), _DAYS)
    os.environ.update(
        MAZEMESH_KEYS="on",
        MAZEMESH_TLS_CERT=str(cert),
        MAZEMESH_TLS_KEY=str(key),
        MAZEMESH_TLS_CA=str(folder / CA_CERTIFICATE),
    )
