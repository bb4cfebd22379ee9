"""A match of teams as comparisons of two: whom it compares, and for how much."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.elo.models.bradley_terry import fit
from services.elo.models.counting.comparison import Comparison, comparisons
from services.elo.models.counting.sums import Sums
from tests.unit.elo.played import folded, match

FOUR = ("race:1", "race:2", "race:3", "bot/random")
# Capture the flag: even seats against odd ones, and the other way round.
EVEN_AND_ODD = ((0, 1, 0, 1), (1, 0, 1, 0))
# Pursuit: each evades once.
EVADER_AND_HUNTERS = ((0, 1, 1), (1, 1, 0), (1, 0, 1))


def test_team_mates_are_not_compared() -> None:
    won, lost = (1.0, 0.0, 1.0, 0.0), (0.0, 1.0, 0.0, 1.0)
    found = comparisons(match("m", FOUR, won, lost, teams=EVEN_AND_ODD).games)
    pairs = {(one.first, one.second): one.sums.score for one in found}
    assert pairs == {(0, 1): 1.0, (0, 3): 1.0, (1, 2): 1.0, (2, 3): 1.0}
    assert all(one.sums.games == 2 and one.sums.draws == 0 for one in found)


def test_a_pair_counts_in_the_games_in_which_it_was_opposed() -> None:
    caught = (0.0, 1.0, 1.0), (1.0, 1.0, 0.0), (1.0, 0.0, 1.0)
    players = ("race:1", "race:2", "race:3")
    found = comparisons(match("m", players, *caught, teams=EVADER_AND_HUNTERS).games)
    # Of three games each pair were mates in one.
    assert [(one.first, one.second, one.sums.games) for one in found] == [
        (0, 1, 2),
        (0, 2, 2),
        (1, 2, 2),
    ]
    assert [one.sums.score for one in found] == [1.0, 1.0, 1.0]


def test_two_players_are_compared_by_their_scores() -> None:
    expected = [Comparison(0, 1, 1, Sums.of([0.75], [1]))]
    assert comparisons(match("m", FOUR[:2], 0.75).games) == expected


@given(st.lists(st.integers(0, 3), min_size=3, max_size=8).filter(lambda row: len(set(row)) > 1))
def test_a_game_of_teams_counts_for_as_much_as_one_of_as_many_players(teams: list[int]) -> None:
    scores = [float(team) / 3.0 for team in teams]
    found = comparisons(match("m", ["x"] * len(teams), scores, teams=[teams]).games)
    assert all(teams[one.first] != teams[one.second] for one in found)
    assert sum(1 / one.share for one in found) == pytest.approx(len(set(teams)) / 2)
    assert all(one.sums.win_mass == (one.sums.score == 1.0) for one in found)


def test_mates_of_a_strong_and_a_weak_player_are_not_pulled_together() -> None:
    """One player decides all games; who is its mate changes, and is level with all others."""
    rng = np.random.default_rng(3)
    matches = []
    for number in range(300):
        order = [FOUR[index] for index in rng.permutation(4)]
        side = order.index("race:3") % 2
        luck = rng.random() < 0.9
        scores = [float((place % 2 == side) == luck) for place in range(4)]
        matches.append(match(f"m{number}", order, scores, teams=EVEN_AND_ODD[:1]))
    ladder = folded(matches)
    found = dict(
        zip((one.name for one in ladder.players), fit(ladder.problem()).ratings, strict=True)
    )
    rest = [found[name] for name in FOUR if name != "race:3"]
    assert max(rest) - min(rest) < 60
    assert found["race:3"] > max(rest) + 150
    assert ladder.pairs.table().draws.sum() == 0


def test_mates_who_win_together_have_won() -> None:
    ladder = folded([match("m", FOUR, (1.0, 0.0, 1.0, 0.0), teams=EVEN_AND_ODD[:1])])
    told = {one.name: (one.wins, one.draws, one.losses) for one in ladder.players}
    assert told == {
        "race:1": (1, 0, 0),
        "race:2": (0, 0, 1),
        "race:3": (1, 0, 0),
        "bot/random": (0, 0, 1),
    }
    drawn = folded([match("m", FOUR, (0.5,) * 4, teams=EVEN_AND_ODD[:1])])
    assert Counter(one.draws for one in drawn.players) == {1: 4}
