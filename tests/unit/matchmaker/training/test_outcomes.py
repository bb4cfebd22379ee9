import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matchmaker.training.outcomes import MOST_FORMS, UNSEEN, Form, Forms, Outcomes

COUNTS = st.integers(0, 500)
OUTCOMES = st.builds(Outcomes, COUNTS, COUNTS, COUNTS)


def test_an_opponent_never_met_is_taken_to_be_an_equal() -> None:
    assert Forms(200.0).win_rate("race", "race:1") == UNSEEN == 0.5


def test_the_rate_follows_the_games() -> None:
    forms = Forms(200.0)
    forms.record("race", "bot/random", Outcomes(1000, 0, 0))
    forms.record("race", "bot/shortest-path", Outcomes(0, 0, 1000))
    forms.record("race", "race:1", Outcomes(0, 1000, 0))
    assert forms.win_rate("race", "bot/random") > 0.99
    assert forms.win_rate("race", "bot/shortest-path") < 0.01
    assert forms.win_rate("race", "race:1") == pytest.approx(0.5)
    assert forms.win_rate("other", "bot/random") == UNSEEN


def test_a_game_weighs_half_after_the_half_life() -> None:
    decay = 0.5 ** (1 / 100)
    lost = Form().after(Outcomes(0, 0, 1), decay)
    won = Form().after(Outcomes(1, 0, 0), decay)
    later = Outcomes(0, 0, 100)
    difference = won.after(later, decay).score - lost.after(later, decay).score
    assert difference == pytest.approx(0.5)


@pytest.mark.parametrize("sides", [2, 3, 4, 8])
def test_an_equal_has_one_half_whatever_the_number_of_sides(sides: int) -> None:
    forms = Forms(1e6)
    forms.record("race", "race:1", Outcomes(1000, 0, 1000 * (sides - 1), sides))
    assert forms.win_rate("race", "race:1") == pytest.approx(0.5)
    forms.record("race", "race:2", Outcomes(0, 1000, 0, sides))
    assert forms.win_rate("race", "race:2") == pytest.approx(0.5)
    # Thrice as strong as each of the others: it wins 3 in s + 2, and a duel 3 in 4.
    forms.record("race", "race:3", Outcomes(30_000, 0, 10_000 * (sides - 1), sides))
    assert forms.win_rate("race", "race:3") == pytest.approx(0.75, abs=0.001)


def test_whom_nobody_met_for_long_is_forgotten() -> None:
    forms = Forms(200.0)
    for number in range(MOST_FORMS + 1):
        forms.record("race", f"race:{number + 1}", Outcomes(1, 0, 0))
        forms.record("race", "race:1", Outcomes(1, 0, 0))
    assert len(list(forms.of())) == MOST_FORMS
    assert forms.win_rate("race", "race:2") == UNSEEN
    assert forms.win_rate("race", "race:1") > 0.9


def test_one_win_does_not_make_an_opponent_beaten_for_good() -> None:
    forms = Forms(200.0)
    forms.record("race", "race:1", Outcomes(1, 0, 0))
    assert 0.5 < forms.win_rate("race", "race:1") < 0.75


@given(st.lists(OUTCOMES, max_size=20), st.floats(1.0, 1e4))
def test_rates_stay_in_range_and_the_weight_is_bounded(
    batches: list[Outcomes], half: float
) -> None:
    decay = 0.5 ** (1 / half)
    form = Form()
    for batch in batches:
        form = form.after(batch, decay)
    assert 0.0 <= form.win_rate <= 1.0
    assert form.weight <= 1 / (1 - decay) * (1 + 1e-9)
    assert form.games == sum(batch.games for batch in batches)


@given(st.integers(0, 60), st.integers(0, 60))
def test_a_batch_of_equal_games_counts_like_one_by_one(first: int, second: int) -> None:
    decay = 0.5 ** (1 / 50)
    together = Form().after(Outcomes(first + second, 0, 0), decay)
    apart = Form().after(Outcomes(first, 0, 0), decay).after(Outcomes(second, 0, 0), decay)
    assert together.score == pytest.approx(apart.score)
    assert together.weight == pytest.approx(apart.weight)
