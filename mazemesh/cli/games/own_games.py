"""The foreign games that a user of this machine has allowed by naming them.

What is allowed to the Game service of a mesh, and to a command that plays a game itself: what its
options name, what MAZEMESH_GAME_FOREIGN_GAMES names, and what runs of the data folder were started
on. A name that a service tells is opened only when it is among them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mazemesh.games import Catalogue

VARIABLE = "MAZEMESH_GAME_FOREIGN_GAMES"
_HOW = f"name it by --game, or in {VARIABLE}"


def foreign_games(data_dir: Path, named: Iterable[str] = ()) -> tuple[str, ...]:
    """Names of foreign games, sorted: of `named`, the environment and the runs of the folder.

    Raises:
        InvalidArgument: the environment variable is no list.
    """
    from mazemesh.game_names import split_game_names
    from mazemesh.games.foreign import foreign_among

    found = foreign_among((*named, *_of_runs(data_dir)))
    found.update(split_game_names(os.environ.get(VARIABLE, "")))
    return tuple(sorted(found))


def own_games(data_dir: Path, named: Iterable[str] = ()) -> Catalogue:
    """The games that a command may play itself under names that a service told it.

    Raises:
        InvalidArgument: as `foreign_games`; or a name in the environment is none of a foreign game.
    """
    from mazemesh.games import Catalogue

    return Catalogue(foreign_games(data_dir, named), how=_HOW)


def _of_runs(data_dir: Path) -> Iterator[str]:
    """Games of the folder's runs; a description that cannot be read names none."""
    for file in sorted(data_dir.glob("learner/*/run.json")):
        try:
            game = json.loads(file.read_text())["game"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if isinstance(game, str):
            yield game
