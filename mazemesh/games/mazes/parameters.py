"""What the kernels are told of a game and its settings."""

from __future__ import annotations

from mazemesh.games.mazes.kernels.state import OVERRUN, Parameters
from mazemesh.games.mazes.played import PlayedGame
from mazemesh.games.settings import GENERATORS, GameSettings


def parameters(game: PlayedGame, settings: GameSettings) -> Parameters:
    """Return the game's resolved settings as the kernels take them."""
    spec = game.spec(settings)
    return Parameters(
        height=settings.height,
        width=settings.width,
        window=settings.view,
        stride=settings.width + settings.view,
        plane=(settings.height + settings.view) * (settings.width + settings.view) + OVERRUN,
        seats=settings.seats,
        step_limit=settings.step_limit,
        generator=GENERATORS.index(settings.generator),
        loops=float(settings.loops),
        shaping=float(settings.shaping),
        shaping_discount=float(settings.shaping_discount),
        may_stay=game.may_stay,
        observation_size=spec.observation_size,
        planes=spec.planes,
        line_of_sight=settings.line_of_sight,
        items=game.items(settings),
    )
