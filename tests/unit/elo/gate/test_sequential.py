import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.elo.gate.sequential import (
    NOTHING,
    PATH_POINTS,
    SCALE,
    Finding,
    Hypotheses,
    Verdict,
    go_on,
)

WIDE = Hypotheses(elo0=0.0, elo1=80.0, cap=5000)


def shares_at(elo: float) -> np.ndarray:
    """Of the five scores of a pair, with that normalized Elo."""
    base = np.array([0.04, 0.22, 0.44, 0.26, 0.04])
    scores = WIDE.scores
    low, high = -20.0, 20.0
    for _ in range(200):
        tilt = (low + high) / 2.0
        shares = base * np.exp(tilt * scores)
        shares /= shares.sum()
        mean = float(shares @ scores)
        deviation = math.sqrt(float(shares @ (scores - mean) ** 2))
        if (mean - 0.5) / deviation * SCALE / math.sqrt(2.0) < elo:
            low = tilt
        else:
            high = tilt
    return shares


def played(elo: float, seed: int) -> Finding:
    rng = np.random.default_rng(seed)
    drawn = rng.choice(WIDE.scores, WIDE.cap, p=shares_at(elo))
    return go_on(WIDE, NOTHING, drawn.tolist())


def test_bounds_are_walds() -> None:
    assert WIDE.upper == pytest.approx(math.log(19.0))
    assert WIDE.lower == -WIDE.upper


def test_errors_are_about_as_rare_as_asked_for() -> None:
    """400 gates at each bound; 5 % with a standard error of 1.1 %."""
    at_worst = [played(WIDE.elo0, seed) for seed in range(400)]
    at_best = [played(WIDE.elo1, 1000 + seed) for seed in range(400)]
    passed = sum(one.verdict is Verdict.PASSED for one in at_worst)
    failed = sum(one.verdict is Verdict.FAILED for one in at_best)
    assert passed <= 34
    assert failed <= 34
    assert min(passed, failed) >= 6
    # Fewer on the way than the worst case, between the bounds: 8.67 / (t1 - t0)^2.
    worst = 8.67 / (math.sqrt(2.0) * (WIDE.elo1 - WIDE.elo0) / SCALE) ** 2
    assert np.mean([one.matches for one in at_best]) < worst


@given(st.lists(st.sampled_from(WIDE.scores.tolist()), max_size=300), st.data())
def test_it_is_the_same_however_many_come_at_once(scores: list[float], data: st.DataObject) -> None:
    whole = go_on(WIDE, NOTHING, scores)
    found, rest = NOTHING, scores
    while rest:
        cut = data.draw(st.integers(1, len(rest)))
        found, rest = go_on(WIDE, found, rest[:cut]), rest[cut:]
    assert found == whole


def test_what_is_decided_stays() -> None:
    passed = go_on(WIDE, NOTHING, [1.0] * 100)
    assert passed.verdict is Verdict.PASSED
    assert passed.matches < 100
    assert go_on(WIDE, passed, [0.0] * 1000) == passed


def test_its_path_is_kept_whole_while_it_is_short() -> None:
    found, told = NOTHING, []
    for score in (0.5, 0.75, 0.25, 1.0, 0.5):
        found = go_on(WIDE, found, [score])
        told.append((found.matches, found.ratio))
    assert found.points == told
    assert NOTHING.points == []


@pytest.mark.parametrize("matches", [PATH_POINTS - 1, PATH_POINTS, PATH_POINTS + 1, 1000])
def test_a_long_path_is_thinned_and_ends_where_the_gate_is(matches: int) -> None:
    scores = [0.25, 0.75] * (matches // 2) + [0.5] * (matches % 2)
    narrow = Hypotheses(elo0=0.0, elo1=2.0)
    found = go_on(narrow, NOTHING, scores)
    assert (found.verdict, found.matches) == (Verdict.RUNNING, matches)
    assert len(found.points) <= PATH_POINTS
    assert found.points[-1] == (matches, found.ratio)
    for seen, ratio in found.points[:: len(found.points) // 5]:
        assert go_on(narrow, NOTHING, scores[:seen]).ratio == ratio


def test_one_that_was_kept_without_a_path_has_its_end() -> None:
    old = Finding(Verdict.RUNNING, 0.5, (0, 0, 4, 1, 0))
    found = go_on(WIDE, old, [0.5] * 20)
    assert found.points == [(25, found.ratio)]


def test_a_cap_ends_it() -> None:
    short = Hypotheses(cap=10)
    found = go_on(short, NOTHING, [0.5, 0.25, 0.75, 0.5, 0.5] * 4)
    assert (found.verdict, found.matches) == (Verdict.CAPPED, 10)


@pytest.mark.parametrize(("games", "score", "column"), [(1, 0.5, 1), (2, 0.75, 3), (3, 1.0, 6)])
def test_scores_of_matches_of_any_length(games: int, score: float, column: int) -> None:
    hypotheses = Hypotheses(games=games)
    assert len(hypotheses.scores) == 2 * games + 1
    assert hypotheses.column(score) == column
    assert hypotheses.scores[column] == pytest.approx(score)
