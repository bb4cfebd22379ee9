from collections.abc import Sequence
from typing import Any

import pytest

from supervisor.cloud.scaling.idleness import Change, Group, Memory, look

ACTORS = Group("actors", 0, 4, 2, 2, "stop", 100.0)
SERVICES = Group("services", 1, 1, 1, 1, "keep")
NOW = 1_800_000_000.0


def seen(
    groups: Sequence[Group], memory: Memory, minutes: float = 0.0, **given: Any
) -> tuple[list[Change], Memory]:
    asked = {"busy": True, "month": "2026-11", "idle_minutes": 60.0, **given}
    return look(groups, memory, now=NOW + 60 * minutes, **asked)


def test_idle_groups_that_may_rest_are_stopped_and_the_others_stay() -> None:
    _, memory = seen([ACTORS, SERVICES], Memory(), busy=False)
    changes, memory = seen([ACTORS, SERVICES], memory, 59, busy=False)
    assert changes == []
    changes, memory = seen([ACTORS, SERVICES], memory, 60, busy=False)
    assert changes == [Change("actors", 0, 0, "nothing was learned or asked")]
    assert memory.stopped == {"actors": (0, 2)}


def test_what_is_busy_stays() -> None:
    _, memory = seen([ACTORS], Memory())
    assert seen([ACTORS], memory, 600)[0] == []


def test_idle_minutes_of_0_stop_nothing() -> None:
    _, memory = seen([ACTORS], Memory(), busy=False, idle_minutes=0.0)
    assert seen([ACTORS], memory, 10_000, busy=False, idle_minutes=0.0)[0] == []


def test_a_training_job_brings_back_the_size_from_before() -> None:
    memory = Memory("2026-11", {}, {"actors": (1, 3)}, NOW, NOW - 9000)
    stopped = Group("actors", 0, 4, 0, 0, "stop")
    changes, after = seen([stopped], memory, 5, busy=False, start=True)
    assert changes == [Change("actors", 1, 3, "a training job asks for it")]
    assert after.stopped == {}
    # It is not stopped again at the next look: idleness counts from the start.
    started = Group("actors", 1, 4, 3, 3, "stop")
    assert seen([started], after, 10, busy=False)[0] == []


def test_a_call_brings_it_back_too() -> None:
    memory = Memory("2026-11", {}, {"actors": (0, 2)}, NOW, NOW - 9000)
    (change,), _ = seen([Group("actors", 0, 4, 0, 0, "stop")], memory, 5)
    assert (change.desired, change.reason) == (2, "it is needed again")


def test_a_person_may_stop_it_at_once() -> None:
    changes, _ = seen([ACTORS, SERVICES], Memory(), stop=True)
    assert changes == [Change("actors", 0, 0, "it was told to")]


def test_hours_are_counted_by_machine_and_their_end_stops_the_group() -> None:
    memory = Memory("2026-11", {"actors": 99.9}, {}, NOW, NOW)
    (change,), after = seen([ACTORS], memory, 5)
    assert after.hours["actors"] == pytest.approx(99.9 + 2 * 5 / 60)
    assert change.reason == "its 100 machine hours of the month are used up"
    assert seen([ACTORS], memory, 2)[0] == []


def test_used_up_hours_are_not_given_by_a_training_job() -> None:
    memory = Memory("2026-11", {"actors": 101.0}, {"actors": (0, 2)}, NOW, NOW)
    rests = Group("actors", 0, 4, 0, 0, "stop", 100.0)
    assert seen([rests], memory, 5, start=True)[0] == []


def test_a_new_month_brings_new_hours() -> None:
    memory = Memory("2026-11", {"actors": 101.0}, {"actors": (0, 2)}, NOW, NOW)
    rests = Group("actors", 0, 4, 0, 0, "stop", 100.0)
    (change,), after = seen([rests], memory, 5, month="2026-12")
    assert change.desired == 2
    assert after.hours == {"actors": 0.0}


def test_a_look_that_was_missed_for_long_counts_an_hour() -> None:
    memory = Memory("2026-11", {}, {}, NOW, NOW)
    _, after = seen([ACTORS], memory, 60 * 24)
    assert after.hours["actors"] == 2.0


def test_memory_comes_back_as_it_was_written() -> None:
    memory = Memory("2026-11", {"actors": 12.5}, {"actors": (0, 2)}, NOW, NOW - 60)
    assert Memory.from_json(memory.to_json()) == memory
    assert Memory.from_json({}) == Memory()
