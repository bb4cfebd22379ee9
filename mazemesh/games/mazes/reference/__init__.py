"""The games once more, slow and plain, to check the compiled engine against.

Written from the rules, with dicts and lists, one game at a time. `reference_game` and `BatchEngine`
must agree bit for bit.
"""

from __future__ import annotations

from typing import Any

from mazemesh.games.mazes.played import PlayedGame
from mazemesh.games.mazes.reference.collect import ReferenceCollect
from mazemesh.games.mazes.reference.coop_keys import ReferenceCoopKeys
from mazemesh.games.mazes.reference.ctf import ReferenceCtf
from mazemesh.games.mazes.reference.play import ReferenceGame
from mazemesh.games.mazes.reference.pursuit import ReferencePursuit
from mazemesh.games.settings import GameSettings

__all__ = ["ReferenceGame", "reference_game"]

_RULES: dict[str, type[ReferenceGame]] = {
    "solo": ReferenceGame,
    "race": ReferenceGame,
    "collect": ReferenceCollect,
    "coop-keys": ReferenceCoopKeys,
    "ctf": ReferenceCtf,
    "pursuit": ReferencePursuit,
}


def reference_game(game: PlayedGame, settings: GameSettings, **episode: Any) -> ReferenceGame:
    """Begin an episode of a game; `episode` are the keywords of `ReferenceGame`."""
    return _RULES[game.name](game, settings, **episode)
