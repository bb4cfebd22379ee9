"""`mazemesh actor` and `mazemesh evaluator`: attach one more of them."""

from __future__ import annotations

import typer

from mazemesh.cli.attaching import become, passing_on
from mazemesh.cli.options import DATA_DIR, DataDir, Host, Key, MeshPlace, PortBase


@passing_on
def actor(
    context: typer.Context,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    mesh: MeshPlace = None,
    key: Key = None,
) -> None:
    """Attach an actor that plays for a policy (--help shows its flags)."""
    become(["actor", "play"], context, data_dir, host, port_base, mesh=mesh, key=key)


@passing_on
def evaluator(
    context: typer.Context,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    mesh: MeshPlace = None,
    key: Key = None,
) -> None:
    """Attach an evaluator that plays rating matches (--help shows its flags)."""
    become(["actor", "evaluate"], context, data_dir, host, port_base, mesh=mesh, key=key)
