"""A whole run against Replay and Model in memory."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from prometheus_client import CollectorRegistry

from learner.learn import learn
from learner.record import checkpoint
from learner.settings import LearnerSettings
from mazemesh.errors import FailedPrecondition, Unavailable
from mazemesh.v1 import replay_pb2
from tests.unit.learner.fakes import TINY, FakeModel, FakeReplay

SMALL = {
    "ppo": {"unroll_length": 4, "unrolls_per_batch": 16, "minibatch_size": 32},
    "dqn": {"minibatch_size": 32, "minibatches_per_batch": 2},
    "r2d2": {"minibatch_size": 8, "minibatches_per_batch": 2, "memory": 8},
}


def settings(folder: Path, algorithm: str = "ppo", steps: int = 640) -> LearnerSettings:
    return LearnerSettings(
        game="solo",
        algorithm=algorithm,
        steps=steps,
        data_dir=folder,
        tracking="none",
        publish_seconds=0.001,
        hyperparameters=SMALL[algorithm],
        **TINY,
    )


@pytest.mark.parametrize("algorithm", ["ppo", "dqn", "r2d2"])
def test_trains_publishes_and_leaves_a_checkpoint(tmp_path: Path, algorithm: str) -> None:
    replay, model, registry = FakeReplay(), FakeModel(), CollectorRegistry()
    wanted = settings(tmp_path, algorithm)
    learn(wanted, replay, model, registry, threading.Event())
    first, last = model.headers[0], model.headers[-1]
    assert (first.training_step, first.snapshot) == (0, True)
    assert last.snapshot
    assert int(last.metadata["agent_steps"]) >= 640
    assert last.training_step > 0
    assert last.parent_version == len(model.headers) - 1
    assert checkpoint.find(wanted.folder)
    assert registry.get_sample_value("mazemesh_learner_agent_steps_total") >= 640
    assert registry.get_sample_value("mazemesh_learner_training_step") == last.training_step
    assert (replay.priorities != []) == (algorithm != "ppo")
    description = json.loads((wanted.folder / "run.json").read_text())
    assert description["algorithm"] == algorithm
    assert {header.run_id for header in model.headers} == {description["run_id"]}


class ToldOf(FakeReplay):
    """Two episodes for each draw, of five steps and a reward of 1.5, one of them won."""

    def list_tables(self, timeout: float = 10.0) -> list[replay_pb2.TableInfo]:
        tables = super().list_tables(timeout)
        for info in tables:
            info.episodes.ended, info.episodes.steps = 2 * self.draws, 10 * self.draws
            info.episodes.reward, info.episodes.successes = 3.0 * self.draws, self.draws
        return tables


@pytest.mark.parametrize("algorithm", ["dqn", "r2d2"])
def test_what_replay_was_told_of_episodes_is_in_the_record(tmp_path: Path, algorithm: str) -> None:
    wanted = settings(tmp_path, algorithm)
    learn(wanted, ToldOf(), FakeModel(), CollectorRegistry(), threading.Event())
    lines = [json.loads(line) for line in (wanted.folder / "metrics.jsonl").open()]
    figures = [line for line in lines if "episode_reward" in line]
    assert figures
    for line in figures:
        assert line["episode_reward"] == pytest.approx(1.5)
        assert (line["episode_steps"], line["episode_success"]) == (5.0, 0.5)


def test_resumes_where_it_stopped(tmp_path: Path) -> None:
    replay, model = FakeReplay(), FakeModel()
    learn(settings(tmp_path, steps=640), replay, model, CollectorRegistry(), threading.Event())
    before, step = len(model.headers), model.headers[-1].training_step
    learn(settings(tmp_path, steps=1280), replay, model, CollectorRegistry(), threading.Event())
    after = model.headers[before:]
    assert after[0].training_step > step
    assert after[0].parent_version == before
    assert after[0].run_id == model.headers[0].run_id
    assert not any(header.training_step == 0 for header in after)
    assert int(after[-1].metadata["agent_steps"]) >= 1280


def test_in_lockstep_each_batch_gives_a_version_and_resuming_one_more(tmp_path: Path) -> None:
    def run(steps: int) -> None:
        wanted = settings(tmp_path, steps=steps).model_copy(update={"lockstep": True})
        learn(wanted, FakeReplay(), model, CollectorRegistry(), threading.Event())

    model = FakeModel()
    run(steps=64 * 5)
    per_batch = 3 * 64 // 32
    assert [one.training_step for one in model.headers[:6]] == [n * per_batch for n in range(6)]
    assert model.headers[-1].snapshot
    before = len(model.headers)
    run(steps=64 * 7)
    # An actor may wait for the version that a killed learner did not publish.
    after = [one.training_step for one in model.headers[before:]]
    assert after[:3] == [5 * per_batch, 6 * per_batch, 7 * per_batch]


def test_actors_that_wait_get_a_version_when_the_run_goes_on(tmp_path: Path) -> None:
    model = FakeModel()
    for steps in (64, 128):
        wanted = settings(tmp_path, steps=steps).model_copy(update={"batches_ahead": 2})
        before = len(model.headers)
        learn(wanted, FakeReplay(), model, CollectorRegistry(), threading.Event())
    first, second = model.headers[before : before + 2]
    assert first.training_step == model.headers[before - 1].training_step
    assert second.training_step > first.training_step
    assert first.collection.batches_ahead == 2


def test_stop_leaves_a_checkpoint(tmp_path: Path) -> None:
    replay, model, stop = FakeReplay(), FakeModel(), threading.Event()
    wanted = settings(tmp_path, steps=0)
    running = start(lambda: learn(wanted, replay, model, CollectorRegistry(), stop))
    model.wait_for(3)
    stop.set()
    running.join(100)
    assert not running.is_alive()
    assert checkpoint.find(wanted.folder)


def test_stop_while_model_is_away_ends(tmp_path: Path) -> None:
    class Away(FakeModel):
        asked = threading.Event()

        def publish(self, header: object, data: bytes, graph: object = None) -> object:
            self.asked.set()
            raise Unavailable("not there yet")

    stop, model = threading.Event(), Away()
    wanted = settings(tmp_path, steps=0)
    running = start(lambda: learn(wanted, FakeReplay(), model, CollectorRegistry(), stop))
    assert model.asked.wait(100)
    stop.set()
    running.join(100)
    assert not running.is_alive()


def test_trains_on_while_model_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("learner.loop.publisher.RETRY_SECONDS", 0.01)
    replay, model, stop = FakeReplay(), FakeModel(), threading.Event()
    wanted = settings(tmp_path, steps=0)
    running = start(lambda: learn(wanted, replay, model, CollectorRegistry(), stop))
    model.wait_for(2)
    model.failures = [Unavailable("restarting")] * 20
    model.wait_for(len(model.headers) + 2)
    stop.set()
    running.join(100)
    assert model.failures == []


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"algorithm": "dqn", "hyperparameters": SMALL["dqn"]}, "--policy"),
        ({"hidden": [7]}, "--policy"),
        ({"device": "cuda"}, "device is cuda, but torch finds no CUDA device"),
        ({"fuse": True}, "fuse is for a GPU"),
    ],
)
def test_a_run_that_is_refused_has_written_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    part: str,
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    wanted = settings(tmp_path, "ppo")
    learn(wanted, FakeReplay(), FakeModel(), CollectorRegistry(), threading.Event())
    before = {path.name: path.read_bytes() for path in wanted.folder.iterdir()}
    replay, model = FakeReplay(), FakeModel()
    other = wanted.model_copy(update={"steps": 1280, **changes})
    with pytest.raises(FailedPrecondition, match=part):
        learn(other, replay, model, CollectorRegistry(), threading.Event())
    assert {path.name: path.read_bytes() for path in wanted.folder.iterdir()} == before
    assert (replay.made, model.requests) == (0, [])


def test_a_checkpoint_of_an_older_version_is_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    wanted = settings(tmp_path, "ppo")
    learn(wanted, FakeReplay(), FakeModel(), CollectorRegistry(), threading.Event())
    for path in checkpoint.find(wanted.folder):
        content = torch.load(path, weights_only=True)
        del content["algorithm"]["optimizer"]["square"]
        torch.save(content, path)
    before = {path.name: path.read_bytes() for path in wanted.folder.iterdir()}
    again = wanted.model_copy(update={"hyperparameters": {**SMALL["ppo"], "epochs": 7}})
    with pytest.raises(FailedPrecondition, match="older version of mazemesh"):
        learn(again, FakeReplay(), FakeModel(), CollectorRegistry(), threading.Event())
    assert {path.name: path.read_bytes() for path in wanted.folder.iterdir()} == before


def start(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread
