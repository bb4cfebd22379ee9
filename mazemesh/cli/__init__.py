"""The command line: Typer and Rich. Each command imports what it needs when it runs."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of `mazemesh`: errors become one line and exit status 1."""
    from mazemesh.process.interpreter import forget_current_folder
    from mazemesh.starting import collector_at_rest, keep_to_ourselves

    forget_current_folder()
    keep_to_ourselves()
    with collector_at_rest():
        from mazemesh.cli.app import app
        from mazemesh.cli.terminal import show_what_can_be_shown
    show_what_can_be_shown()

    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        from mazemesh.errors import MazemeshError

        if not isinstance(error, MazemeshError):
            raise
        sys.exit(f"mazemesh: {error}")
