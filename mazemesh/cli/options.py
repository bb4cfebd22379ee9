"""Options that many commands share, and how they find the mesh."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mazemesh.client.mesh import Mesh

DataDir = Annotated[
    Path,
    typer.Option(
        "--data-dir", envvar="MAZEMESH_DATA_DIR", help="Folder of everything the mesh remembers."
    ),
]
PortBase = Annotated[
    int | None,
    typer.Option(
        "--port-base",
        min=1,
        max=65531,
        help="Port of Game; Matchmaker, Model, Elo and Replay follow. Default: the mesh that runs "
        "on the data folder, else MAZEMESH_PORT_BASE, else 50051.",
    ),
]
MeshPlace = Annotated[
    str | None,
    typer.Option(
        "--mesh",
        metavar="HOST[:PORT_BASE]",
        help="A mesh on another machine. Connections go out alone, so this works behind NAT.",
    ),
]
Key = Annotated[
    str | None,
    typer.Option(
        "--key", envvar="MAZEMESH_KEY", help="API key of the mesh (`mazemesh keys create`)."
    ),
]
Host = Annotated[str | None, typer.Option("--host", help="Host of the services.")]


def _data_alone(context: typer.Context, wanted: bool) -> bool:
    if wanted:
        from mazemesh.cli.output import data_alone

        context.with_resource(data_alone())
    return wanted


Json = Annotated[
    bool,
    typer.Option(
        "--json", callback=_data_alone, help="Print data as JSON, alone on standard output."
    ),
]

DATA_DIR = Path(".mazemesh")


@contextmanager
def connected(
    data_dir: Path,
    host: str | None,
    port_base: int | None,
    services: Collection[str] = (),
    games: Collection[str] = (),
) -> Iterator[Mesh]:
    """Clients of the mesh that the options mean; errors end the command with one line.

    Where the data folder has a mesh that does not run, those of `services` are started on it for as
    long as the context lasts; they play the foreign games of its runs and those of `games`. Without
    `services` the mesh has to run.
    """
    from mazemesh.cli.output import log_to_standard_error
    from mazemesh.client.mesh import connect
    from mazemesh.errors import Unavailable

    log_to_standard_error()
    with errors_as_lines(), ExitStack() as stack:
        place = find(data_dir, host, port_base)
        if services and place == (None, None):
            place = stack.enter_context(_started(data_dir, services, games))
        try:
            yield stack.enter_context(connect(*place))
        except Unavailable as error:
            raise Unavailable(
                f"{error}; `mazemesh up` starts a mesh, --data-dir or --port-base name another"
            ) from error


def _started(
    data_dir: Path, services: Collection[str], games: Collection[str]
) -> AbstractContextManager[tuple[str | None, int | None]]:
    """Where these services are, by whoever is installed to start them on a folder."""
    from mazemesh.cli.installed import own

    for point in own("mazemesh.stopped_mesh"):
        place: AbstractContextManager[tuple[str | None, int | None]]
        place = point.load()(data_dir, services, games)
        return place
    return nullcontext((None, None))


def find(data_dir: Path, host: str | None, port_base: int | None) -> tuple[str | None, int | None]:
    """Host and port base: as given, else of the mesh that runs on the data folder, else unknown."""
    from mazemesh.cli.claim import read_note

    note = read_note(data_dir) if host is None and port_base is None else None
    return (note["host"], note["port_base"]) if note else (host, port_base)


@contextmanager
def errors_as_lines() -> Iterator[None]:
    """A `MazemeshError` or a file in the way becomes one line on standard error, exit status 1."""
    from mazemesh.errors import MazemeshError

    try:
        yield
    except MazemeshError as error:
        sys.stderr.write(f"mazemesh: {error}\n")
        raise typer.Exit(1) from error
    except OSError as error:
        if error.filename is None:
            raise
        sys.stderr.write(f"mazemesh: {error.filename}: {error.strerror}\n")
        raise typer.Exit(1) from error


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """A package that is missing inside ends the command by naming the extra that brings it."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("mazemesh"):
            raise
        sys.stderr.write(
            f"mazemesh: {error.name} is not installed; pip install 'mazemesh[{extra}]'\n"
        )
        raise typer.Exit(1) from error


def is_listing(context: typer.Context) -> bool:
    """Whether a group that lists by itself was called without one of its commands.

    Raises:
        typer.BadParameter: options stand before the command, where it would not see them.
    """
    if context.invoked_subcommand is None:
        return True
    for name in context.params:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            option = f"--{name.replace('_', '-')}"
            raise typer.BadParameter(f"{option} should come after {context.invoked_subcommand!r}")
    return False


def seconds(text: str) -> float:
    """A duration: "180", "180s", "5m", "2h".

    Raises:
        typer.BadParameter: anything else.
    """
    units = {"s": 1.0, "m": 60.0, "h": 3600.0}
    number, unit = (text[:-1], text[-1]) if text[-1:] in units else (text, "s")
    try:
        value = float(number) * units[unit]
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise typer.BadParameter(f"{text!r} is no duration; examples: 90s, 5m, 2h")
    return value
