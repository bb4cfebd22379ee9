"""The run's own record."""

from __future__ import annotations

import json
from pathlib import Path

from learner.loop.schedule import Every
from learner.record.journal import Journal, run_id_of
from tests.full_disk import no_file_longer_than
from tests.unit.learner.fakes import tiny_run


def written(folder: Path, lines: int, *, resuming: bool = False) -> Journal:
    journal = Journal(folder, tiny_run(), run_id_of(folder, resuming=resuming))
    for index in range(lines):
        journal.add({"loss": index})
        journal.write({"agent_steps": index})
    journal.close()
    return journal


def test_a_line_has_counters_and_means_since_the_last(tmp_path: Path) -> None:
    journal = Journal(tmp_path, tiny_run(), run_id_of(tmp_path, resuming=False))
    for loss in (1.0, 3.0):
        journal.add({"loss": loss})
    assert journal.write({"agent_steps": 5})["loss"] == 2.0
    assert "loss" not in journal.write({"agent_steps": 6})
    journal.close()
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["agent_steps"] for line in lines] == [5, 6]


def test_a_resumed_run_keeps_its_id(tmp_path: Path) -> None:
    first = written(tmp_path, 1).run_id
    assert written(tmp_path, 1, resuming=True).run_id == first
    assert written(tmp_path, 1, resuming=False).run_id != first


def test_a_statistic_that_some_batches_lack_is_the_mean_of_the_others(tmp_path: Path) -> None:
    journal = Journal(tmp_path, tiny_run(), run_id_of(tmp_path, resuming=False))
    journal.add({"loss": 1.0, "episode_reward": 4.0})
    journal.add({"loss": 3.0})
    line = journal.write({"agent_steps": 5})
    assert (line["loss"], line["episode_reward"]) == (2.0, 4.0)
    assert "agent_steps_per_second" not in line
    after = journal.write({"agent_steps": 25})
    speed = 20 / (after["time"] - line["time"])
    assert after["agent_steps_per_second"] == speed
    journal.close()


def test_what_a_kill_left_of_a_line_stays_apart(tmp_path: Path) -> None:
    written(tmp_path, 1)
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"time": 17')
    written(tmp_path, 1, resuming=True)
    first, torn, last = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert torn == '{"time": 17'
    assert json.loads(first)["agent_steps"] == json.loads(last)["agent_steps"] == 0


def test_a_line_that_a_full_disk_has_no_room_for_is_told_by_the_next(tmp_path: Path) -> None:
    journal = Journal(tmp_path, tiny_run(), run_id_of(tmp_path, resuming=False))
    path = tmp_path / "metrics.jsonl"
    journal.add({"loss": 1.0})
    first = journal.write({"agent_steps": 5})
    size = path.stat().st_size
    with no_file_longer_than(size + 10):
        journal.add({"loss": 2.0})
        journal.write({"agent_steps": 6})
        assert path.stat().st_size == size
        assert written(tmp_path, 0, resuming=True).run_id == journal.run_id
    journal.add({"loss": 4.0})
    last = journal.write({"agent_steps": 25})
    journal.close()
    assert last["loss"] == 3.0
    assert last["agent_steps_per_second"] == 20 / (last["time"] - first["time"])
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["agent_steps"] for line in lines] == [5, 25]


def test_every_is_due_once_a_period_and_early_where_that_is_asked_for() -> None:
    every = Every(60.0, now=0.0, early=2)
    due = [time for time in range(200) if every.due(float(time))]
    assert due == [20, 40, 60, 120, 180]


def test_early_times_that_were_missed_are_not_made_up_for() -> None:
    every = Every(5.0, now=0.0, early=4)
    assert [time for time in (1.0, 3.5, 3.6, 4.0, 5.0, 6.0, 10.0) if every.due(time)] == [
        *(1.0, 3.5, 4.0, 5.0, 10.0)
    ]


def test_every_does_not_make_up_for_a_pause() -> None:
    every = Every(10.0, now=0.0)
    assert every.due(95.0)
    assert [time for time in range(96, 126) if every.due(float(time))] == [105, 115, 125]
