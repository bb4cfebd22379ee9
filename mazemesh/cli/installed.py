"""What the rooms above, and other packages, add to the command line: entry points by group.

A command is a function with Typer's annotations, or an instance of `typer.Typer`, in the group
`mazemesh.commands`. Its module is imported when the command is run, or its help shown, so it should
import what is large inside its functions.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, MutableMapping
from importlib.metadata import EntryPoint, EntryPoints, PackageNotFoundError, entry_points
from importlib.metadata import distribution as installed_distribution
from typing import Any, Final

import typer
import typer.main
from typer.core import TyperGroup

COMMANDS: Final = "mazemesh.commands"
_OURS: Final = "mazemesh"


def own(group: str) -> EntryPoints:
    """Those of mazemesh itself, without a look at every other package; none when not installed."""
    try:
        return installed_distribution(_OURS).entry_points.select(group=group)
    except PackageNotFoundError:
        return EntryPoints()


class Commands(MutableMapping[str, Any]):
    """Commands by name, each loaded when it is asked for.

    What is ours comes before another package's command of the same name.
    """

    def __init__(self) -> None:
        self._own = {point.name: point for point in own(COMMANDS)}
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            point = self._own.get(name) or self._all()[name]
            self._loaded[name] = _load(point)
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._all().keys() | self._loaded.keys()))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __setitem__(self, name: str, command: Any) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._loaded[name]

    def _all(self) -> dict[str, EntryPoint]:
        return {**{point.name: point for point in entry_points(group=COMMANDS)}, **self._own}


class InstalledCommands(TyperGroup):
    """A group of whatever commands are installed."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = Commands()

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command; None when there is none of the name."""
        found = super().get_command(ctx, cmd_name)
        if found is None and not own(COMMANDS):
            sys.stderr.write(_outdated(f"it names no command of the group {COMMANDS}"))
            raise typer.Exit(1)
        return found


def _load(point: EntryPoint) -> Any:
    try:
        made = point.load()
    except Exception as error:  # another package's module may fail in any way
        return _as_command(_broken(point, error), point.name)
    return _as_command(made, point.name)


def _as_command(made: Any, name: str) -> Any:
    app = made
    if not isinstance(made, typer.Typer):
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command()(made)
    command = typer.main.get_command(app)
    command.name = name
    return command


def _broken(point: EntryPoint, error: Exception) -> Any:
    """A command in the place of one that cannot be loaded: it says why, and fails."""
    package = point.dist.name if point.dist else "?"
    reason = f"{point.value} cannot be loaded: {type(error).__name__}: {error}"

    def broken() -> None:
        if package == _OURS and isinstance(error, ImportError | AttributeError):
            sys.stderr.write(_outdated(reason))
        else:
            sys.stderr.write(f"mazemesh: {point.name} of {package}: {reason}\n")
        raise typer.Exit(1)

    broken.__doc__ = f"(of {package}: {reason})"
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(broken)
    return app


def _outdated(reason: str) -> str:
    try:
        version = installed_distribution(_OURS).version
    except PackageNotFoundError:
        version = "none"
    return (
        f"mazemesh: the installation ({version}) does not fit the files in use: {reason}; "
        "install anew by scripts/install, or `pip install -e .` in the checkout\n"
    )
