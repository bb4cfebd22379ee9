import pytest

from services.matchmaker.rating.cooldown import Cooldowns


def resting(cooldowns: Cooldowns, player: str, since: float) -> float:
    """How long a player rests from `since` on, in whole seconds."""
    return next(s for s in range(100_000) if not cooldowns.rests(player, since + s))


def test_nobody_rests_without_cause() -> None:
    assert not Cooldowns(30.0, 100.0).rests("race:1", 0.0)


def test_rests_double_up_to_the_longest() -> None:
    cooldowns, now, seen = Cooldowns(30.0, 100.0), 1000.0, []
    for _ in range(4):
        cooldowns.abandoned(["race:1"], now)
        seen.append(resting(cooldowns, "race:1", now))
        now += seen[-1]
    assert seen == [30, 60, 100, 100]


def test_matches_that_were_under_way_together_count_once() -> None:
    cooldowns = Cooldowns(30.0, 1000.0)
    for moment in (0.0, 1.0, 29.0):
        cooldowns.abandoned(["race:1", "race:2"], moment)
    assert resting(cooldowns, "race:1", 0.0) == resting(cooldowns, "race:2", 0.0) == 30


def test_who_plays_a_match_to_its_end_is_clear_of_blame() -> None:
    cooldowns = Cooldowns(30.0, 1000.0)
    cooldowns.abandoned(["race:1", "race:2"], 0.0)
    cooldowns.played(["race:2"])
    assert cooldowns.rests("race:1", 1.0)
    assert not cooldowns.rests("race:2", 1.0)
    cooldowns.abandoned(["race:1", "race:2"], 30.0)
    assert resting(cooldowns, "race:1", 30.0) == 60
    assert resting(cooldowns, "race:2", 30.0) == 30


@pytest.mark.parametrize("failures", [100, 2000])
def test_a_player_that_never_comes_to_an_end_breaks_nothing(failures: int) -> None:
    cooldowns, now = Cooldowns(30.0, 100.0), 0.0
    for _ in range(failures):
        cooldowns.abandoned(["race:1"], now)
        now += 100.0
    assert not cooldowns.rests("race:1", now)
