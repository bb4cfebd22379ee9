"""Who has the first place is stronger by the seat effect, which the fit finds and takes out."""

import numpy as np
import pytest

from services.elo.log.match import Game
from services.elo.models.bradley_terry import fit
from services.elo.models.counting.cells import Cells
from services.elo.models.fitting.posterior import SCALE, SEAT_DEVIATION
from tests.unit.elo.played import BOTS, folded, match

TRUTH = {BOTS[0]: 900.0, BOTS[1]: 1100.0, "race:1": 1000.0, "race:3": 1150.0}
SEAT = 60.0


def played(rng: np.random.Generator, count: int, first: str | None = None) -> list:  # type: ignore[type-arg]
    """Single games; who stands first has the first place, `first` always where it plays."""
    names, found = list(TRUTH), []
    for number in range(count):
        one, other = (names[at] for at in rng.choice(len(names), 2, replace=False))
        if first == other:
            one, other = other, one
        odds = 10 ** ((TRUTH[one] + 2 * SEAT - TRUTH[other]) / 400)
        found.append(match(f"m{number}", (one, other), float(rng.random() < odds / (1 + odds))))
    return found


def test_the_effect_is_found_with_its_deviation() -> None:
    found = fit(folded(played(np.random.default_rng(1), 4000)).problem())
    # The first place adds to the difference of two what both sides of it make: 2 x 60 points.
    assert found.seat == pytest.approx(2 * SEAT, abs=3 * found.seat_deviation)
    assert 0 < found.seat_deviation < 12


def test_who_always_has_the_first_place_is_not_taken_for_stronger() -> None:
    ladder = folded(played(np.random.default_rng(2), 6000, first="race:3"))
    found = fit(ladder.problem())
    at = dict(zip(ladder.players.names, found.ratings, strict=True))
    assert at["race:3"] - at["race:1"] == pytest.approx(150.0, abs=45.0)
    blind = fit(folded([one._replace(games=(one.games[0]._replace(rotation=2),))
                        for one in played(np.random.default_rng(2), 6000, first="race:3")]
                       ).problem())  # fmt: skip
    assert blind.seat == 0.0
    assert blind.ratings[ladder.players.names.index("race:3")] > at["race:3"] + 40


def test_where_no_game_tells_it_is_the_prior() -> None:
    three = [match(f"m{n}", ("race:1", "race:2", BOTS[0]), (1.0, 0.5, 0.0)) for n in range(20)]
    found = fit(folded(three).problem())
    assert (found.seat, found.seat_deviation) == (0.0, pytest.approx(SEAT_DEVIATION * SCALE))


def test_swapped_seats_take_the_effect_out_of_each_match() -> None:
    swapped = [match(f"m{n}", ("race:1", BOTS[0]), 1.0, 0.0) for n in range(50)]
    ladder = folded(swapped)
    found = fit(ladder.problem())
    np.testing.assert_allclose(found.ratings, 1000.0, atol=1e-6)
    assert found.seat > 200.0


@pytest.mark.parametrize(
    ("rotation", "steps", "seat"),
    [(0, (5,), 1), (1, (5,), -1), (0, (), 1), (2, (5,), 0), (0, (5, 7), 0)],
)
def test_a_game_tells_its_seat(rotation: int, steps: tuple[int, ...], seat: int) -> None:
    """In a time trial each has a maze of its own; further rotations are of games of more seats."""
    assert Game("g", rotation, (1.0, 0.0), steps, 1).seat == seat


def test_cells_are_the_games_of_each_side() -> None:
    table = folded(
        [match("a", ("race:1", "race:2"), 1.0, 0.5), match("b", ("race:2", "race:1"), 1.0)]
    ).problem().table  # fmt: skip
    cells = Cells.of(table)
    found = sorted(zip(cells.signs, cells.games, cells.win_mass, cells.draw_mass, strict=True))
    # Of race:1: ahead a win; behind a draw of the first match, and the loss of the second.
    assert found == [(-1, 1, 0, 0), (-1, 1, 0, 1), (1, 1, 1, 0)]
    assert cells.by_row(cells.games, len(table.matches)).tolist() == table.total_games.tolist()
