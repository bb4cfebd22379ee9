"""`mazemesh certs`: a CA and certificates for a small mesh."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mazemesh.cli.options import Json, errors_as_lines


def certs(
    host: Annotated[
        list[str],
        typer.Option(
            help="Name or address by which servers are reached, besides this machine's; may be "
            "repeated."
        ),
    ],
    name: Annotated[str, typer.Option(help="Of the certificate and its files.")] = "mesh",
    out: Annotated[Path, typer.Option(help="Folder of the CA and certificates.")] = Path("certs"),
    days: Annotated[int, typer.Option(min=1, max=825, help="Until it expires.")] = 365,
    as_json: Json = False,
) -> None:
    """Make a CA (once a folder) and a certificate that servers and clients can use."""
    from mazemesh.cli.output import print_json

    with errors_as_lines():
        from services._harness.access.tls import authority

        authority.make_authority(out)
        every = list(dict.fromkeys((*host, "localhost", "127.0.0.1", "::1")))
        cert, key = authority.make_certificate(out, name, every, days)
    ca = out / authority.CA_CERTIFICATE
    if as_json:
        print_json({"ca": str(ca), "cert": str(cert), "key": str(key), "days": days})
        return
    print(f"services: MAZEMESH_TLS_CERT={cert} MAZEMESH_TLS_KEY={key}")
    print(f"all that call them: MAZEMESH_TLS_CA={ca}")
    print(f"keep {out / authority.CA_KEY} off the servers: it signs whatever it is asked to")
