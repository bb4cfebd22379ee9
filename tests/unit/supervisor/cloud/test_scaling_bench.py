from bench.scaling.day import MINUTES, Minute, day
from bench.scaling.simulation import Sizes, play


def test_a_day_is_the_same_for_the_same_seed() -> None:
    assert list(day(3)) == list(day(3))
    assert len(list(day(3))) == MINUTES
    first, again = (play(day(3), Sizes(), 3, 0.05) for _ in range(2))
    assert first == again


def test_a_days_games_are_played_for_a_fraction_of_all_machines() -> None:
    report = play(day(1), Sizes(), 1, 0.05)
    assert report["games_left"] == 0
    assert report["games_waited_minutes"]["longest"] <= 20
    assert report["cost_usd"] < report["cost_always_at_most_usd"] / 3
    assert report["training_minutes_without_learning"] < 0.05 * report["training_minutes"]


def test_spot_losses_are_made_up_for() -> None:
    calm, stormy = (play(day(2), Sizes(), 2, losses) for losses in (0.0, 1.0))
    assert stormy["spot_losses"] > 5 > calm["spot_losses"] == 0
    assert stormy["games_left"] == 0


def test_a_lone_ticket_at_night_is_played() -> None:
    night = [Minute(False, 0, int(minute == 30)) for minute in range(120)]
    report = play(night, Sizes(), 0, 0.0)
    assert report["games_left"] == 0
    assert report["most_actors"] == 1
    assert report["actor_machine_hours"] < 1


def test_nothing_asked_costs_nothing() -> None:
    report = play([Minute(False, 0, 0)] * 300, Sizes(), 0, 0.5)
    assert report["cost_usd"] == 0
