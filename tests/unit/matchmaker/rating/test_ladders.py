"""How many take part in a rated match: teams, seats, or two at a time trial."""

import pytest

from mazemesh.games import GameSettings
from services.matchmaker.rating.ladders import ladder_of
from tests.game_specs import known


@pytest.mark.parametrize(
    ("game", "seats", "players", "shared"),
    [
        ("solo", 1, 2, False),
        ("race", 2, 2, False),
        ("race", 4, 4, False),
        ("ctf", 2, 2, False),
        ("ctf", 4, 2, False),
        ("ctf", 8, 2, False),
        ("pursuit", 4, 2, False),
        ("coop-keys", 3, 2, True),
    ],
)
def test_one_policy_holds_all_seats_of_a_team(
    game: str, seats: int, players: int, shared: bool
) -> None:
    ladder = ladder_of(known(game, GameSettings(seats=seats)))
    assert (ladder.players, ladder.is_shared) == (players, shared)
