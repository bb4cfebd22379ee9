"""`python -m mazemesh.games.mazes.compile GAME ...`: puts kernels into the cache on disk."""

from __future__ import annotations

import sys
from importlib import import_module

from mazemesh.errors import MazemeshError
from mazemesh.games.mazes.engine import compile_game
from mazemesh.games.registry import get_game
from mazemesh.starting import loading_kernels


def main(names: list[str]) -> None:
    """Compiles the named games; exits with status 1 at an unknown name."""
    try:
        with loading_kernels():
            for game in [get_game(name) for name in names]:
                compile_game(game)
            import_module("mazemesh.packing.kernels")  # compiled as it is imported
    except MazemeshError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
