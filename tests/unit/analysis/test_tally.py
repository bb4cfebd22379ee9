import numpy as np
import pytest

from mazemesh.analysis.tally import Tally


def test_games_are_counted_by_maze() -> None:
    tally = Tally.of([[0.5, -0.5], [0.0, 0.0], [], [1.0, 1.0]])
    assert tally.mazes == ((1, 0, 1), (0, 2, 0), (2, 0, 0))
    assert (tally.wins, tally.draws, tally.losses, tally.games) == (3, 2, 1, 6)
    assert tally.win_rate == 0.5
    assert tally.score == pytest.approx(4 / 6)


def test_without_games_nothing_is_known() -> None:
    low, high = Tally(()).interval()
    assert Tally(()).score == 0.5
    assert (low, high) == pytest.approx((0.0, 1.0), abs=0.01)


def test_a_game_that_repeats_another_tells_nothing_more() -> None:
    once = Tally(((1, 0, 0),) * 30 + ((0, 0, 1),) * 70)
    twice = Tally(((2, 0, 0),) * 30 + ((0, 0, 2),) * 70)
    assert once.interval() == twice.interval()
    low, high = once.interval()
    assert (low, high) == pytest.approx((0.219, 0.396), abs=0.001)  # Agresti and Coull


def test_games_that_offset_each_other_tell_more() -> None:
    offset = Tally(((1, 0, 1),) * 100)
    alike = Tally(((2, 0, 0),) * 50 + ((0, 0, 2),) * 50)
    assert width(offset) < 0.3 * width(alike)


def width(tally: Tally) -> float:
    low, high = tally.interval()
    return high - low


def test_all_draws_are_level_and_the_more_of_them_the_surer() -> None:
    few, many = Tally(((0, 2, 0),) * 3), Tally(((0, 2, 0),) * 100)
    for tally in (few, many):
        low, high = tally.interval()
        assert low + high == pytest.approx(1.0)
    assert width(few) > 0.5
    assert 0.02 < width(many) < 0.05


@pytest.mark.parametrize("mazes", [10, 50, 300])
@pytest.mark.parametrize(
    ("lead", "draws", "alike"), [(0.0, 0.2, 0.8), (1.0, 0.5, 0.5), (2.5, 0.0, 0.9)]
)
def test_the_interval_holds_the_truth_as_often_as_it_says(
    mazes: int, lead: float, draws: float, alike: float
) -> None:
    """Two games a maze, the second of which has the luck of the first with chance `alike`."""
    rng = np.random.default_rng(7)
    won = (1.0 - draws) / (1.0 + np.exp(-lead))
    truth = won + draws / 2.0
    hits = 0
    for _ in range(400):
        luck = rng.random((mazes, 2))
        again = rng.random(mazes) < alike
        luck[again, 1] = luck[again, 0]
        leads = np.where(luck < won, 1.0, np.where(luck < won + draws, 0.0, -1.0))
        low, high = Tally.of(leads.tolist()).interval()
        hits += low <= truth <= high
    assert hits / 400 >= 0.92
