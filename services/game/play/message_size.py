"""Whether what a step tells fits into a message."""

from __future__ import annotations

from mazemesh.errors import InvalidArgument
from mazemesh.games import Game, GameSettings

_MAX_ACTION_BYTES = 3 * 1024 * 1024
_MAX_ANSWER_BYTES = 63 * 1024 * 1024


def check_answer_fits(
    game: Game,
    settings: GameSettings,
    num_games: int,
    field: str = "num_games",
    *,
    with_state: bool = False,
) -> None:
    """Raises InvalidArgument when the answer to one step could pass the limit of a message."""
    spec = game.spec(settings)
    actions = num_games * spec.seats * spec.action_bytes
    if actions > _MAX_ACTION_BYTES:
        raise InvalidArgument(
            f"{field}: the actions of {num_games} games have {actions} bytes; at most "
            f"{_MAX_ACTION_BYTES} fit into a message"
        )
    per_game = spec.step_bytes + (2 * spec.state_bytes if with_state else 0)
    if num_games * per_game > _MAX_ANSWER_BYTES:
        raise InvalidArgument(
            f"{field}: {num_games} games of {spec.seats} seats and {spec.observation_bytes} bytes "
            f"an observation do not fit into a message; at most {_MAX_ANSWER_BYTES // per_game} do"
        )
