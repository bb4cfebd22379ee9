"""Who is plotted, and the table of who beats whom."""

import numpy as np

from mazemesh.analysis.ratings import (
    Pairing,
    RatedPlayer,
    score_matrix,
    snapshots_of,
    spread,
)


def player(name: str, rating: float = 1000.0) -> RatedPlayer:
    return RatedPlayer(name, rating, rating - 50, rating + 50, 10)


def test_snapshots_of_one_policy_by_version() -> None:
    board = [player(name) for name in ("race:21", "bot/random", "race:3", "race2:4", "my:race:5")]
    assert [one.name for one in snapshots_of(board, "race")] == ["race:3", "race:21"]
    assert [one.is_bot for one in board[:2]] == [False, True]
    assert player("bot/random").version == 0


def test_a_spread_keeps_both_ends() -> None:
    players = [player(f"race:{number}") for number in range(1, 31)]
    picked = spread(players, 6)
    assert len(picked) == 6
    assert (picked[0], picked[-1]) == (players[0], players[-1])
    assert spread(players[:4], 6) == players[:4]


def test_scores_are_seen_from_both_sides() -> None:
    score, games = score_matrix(
        ["a", "b", "c"],
        [Pairing("a", "b", 4, 3.0), Pairing("c", "b", 2, 0.5), Pairing("x", "a", 9, 9)],
    )
    nan = np.nan
    np.testing.assert_array_equal(score, [[nan, 0.75, nan], [0.25, nan, 0.75], [nan, 0.25, nan]])
    np.testing.assert_array_equal(games, [[0, 4, 0], [4, 0, 2], [0, 2, 0]])
