"""The engine of any game: compiled for mazes, worker processes for foreign games."""

from __future__ import annotations

from typing import Any

from mazemesh.games.engine import Engine
from mazemesh.games.game import Game
from mazemesh.games.mazes.game import MazeGame
from mazemesh.games.settings import GameSettings


def new_engine(
    game: Game,
    settings: GameSettings | None = None,
    num_games: int = 1,
    *,
    autoreset: bool = True,
    draw_ahead: bool = False,
    with_state: bool = False,
    **foreign: Any,
) -> Engine:
    """An engine of a game.

    Args:
        game: What to play.
        settings: Its settings; the defaults if None.
        num_games: How many games.
        autoreset: Whether a finished game begins its next episode in the same step.
        draw_ahead: Whether a thread draws mazes ahead, see `BatchEngine`; only under
            autoreset, and nothing to foreign games.
        with_state: Whether `Engine.states` and `final_states` are kept.
        foreign: Passed on to `ForeignEngine`, and left out elsewhere.

    Raises:
        InvalidArgument: the settings do not fit the game, or `num_games` is out of range.
        FailedPrecondition: a foreign game does not start.
        TypeError: the game is of no kind that has an engine.
    """
    if isinstance(game, MazeGame):
        from mazemesh.games.mazes.engine import BatchEngine

        return BatchEngine(
            game,
            settings,
            num_games,
            autoreset=autoreset,
            draw_ahead=draw_ahead and autoreset,
            with_state=with_state,
        )
    from mazemesh.games.foreign.game import ForeignGame

    if isinstance(game, ForeignGame):
        from mazemesh.games.foreign.engine import ForeignEngine

        return ForeignEngine(
            game, settings, num_games, autoreset=autoreset, with_state=with_state, **foreign
        )
    raise TypeError(f"{type(game).__name__} has no engine; a game is a MazeGame or a ForeignGame")
