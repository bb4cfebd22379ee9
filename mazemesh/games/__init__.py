"""Maze games: rules, generation, observations and the compiled engine that steps them in batches.

`BatchEngine` lives in `engine` and is imported from there, so that a process that
only needs a game's spec does not load numba.
"""

from mazemesh.games import seeds
from mazemesh.games.bots import BOTS, bot_code, bot_policy, is_bot
from mazemesh.games.catalogue import Catalogue
from mazemesh.games.engine import Engine
from mazemesh.games.game import Game
from mazemesh.games.opening import open_game
from mazemesh.games.registry import get_game, list_games
from mazemesh.games.seeds import Purpose
from mazemesh.games.settings import GENERATORS, GameSettings
from mazemesh.games.spec import ACTIONS, NUM_ACTIONS, Field, GameSpec

__all__ = [
    "ACTIONS",
    "BOTS",
    "GENERATORS",
    "NUM_ACTIONS",
    "Catalogue",
    "Engine",
    "Field",
    "Game",
    "GameSettings",
    "GameSpec",
    "Purpose",
    "bot_code",
    "bot_policy",
    "get_game",
    "is_bot",
    "list_games",
    "open_game",
    "seeds",
]
