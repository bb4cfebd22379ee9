"""The handle of a run, over a run that a test plays: its journal, its end, its stop."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from mazemesh.errors import InvalidArgument, NotFound
from mazemesh.training.progress import JournalReader, Progress
from mazemesh.training.request import TrainingRequest
from mazemesh.training.run import TrainingFailed, TrainingRun
from mazemesh.training.train import train

LINE = {"time": 1e10, "agent_steps": 100, "samples": 4, "training_step": 3, "version": 2}


class Played:
    """A run of which a test says what it writes and when it ends."""

    def __init__(self, folder: Path, policies: Sequence[str] = ("race",)) -> None:
        self.policies = tuple(policies)
        self.addresses = None
        self.over, self.stopped = threading.Event(), 0
        self.why = ""
        self._folder = folder

    def write(self, policy: str = "race", **figures: float) -> None:
        file = self._folder / "learner" / policy / "metrics.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a") as lines:
            lines.write(json.dumps({**LINE, **figures}) + "\n")

    def ended(self, seconds: float) -> bool:
        return self.over.wait(min(seconds, 0.01))

    def problem(self) -> str:
        return self.why

    def stop(self) -> None:
        self.stopped += 1


def run_of(
    played: Played, folder: Path, *callbacks: Callable[[Progress], object], seconds: float = 0
) -> TrainingRun:
    request = TrainingRequest(folder, "race", "ppo")
    return TrainingRun(request, callbacks, seconds=seconds, start=lambda request: played)


def test_callbacks_get_the_figures_as_they_come(tmp_path: Path) -> None:
    played, seen = Played(tmp_path, ("a", "b")), threading.Event()
    told: list[Progress] = []

    def note(progress: Progress) -> None:
        told.append(progress)
        if len(told) == 3:
            seen.set()

    played.write("a", agent_steps=1)  # of an earlier run
    run = run_of(played, tmp_path, note)
    assert run.progress is None
    for number in (10, 20):
        played.write("a", agent_steps=number, entropy=0.5, odd=float("nan"))
    played.write("b", agent_steps=7)
    assert seen.wait(20)
    assert run.running
    assert [one.agent_steps for one in told if one.policy == "a"] == [10, 20]
    assert told[0].figures == {"entropy": 0.5}
    last = run.progress_of("b")
    assert last is not None
    assert (last.agent_steps, last.version, last.training_step) == (7, 2, 3)
    assert "a, b: running, 20 agent steps, version 2" in repr(run)
    run.stop()
    run.stop()
    assert (played.stopped, run.running) == (1, False)
    assert run.wait() == run.progress


def test_false_ends_the_run_and_nothing_else_does(tmp_path: Path) -> None:
    played, told = Played(tmp_path), threading.Event()

    def stop_at_20(progress: Progress) -> bool | None:
        told.set()
        return False if progress.agent_steps >= 20 else None

    run = run_of(played, tmp_path, stop_at_20)
    played.write(agent_steps=10)
    assert told.wait(20)
    run.wait(0.05)
    assert run.running
    played.write(agent_steps=20)
    last = run.wait(20)
    assert last is not None
    assert last.agent_steps == 20
    assert played.stopped == 1


def test_a_run_that_cannot_be_stopped_is_told(tmp_path: Path) -> None:
    class Stuck(Played):
        def stop(self) -> None:
            raise NotFound("nobody there")

    run = run_of(Stuck(tmp_path), tmp_path)
    run.stop()
    with pytest.raises(NotFound, match="nobody there"):
        run.wait()


def test_what_a_callback_raises_ends_the_run_in_order(tmp_path: Path) -> None:
    played = Played(tmp_path)

    def fail(progress: Progress) -> None:
        raise ZeroDivisionError("mine")

    run = run_of(played, tmp_path, fail)
    played.write()
    with pytest.raises(ZeroDivisionError, match="mine"):
        run.wait(20)
    assert played.stopped == 1
    assert not run.running
    run.wait()  # it is told once


def test_the_last_lines_are_told_before_the_end(tmp_path: Path) -> None:
    played, told = Played(tmp_path), []
    run = run_of(played, tmp_path, told.append)
    played.write(agent_steps=30)
    played.over.set()
    last = run.wait(20)
    assert last is not None
    assert [one.agent_steps for one in told] == [30]


def test_a_run_that_breaks_tells_why(tmp_path: Path) -> None:
    played = Played(tmp_path)
    played.why = "the mesh ended with status 1: no room (see mesh.log)"
    run = run_of(played, tmp_path)
    played.over.set()
    with pytest.raises(TrainingFailed, match="status 1: no room"):
        run.wait(20)


def test_time_is_up_after_so_many_seconds_and_a_context_ends_it(tmp_path: Path) -> None:
    played = Played(tmp_path)
    run_of(played, tmp_path, seconds=0.05).wait(20)
    assert played.stopped == 1
    with run_of(other := Played(tmp_path), tmp_path) as run:
        assert run.running
    assert other.stopped == 1


def test_what_cannot_be_started_is_raised_at_once(tmp_path: Path) -> None:
    def refuse(request: TrainingRequest) -> Any:
        raise NotFound("no such game")

    with pytest.raises(NotFound, match="no such game"):
        TrainingRun(TrainingRequest(tmp_path, "x", "ppo"), (), start=refuse)


def test_a_journal_is_read_line_by_line_however_it_is_written(tmp_path: Path) -> None:
    reader = JournalReader(tmp_path, "race", began=0.0)
    assert list(reader.read()) == []
    file = tmp_path / "metrics.jsonl"
    text = json.dumps(LINE) + "\n"
    file.write_text(text[:20])
    assert list(reader.read()) == []
    with file.open("a") as more:
        more.write(text[20:] + "cut off\n" + text)
    assert [one.agent_steps for one in reader.read()] == [100, 100]
    assert list(reader.read()) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"steps": -1}, "steps: -1"),
        ({"width": 3000}, "width"),
        ({"no_such_thing": 1}, "no.such.thing"),
        ({"hyperparameters": {"learning_rat": 0.1}}, "learning_rat"),
        ({"algorithm": "magic"}, "'magic' is unknown"),
        ({"game": "chess"}, "chess"),
        ({"policies": {"first": "a", "second": "b"}}, "race has no role"),
        ({"policy": "a", "policies": {"0": "b", "1": "c"}}, "say one of both"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_starts(
    tmp_path: Path, given: dict[str, Any], said: str
) -> None:
    with pytest.raises((InvalidArgument, NotFound), match=said):
        train(data_dir=tmp_path / "mesh", **given)
    assert not (tmp_path / "mesh").exists()
