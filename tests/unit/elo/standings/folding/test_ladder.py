import random
from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.elo.log.batch import Duels
from services.elo.log.match import LoggedMatch
from services.elo.models.bradley_terry import fit
from services.elo.standings.folding.ladder import Ladder
from tests.unit.elo.played import TRUTH, folded, match, simulated, state


def fitted(ladder: Ladder) -> tuple[bytes, bytes, str]:
    found = fit(ladder.problem())
    return found.ratings.tobytes(), found.spread.variances.tobytes(), found.log_nu.hex()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sets(st.integers(1, 79), max_size=4))
def test_folding_again_gives_the_same_bits(seed: int, fits_at: set[int]) -> None:
    matches = simulated(np.random.default_rng(seed), TRUTH, 80, correlation=0.3)
    live = Ladder("race")
    for sequence, one in enumerate(matches, start=1):
        live.fold(LoggedMatch(sequence, one))
        if sequence in fits_at:
            fitted(live)  # a fit in between must leave no trace
    again = folded(matches)
    assert state(again) == state(live)
    assert fitted(again) == fitted(live)


def test_a_match_is_not_folded_twice_nor_out_of_order() -> None:
    ladder = folded([match("a", ("race:1", "race:2"), 1.0), match("b", ("race:1", "race:2"), 1.0)])
    before = state(ladder)
    for sequence in (1, 2):
        with pytest.raises(ValueError, match=f"match {sequence} of the log came after 2"):
            ladder.fold(LoggedMatch(sequence, match("c", ("race:1", "race:2"), 1.0)))
    assert state(ladder) == before


def test_counts_are_of_games_and_matches() -> None:
    ladder = folded(
        [match("a", ("race:1", "race:2"), 1.0, 0.5), match("b", ("race:2", "race:1"), 1.0)]
    )
    one, two = ladder.players
    assert (one.matches, one.games, one.wins, one.draws, one.losses) == (2, 3, 1, 1, 1)
    assert (two.matches, two.games, two.wins, two.draws, two.losses) == (2, 3, 1, 1, 1)


def test_of_three_the_best_wins_and_two_best_draw() -> None:
    ladder = folded([match("a", ("race:1", "race:2", "race:3"), (1.0, 0.5, 0.0), (0.5, 0.0, 0.5))])
    counts = [(record.wins, record.draws, record.losses) for record in ladder.players]
    assert counts == [(1, 1, 0), (0, 0, 2), (0, 1, 1)]


def test_history_is_every_match_of_the_player_and_ends_at_its_rating() -> None:
    matches = simulated(np.random.default_rng(2), TRUTH, 60)
    ladder = folded(matches)
    for index, record in enumerate(ladder.players):
        points = ladder.tail.of(index, 0, 100)
        mine = [at for at, one in enumerate(matches, 1) if record.name in one.participants]
        assert points.sequences.tolist() == mine
        assert points.numbers.tolist() == list(range(len(mine)))
        assert points.ratings[-1] == record.online_rating
        assert record.matches == len(mine)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 200))
def test_columns_fold_to_the_same_bits_as_one_match_after_the_other(seed: int, cut: int) -> None:
    rng = np.random.default_rng(seed)
    matches = [
        one._replace(
            finish_nanoseconds=int(rng.integers(2**60)), games=one.games[: rng.integers(1, 3)]
        )
        for one in simulated(rng, TRUTH, 200, correlation=0.3)
    ]
    odd = rng.random(200) < 0.2  # scores between
    matches = [
        match(one.match_id, one.participants, *rng.random(3).tolist()) if strange else one
        for one, strange in zip(matches, odd, strict=True)
    ]
    ladder = Ladder("race")
    for start, end in ((0, cut), (cut, 200)):
        duels = Duels.of(matches[start:end])
        assert duels is not None
        if end > start:
            ladder.fold_duels(np.arange(start + 1, end + 1), duels)
    assert state(ladder) == state(folded(matches))


def test_columns_out_of_order_are_refused() -> None:
    ladder = folded([match("a", ("race:1", "race:2"), 1.0)])
    duels = Duels.of([match("b", ("race:1", "race:2"), 1.0)])
    assert duels is not None
    with pytest.raises(ValueError, match="match 1 of the log came after 1"):
        ladder.fold_duels(np.array([1]), duels)


def test_online_ratings_find_the_order_of_strength() -> None:
    ladder = folded(simulated(np.random.default_rng(3), TRUTH, 1500))
    online = {record.name: record.online_rating for record in ladder.players}
    assert sorted(online, key=online.__getitem__) == sorted(TRUTH, key=TRUTH.__getitem__)


def test_twenty_thousand_matches_fold_within_some_seconds() -> None:
    rng = random.Random(4)
    names = [f"race:{number + 1}" for number in range(200)]
    matches = [
        LoggedMatch(number, match(f"m{number}", rng.sample(names, 2), 1.0, 0.0))
        for number in range(1, 20_001)
    ]
    ladder = Ladder("race")
    began = process_time()
    for logged in matches:
        ladder.fold(logged)
    assert process_time() - began < 15.0  # 0.7 s; all anew for each takes minutes
