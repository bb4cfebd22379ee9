"""Who is missing in a league and who has done its work, by the empirical game."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.league.deciding import (
    PATIENCE,
    REST,
    Kind,
    Member,
    Population,
    decide,
)

MAIN = Member("race-exploiter", Kind.MAIN_EXPLOITER)
LEAGUE = Member("race-league-exploiter", Kind.LEAGUE_EXPLOITER)


def population(
    scores: dict[tuple[str, str], float],
    players: list[str],
    shares: list[float] | None = None,
    deviation: float = 0.02,
    cycles: tuple[tuple[tuple[str, ...], float], ...] = (),
) -> Population:
    """A game; two of whom nothing is said are level."""
    matrix = np.full((len(players), len(players)), 0.5)
    for (one, other), score in scores.items():
        first, second = players.index(one), players.index(other)
        matrix[first, second], matrix[second, first] = score, 1.0 - score
    deviations = np.full_like(matrix, deviation)
    np.fill_diagonal(deviations, 0.0)
    even = np.full(len(players), 1.0 / len(players)) if shares is None else np.array(shares)
    return Population("race", tuple(players), matrix, deviations, even, cycles)


def one(found: list[Member]) -> Member:
    (member,) = found
    return member


def test_while_nobody_beats_the_newest_version_its_exploiter_is_missing() -> None:
    players = ["race:1", "race:2", "race:9"]
    best = population({("race:9", "race:1"): 0.8, ("race:9", "race:2"): 0.7}, players)
    started = one(decide(best, [MAIN]))
    assert (started.running, started.since, started.starts) == (True, 9, 1)
    assert "nobody is known to beat race:9 (at most 0.30)" in started.reason
    beaten = population({("race:2", "race:9"): 0.6}, players)
    assert not decide(beaten, [MAIN])
    # A score of few games says nothing yet.
    unsure = population({("race:2", "race:9"): 0.6}, players, deviation=0.2)
    assert decide(unsure, [MAIN])


def test_an_exploiter_that_beats_the_newest_version_has_done_its_work() -> None:
    players = ["race:1", "race:9", "race-exploiter:2", "race-exploiter:5"]
    running = MAIN.started(8, "because")
    found = population({("race-exploiter:5", "race:9"): 0.7}, players)
    stopped = one(decide(found, [running]))
    assert not stopped.running
    assert not stopped.resting
    assert "race-exploiter:5 beats race:9 (0.70)" in stopped.reason
    # When the main policy has answered, it is missing again.
    answered = population({("race-exploiter:5", "race:9"): 0.4}, players)
    assert one(decide(answered, [stopped])).starts == 2


def test_one_that_finds_nothing_rests_for_some_snapshots() -> None:
    running = MAIN.started(10, "because")

    def later(snapshots: int, score: float = 0.2) -> Population:
        players = [f"race:{10 + 3 * number}" for number in range(snapshots + 1)]
        players.append("race-exploiter:4")
        return population({("race-exploiter:4", players[-2]): score}, players)

    assert not decide(later(PATIENCE - 1), [running])
    stopped = one(decide(later(PATIENCE), [running]))
    assert stopped.resting
    assert "found no weakness" in stopped.reason
    assert "0.20" in stopped.reason
    assert not decide(later(PATIENCE + REST - 1), [stopped])
    assert one(decide(later(PATIENCE + REST), [stopped])).running


def test_a_league_exploiter_is_missing_while_strength_goes_round() -> None:
    players = ["race:1", "race:2", "race:3"]
    circle = (("race:1", "race:2", "race:3"), 0.8)
    by_cycle = one(decide(population({}, players, cycles=(circle,)), [LEAGUE]))
    assert "race:1 beats race:2 beats race:3 beats race:1 with a chance of 0.80" in by_cycle.reason
    by_spread = one(decide(population({}, players), [LEAGUE]))
    assert "the equilibrium is spread" in by_spread.reason
    gathered = population({}, players, [0.05, 0.05, 0.9])
    assert not decide(gathered, [LEAGUE])
    stopped = one(decide(gathered, [by_spread]))
    assert "nothing goes round" in stopped.reason
    between = population({}, players, [0.1, 0.3, 0.6])
    assert not decide(between, [LEAGUE])
    assert not decide(between, [by_spread])


def test_a_league_exploiter_without_a_share_is_stopped_in_the_end() -> None:
    running = LEAGUE.started(1, "because")
    players = [f"race:{number}" for number in range(1, PATIENCE + 2)]
    players.append("race-league-exploiter:3")
    alone = [0.0] * len(players)
    alone[0] = alone[1] = 0.5
    assert one(decide(population({}, players, alone), [running])).resting
    sharing = [*alone[:-1], 0.2]
    sharing[0] = 0.3
    assert not decide(population({}, players, sharing), [running])


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 12),
    st.integers(0, 4),
    st.booleans(),
    st.booleans(),
)
def test_whatever_the_game_a_change_is_one_and_says_why(
    seed: int, own: int, others: int, running: bool, resting: bool
) -> None:
    rng = np.random.default_rng(seed)
    players = [f"race:{number}" for number in range(1, own + 1)]
    players += [f"race-exploiter:{number}" for number in range(1, others + 1)]
    upper = np.triu(rng.uniform(0, 1, (len(players),) * 2), 1)
    scores = upper + np.tril(1.0 - upper.T, -1) + np.eye(len(players)) / 2
    game = Population(
        "race",
        tuple(players),
        scores,
        np.full_like(scores, 0.05),
        rng.dirichlet(np.ones(len(players))),
    )
    members = [replace(each, running=running, resting=resting) for each in (MAIN, LEAGUE)]
    for new in decide(game, members):
        assert new.running is not running
        assert new.reason
        assert new.since == own
    # What was decided is not undone by the same game.
    after = {each.name: each for each in members} | {
        each.name: each for each in decide(game, members)
    }
    started = [each for each in after.values() if each.running and not running]
    undone = {each.name for each in decide(game, started)}
    assert undone <= {"race-exploiter"}


def test_the_newest_version_is_by_number() -> None:
    assert population({}, ["race:9", "race:10", "race:2"]).newest == 1
    assert population({}, ["race:9", "race:10"]).passed(9) == 1
    assert population({}, ["race:9"]).score_of("nobody") == (0.0, 0.0, "")
    assert population({}, ["race:9"]).beaten_by() == ""
    assert pytest.approx(0.5) == population({}, ["race:9", "x:1"]).score_of("x")[0]
