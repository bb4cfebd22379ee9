import numpy as np
import pytest

from services.elo.history.curves import Curves, most_points, stride_of, thinned
from services.elo.models.bradley_terry import fit
from services.elo.standings.board import Board
from services.elo.wire.results.payloads import batch
from tests.unit.elo.memory_log import MemoryLog
from tests.unit.elo.played import TRUTH, folded, match, simulated

MATCHES = [
    *simulated(np.random.default_rng(4), TRUTH, 90),
    *(match(f"t{n}", ("race:1", "race:2", "race:3"), (1.0, 0.5, 0.0)) for n in range(10)),
]


@pytest.mark.parametrize(("matches", "stride"), [(0, 1), (64, 1), (65, 2), (129, 2), (130, 4)])
def test_a_stride_is_the_least_power_of_two(matches: int, stride: int) -> None:
    assert stride_of(matches, 64) == stride
    assert matches // stride <= 64


def test_large_ladders_have_fewer_points() -> None:
    assert [most_points(players) for players in (2, 200, 201, 10_000, 10**6)] == [64, 64, 32, 8, 4]


@pytest.mark.parametrize(
    ("count", "most", "expected"),
    [(3, 5, [0, 1, 2]), (5, 1, [4]), (5, 2, [0, 4]), (9, 3, [0, 4, 8]), (0, 3, [])],
)
def test_thinned_points_have_the_last(count: int, most: int, expected: list[int]) -> None:
    assert thinned(count, most) == expected


async def test_waypoints_go_on_where_they_ended() -> None:
    log, other = MemoryLog(), match("o", ("race:1", "race:2"), 1.0, ladder="other")
    curves = Curves(log, fit)
    for known, until in ((0, 30), (30, 70), (70, 100)):
        others = [other._replace(match_id=f"o{until}")]
        await log.append([batch([*MATCHES[known:until], *others])])
        board = Board(folded(MATCHES[:until]))
        found = await curves.waypoints(board)
        stride = stride_of(until, 64)
        assert [one.ladder_matches for one in found] == list(range(stride, until + 1, stride))
        for one in found[:: max(1, len(found) // 5)]:
            problem = folded(MATCHES[: one.ladder_matches]).problem()
            assert one.columns[0].tolist() == fit(problem).ratings.tolist()
            assert one.matches.sum() == sum(
                len(each.participants) for each in MATCHES[: one.ladder_matches]
            )
