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
) -> None:
    """Replaces this process: the worker then gets signals and its exit status counts.

    Args:
        module: What Python runs, with the first of its arguments.
        context: Whose further arguments follow.
        data_dir: Of the mesh.
        host: Of the mesh; None to find it.
        port_base: Of the mesh; None to find it.
    """
    from dataclasses import asdict

    from mazemesh.client.addresses import Addresses
    from mazemesh.process.interpreter import run_module

    with errors_as_lines():
        addresses = asdict(Addresses.from_environment(*find(data_dir, host, port_base)))
    environment = {
        **os.environ,
        **{f"MAZEMESH_{name.upper()}_ADDRESS": address for name, address in addresses.items()},
        "MAZEMESH_DATA_DIR": str(data_dir),
    }
    command = run_module(*module, *context.args)
    sys.stdout.flush()
    os.execve(command[0], command, environment)  # noqa: S606 (no shell is wanted)
