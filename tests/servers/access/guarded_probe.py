"""The probe behind a gate: a service of one method of each kind, with rules of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc.aio

from mazemesh.client.credentials import Credentials
from services._harness import Server, serve
from services._harness.access.callers.roles import ADMINISTRATORS, Kind, Role, Rpc
from services._harness.access.tls.authority import make_authority, make_certificate
from tests.servers.access.secure_services import OPTIONS
from tests.servers.probe import NAME, Probe, ProbeSettings, add_probe

RULES = {
    f"/{NAME}/UnaryUnary": Rpc(frozenset({Role.VIEWER, Role.WORKER}) | ADMINISTRATORS),
    f"/{NAME}/UnaryStream": Rpc(ADMINISTRATORS | {Role.WORKER}, Kind.BULK),
    f"/{NAME}/StreamUnary": Rpc(ADMINISTRATORS | {Role.TRAINER}, Kind.WRITE),
}
"""StreamStream is not in it."""


@asynccontextmanager
async def guarded_probe(folder: Path, **settings: Any) -> AsyncIterator[Server]:
    """A probe on a data folder; with keys unless `settings` say otherwise."""

    async def bind(settings: ProbeSettings, server: Server) -> None:
        server.rules = RULES
        server.add_servicer(NAME, add_probe, Probe())

    given: dict[str, Any] = {"keys": "on", **settings}
    async with serve(ProbeSettings(data_dir=folder, **given), bind) as server:
        yield server


def tls(folder: Path, name: str = "server", days: float = 1) -> dict[str, Path]:
    """Settings with a certificate for this machine, of the CA in `folder`."""
    make_authority(folder)
    cert, key = make_certificate(folder, name, ["localhost", "127.0.0.1"], days)
    return {"tls_cert": cert, "tls_key": key}


def channel(
    server: Server, key: str = "", ca: Path | None = None, **others: bytes
) -> grpc.aio.Channel:
    """A channel to it with a key, over TLS where there is a CA."""
    trusted = b"" if ca is None else (ca / "ca.pem").read_bytes()
    return Credentials(key, trusted, **others).aio_channel(server.address, OPTIONS)
