from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mazemesh.errors import InvalidArgument
from services.matchmaker.tournaments.plan import End, Forfeit, Format, Log, Plan
from services.matchmaker.tournaments.tournament import Tournament, fold

SIZES = range(2, 66)
ELIMINATIONS = (Format.SINGLE, Format.DOUBLE)


def plan(format_: Format, size: int, **other: int | bool) -> Plan:
    return Plan(format_, tuple(f"race:{n}" for n in range(1, size + 1)), 7, **other)  # type: ignore[arg-type]


def played(plan: Plan, rng: np.random.Generator, draws: float = 0.2) -> Tournament:
    """Plays to the end, one random match at a time; each state is folded from the log alone."""
    scores: dict[str, tuple[float, ...]] = {}
    while not (state := fold(plan, Log(scores))).over:
        for one in state.next:
            score = 0.5 if rng.random() < draws else float(rng.integers(2))
            scores[one.key] = (*scores.get(one.key, ()), score)
    return state


def pairs(state: Tournament) -> list[frozenset[int]]:
    met = [one for one in state.encounters if one.second is not None]
    return [frozenset((one.first, one.second or 0)) for one in met]


@pytest.mark.parametrize("size", SIZES)
def test_in_a_round_robin_each_pair_meets_once(size: int) -> None:
    state = played(plan(Format.ROUND_ROBIN, size), np.random.default_rng(size))
    assert Counter(pairs(state)) == Counter(map(frozenset, combinations(range(size), 2)))
    for round_ in {one.round for one in state.encounters}:
        of_round = [one for one in state.encounters if one.round == round_]
        seated = [who for one in of_round for who in (one.first, one.second)]
        assert sorted(who for who in seated if who is not None) == list(range(size))
    byes = Counter(one.first for one in state.encounters if one.second is None)
    assert byes == (Counter(range(size)) if size % 2 else Counter())
    assert sorted(state.places) == list(range(1, size + 1))


@pytest.mark.parametrize("size", SIZES)
def test_in_a_gauntlet_the_first_meets_all(size: int) -> None:
    state = played(plan(Format.GAUNTLET, size, rounds=2), np.random.default_rng(size))
    assert Counter(pairs(state)) == {frozenset((0, other)): 2 for other in range(1, size)}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("most", [False, True])
def test_in_a_swiss_nobody_meets_twice_and_byes_come_once(size: int, most: bool) -> None:
    rounds = max(1, size // 2) if most else 0
    state = played(plan(Format.SWISS, size, rounds=rounds), np.random.default_rng(size))
    assert max(Counter(pairs(state)).values()) == 1
    numbers = {one.round for one in state.encounters}
    assert numbers == set(range(1, state.plan.number_of_rounds + 1))
    for round_ in numbers:
        of_round = [one for one in state.encounters if one.round == round_]
        assert sum(1 + (one.second is not None) for one in of_round) == size
    byes = Counter(one.first for one in state.encounters if one.second is None)
    assert max(byes.values(), default=1) == 1
    assert byes.total() == (len(numbers) if size % 2 else 0)
    assert sorted(state.places) == list(range(1, size + 1))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("format_", ELIMINATIONS)
def test_eliminations_take_as_many_losses_as_they_should(size: int, format_: Format) -> None:
    state = played(plan(format_, size), np.random.default_rng(size))
    lives = 1 if format_ is Format.SINGLE else 2
    lost = Counter(
        one.loser for one in state.encounters if one.loser is not None and "third" not in one.key
    )
    champion = state.places.index(1)
    assert all(lost[entrant] == lives for entrant in range(size) if entrant != champion)
    assert lost[champion] < lives
    # Places: as many stand before as the place says, or share it.
    for place in state.places:
        assert sum(other < place for other in state.places) == place - 1


@pytest.mark.parametrize("size", SIZES)
def test_single_eliminations_are_as_short_as_can_be(size: int) -> None:
    state = played(plan(Format.SINGLE, size), np.random.default_rng(size))
    matches = [one for one in state.encounters if one.second is not None and "third" not in one.key]
    assert len(matches) == size - 1
    assert max(one.round for one in matches) == (size - 1).bit_length()
    byes = [one.first for one in state.encounters if one.second is None]
    assert sorted(byes) == list(range(len(byes)))  # the best seeds
    assert len(byes) == (1 << (size - 1).bit_length()) - size


@pytest.mark.parametrize("format_", [*ELIMINATIONS])
@pytest.mark.parametrize("size", [4, 8, 16, 32, 64])
def test_when_the_better_always_wins_places_are_seeds(format_: Format, size: int) -> None:
    scores: dict[str, tuple[float, ...]] = {}
    own = plan(format_, size)
    while not (state := fold(own, Log(scores))).over:
        for one in state.next:
            assert one.second is not None
            scores[one.key] = (float(one.first < one.second),)
    assert state.places[:4] == (1, 2, 3, 4)
    assert list(state.places) == sorted(state.places)


def test_who_loses_in_the_upper_bracket_meets_the_winner_late_again() -> None:
    """Not in the lower bracket before it has been halved twice, with 16."""
    rng = np.random.default_rng(3)
    for _ in range(50):
        state = played(plan(Format.DOUBLE, 16), rng)
        met: dict[frozenset[int], str] = {}
        for one in state.encounters:
            if one.second is None:
                continue
            pair = frozenset((one.first, one.second))
            if one.key.startswith("l") and pair in met:
                assert one.round >= 4
            met.setdefault(pair, one.key)


def test_the_one_from_below_has_to_win_the_final_twice() -> None:
    own, scores = plan(Format.DOUBLE, 2), {"w1.1": (1.0,), "f1.1": (0.0,)}
    state = fold(own, Log(scores))
    assert [one.key for one in state.next] == ["f2.1"]
    assert fold(own, Log(scores | {"f2.1": (0.0,)})).places == (2, 1)
    assert fold(own, Log(scores | {"f2.1": (1.0,)})).places == (1, 2)


@pytest.mark.parametrize(
    ("best_of", "scores", "over", "winner"),
    [
        (3, (1.0,), False, None),
        (3, (1.0, 1.0), True, 0),
        (3, (1.0, 0.0), False, None),
        (3, (0.0, 1.0, 0.0), True, 1),
        (3, (1.0, 0.5), False, None),  # it may still be level
        (5, (1.0, 1.0, 0.75), True, 0),
        (1, (0.5,), False, None),  # it goes on
        (1, (0.5, 0.25), True, 1),
        (1, (0.5, 0.5, 0.5), True, 0),  # the better seed
    ],
)
def test_an_encounter_ends_when_it_cannot_be_turned(
    best_of: int, scores: tuple[float, ...], over: bool, winner: int | None
) -> None:
    (one, *_) = fold(plan(Format.SINGLE, 2, best_of=best_of), Log({"w1.1": scores})).encounters
    assert (one.over, one.winner) == (over, winner)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(Format), st.integers(2, 17), st.integers(0, 2**32), st.booleans())
def test_results_may_come_in_any_order_and_more_than_are_needed(
    format_: Format, size: int, seed: int, seeded: bool
) -> None:
    own = plan(format_, size, seeded=seeded, best_of=3)
    rng = np.random.default_rng(seed)
    scores: dict[str, tuple[float, ...]] = {}
    while not (state := fold(own, Log(scores))).over:
        for one in state.next:
            if rng.random() < 0.7:
                scores[one.key] = (*scores.get(one.key, ()), float(rng.integers(3)) / 2.0)
    shuffled = {key: scores[key] for key in rng.permutation(list(scores)).tolist()}
    assert fold(own, Log(shuffled)) == state
    more = {key: (*each, 0.0, 1.0) for key, each in scores.items()}
    assert fold(own, Log(more)).places == state.places


@pytest.mark.parametrize("format_", [Format.SWISS, Format.DOUBLE])
def test_a_thousand_may_take_part(format_: Format) -> None:
    state = played(plan(format_, 1024), np.random.default_rng(1))
    assert state.places.count(1) == 1


def test_everybody_against_everybody_with_a_thousand() -> None:
    state = fold(plan(Format.ROUND_ROBIN, 1024), Log())
    assert len(state.encounters) == 1024 * 1023 // 2
    assert max(one.round for one in state.encounters) == 1023


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"entrants": ("a",)}, "1 are named"),
        ({"entrants": ("a", "b", "a")}, "'a' is named twice"),
        ({"best_of": 2}, "best_of: 2"),
        ({"best_of": 101}, "best_of: 101"),
        ({"rounds": 2}, r"rounds: 2 is outside 0\.\.1 of swiss"),
        (
            {
                "format": Format.ROUND_ROBIN,
                "rounds": 2,
                "entrants": tuple(map(str, range(1024))),
            },
            r"rounds: 2 is outside 0\.\.1 of round-robin",
        ),
    ],
)
def test_what_cannot_be_played_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        Plan(**{"format": Format.SWISS, "entrants": ("a", "b"), "seed": 0} | changes)  # type: ignore[arg-type]


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(Format),
    st.integers(2, 33),
    st.sampled_from([1, 3, 5]),
    st.integers(0, 2**32),
)
def test_with_forfeits_and_best_of_n_it_comes_to_an_end(
    format_: Format, size: int, best_of: int, seed: int
) -> None:
    own, rng = plan(format_, size, best_of=best_of), np.random.default_rng(seed)
    scores: dict[str, tuple[float, ...]] = {}
    forfeits: dict[str, Forfeit] = {}
    while not (state := fold(own, Log(scores, forfeits))).over:
        for one in state.next:
            if rng.random() < 0.1:
                forfeits[one.key] = list(Forfeit)[rng.integers(len(Forfeit))]
            else:
                scores[one.key] = (*scores.get(one.key, ()), float(rng.integers(5)) / 4.0)
    assert all(place >= 1 for place in state.places)
    for place in state.places:
        assert sum(other < place for other in state.places) == place - 1
    for one in state.encounters:
        assert one.matches <= best_of * (3 if format_ in ELIMINATIONS else 1)
        if one.key in forfeits and format_ in ELIMINATIONS:
            assert one.winner is not None
    # What comes late, about an encounter that was forfeited or is over, changes nothing.
    late = {key: (*scores.get(key, ()), 1.0, 0.0) for key in {*scores, *forfeits}}
    assert fold(own, Log(late, forfeits)).places == state.places


@pytest.mark.parametrize(
    ("forfeit", "format_", "winner", "end", "points"),
    [
        (Forfeit.FIRST, Format.SINGLE, 1, End.FORFEIT, (0.0, 1.0)),
        (Forfeit.SECOND, Format.SINGLE, 0, End.FORFEIT, (1.0, 0.0)),
        (Forfeit.BOTH, Format.SINGLE, 0, End.FORFEIT, (0.0, 0.0)),
        (Forfeit.VOID, Format.SINGLE, 0, End.VOID, (1.0, 0.0)),
        (Forfeit.BOTH, Format.ROUND_ROBIN, None, End.FORFEIT, (0.0, 0.0)),
        (Forfeit.VOID, Format.ROUND_ROBIN, None, End.VOID, (0.5, 0.5)),
    ],
)
def test_who_does_not_come_has_lost(
    forfeit: Forfeit,
    format_: Format,
    winner: int | None,
    end: End,
    points: tuple[float, float],
) -> None:
    own = plan(format_, 2, best_of=3)
    key = fold(own, Log()).encounters[0].key
    state = fold(own, Log({key: (0.0,)}, {key: forfeit}))
    (one,) = state.encounters
    assert state.over
    assert (one.winner, one.end) == (winner, end)
    of = {row.entrant: row.points for row in state.rows}
    assert (of[0], of[1]) == points


def test_who_is_out_stands_behind_who_is_not() -> None:
    state = fold(plan(Format.SINGLE, 4), Log({"w1.1": (1.0,), "w1.2": (0.0,), "w2.1": ()}))
    assert [row.entrant for row in state.standings] == [0, 2, 1, 3]
    over = Log({"w1.1": (1.0,), "w1.2": (0.0,), "w2.1": (0.0,), "third2.1": (0.0,)})
    state = fold(plan(Format.SINGLE, 4), over)
    assert [row.entrant for row in state.standings] == [2, 0, 1, 3]


def test_byes_are_told_and_level_ends_too() -> None:
    state = fold(plan(Format.SWISS, 3), Log({"s1.1": (0.5,)}))
    assert [one.end for one in state.encounters][:2] == [End.LEVEL, End.BYE]
    drawn = fold(plan(Format.SINGLE, 2), Log({"w1.1": (0.5, 0.5, 0.5)}))
    assert drawn.encounters[0].end is End.SEED
