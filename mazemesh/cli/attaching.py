"""Commands that become one more process of a mesh, which they find like other commands."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from mazemesh.cli.options import errors_as_lines, find

_PASS_ON: dict[str, Any] = {
    "allow_extra_args": True,
    "ignore_unknown_options": True,
    "help_option_names": [],
}


_FAR_DRAIN_SECONDS = "30"
"""Well below the two minutes of notice that a spot instance has."""


def passing_on(command: Callable[..., None]) -> typer.Typer:
    """The command, whose unknown flags are the process's own; so is --help."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(context_settings=_PASS_ON)(command)
    return app


def become(
    module: list[str],
    context: typer.Context,
    data_dir: Path,
    host: str | None,
    port_base: int | None,
    *,
    mesh: str | None = None,
    key: str | None = None,
) -> None:
    """Replaces this process: the worker then gets signals and its exit status counts.

    Args:
        module: What Python runs, with the first of its arguments.
        context: Whose further arguments follow.
        data_dir: Of the mesh.
        host: Of the mesh; None to find it.
        port_base: Of the mesh; None to find it.
        mesh: HOST or HOST:PORT_BASE of one on another machine, instead of the two. Its workers take
            longer to leave, since their rows have a longer way.
        key: API key, which goes on in the environment: others see what a process was called with.
    """
    from dataclasses import asdict

    from mazemesh.client.addresses import Addresses, mesh_at
    from mazemesh.errors import InvalidArgument
    from mazemesh.process.interpreter import run_module

    with errors_as_lines():
        if mesh is not None:
            if host is not None or port_base is not None:
                raise InvalidArgument("mesh: --mesh says where; leave --host and --port-base out")
            host, port_base = mesh_at(mesh)
        addresses = asdict(Addresses.from_environment(*find(data_dir, host, port_base)))
    environment = {
        **os.environ,
        **{f"MAZEMESH_{name.upper()}_ADDRESS": address for name, address in addresses.items()},
        "MAZEMESH_DATA_DIR": str(data_dir),
    }
    if key is not None:
        environment["MAZEMESH_KEY"] = key
    if mesh is not None:
        for worker in ("ACTOR", "EVALUATOR"):
            environment.setdefault(f"MAZEMESH_{worker}_DRAIN_SECONDS", _FAR_DRAIN_SECONDS)
    command = run_module(*module, *context.args)
    sys.stdout.flush()
    os.execve(command[0], command, environment)  # noqa: S606 (no shell is wanted)
