import re
from pathlib import Path

from supervisor.cloud.scaling.tracking import (
    ACTOR_TARGET,
    ACTOR_WARMUP_MINUTES,
    LEARNER_TARGET,
    LEARNER_WARMUP_MINUTES,
    TargetTracking,
)

MODULES = Path(__file__).parents[4] / "terraform" / "modules"


def actors() -> TargetTracking:
    return TargetTracking(ACTOR_TARGET, 0, 8, ACTOR_WARMUP_MINUTES)


def held(policy: TargetTracking, total: float, desired: int, running: int, minutes: int) -> int:
    for _ in range(minutes):
        desired = policy.decide(total, desired, running)
    return desired


def test_three_minutes_above_the_target_start_as_many_as_are_missing() -> None:
    assert held(actors(), 4 * ACTOR_TARGET, 1, 1, 2) == 1
    assert held(actors(), 4 * ACTOR_TARGET, 1, 1, 3) == 4


def test_it_never_grows_above_the_most() -> None:
    assert held(actors(), 100 * ACTOR_TARGET, 1, 1, 10) == 8


def test_machines_that_warm_up_are_waited_for() -> None:
    policy = actors()
    assert held(policy, 2 * ACTOR_TARGET, 1, 1, 3) == 2
    assert held(policy, 3 * ACTOR_TARGET, 2, 1, ACTOR_WARMUP_MINUTES) == 2


def test_one_game_that_waits_starts_the_first_machine() -> None:
    assert held(actors(), 1, 0, 0, 3) == 1


def test_nothing_that_waits_starts_none() -> None:
    assert held(actors(), 0, 0, 0, 60) == 0


def test_it_shrinks_after_a_quarter_of_an_hour_one_machine_a_minute() -> None:
    policy = actors()
    assert held(policy, 0, 4, 4, 14) == 4
    assert held(policy, 0, 4, 4, 1) == 3
    assert held(policy, 0, 3, 3, 1) == 2


def test_close_to_the_target_nothing_moves() -> None:
    assert held(actors(), 0.95 * 2 * ACTOR_TARGET, 2, 2, 120) == 2


def test_the_policies_in_terraform_have_the_same_numbers() -> None:
    def text(module: str, file: str) -> str:
        return (MODULES / module / file).read_text()

    def default(module: str, variable: str) -> float:
        block = text(module, "variables.tf").split(f'variable "{variable}"')[1]
        found = re.search(r"default\s*=\s*([\d.]+)", block)
        assert found
        return float(found[1])

    def warmup(module: str) -> int:
        found = re.search(r"estimated_instance_warmup\s*=\s*(\d+)", text(module, "main.tf"))
        assert found
        return int(found[1])

    assert default("actors", "queued_games") == ACTOR_TARGET
    assert default("learner", "backlog_rows") == LEARNER_TARGET
    assert warmup("actors") == 60 * ACTOR_WARMUP_MINUTES
    assert warmup("learner") == 60 * LEARNER_WARMUP_MINUTES
    assert "${2 * var.queued_games}" in text("actors", "main.tf")
