"""Publishing beside the training: order, retries, refusals."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from learner.architecture import initial_parameters
from learner.first_version import first_draft
from learner.publisher import Draft, Publisher
from mazemesh.errors import FailedPrecondition, Unavailable
from mazemesh.tensors import from_tensor
from tests.unit.learner.fakes import FakeModel, tiny_run

RUN = tiny_run()


def draft(training_step: int, *, snapshot: bool = False) -> Draft:
    first = first_draft(RUN, initial_parameters(RUN.architecture, training_step))
    return Draft(first.parameters, first.parity, training_step, 10 * training_step, snapshot)


@pytest.fixture
def model() -> FakeModel:
    return FakeModel()


@pytest.fixture
def publisher(model: FakeModel) -> Publisher:
    return Publisher(model, RUN, "run-1", threading.Event(), metadata={"torch": "2"})


def test_first_version_is_an_untrained_snapshot_of_real_games(
    publisher: Publisher, model: FakeModel
) -> None:
    assert publisher.publish(first_draft(RUN, initial_parameters(RUN.architecture, 0)))
    header = model.headers[0]
    assert header.snapshot
    assert (header.training_step, header.parent_version) == (0, 0)
    assert header.name == "solo"
    assert header.collection == RUN.collection
    assert header.metadata["algorithm"] == "ppo"
    assert header.metadata["torch"] == "2"
    observation = from_tensor(header.parity.observation, "observation")
    assert observation.shape == (64, RUN.architecture.observation_size)
    assert len({row.tobytes() for row in observation}) > 32
    assert from_tensor(header.parity.action_mask, "mask").any(axis=1).all()


def test_versions_grow_from_one_another(publisher: Publisher, model: FakeModel) -> None:
    for step in (1, 2):
        publisher.publish(draft(step))
    assert [h.parent_version for h in model.headers] == [0, 1]
    assert [h.metadata["agent_steps"] for h in model.headers] == ["10", "20"]
    assert publisher.version == 2
    assert publisher.training_steps == {1: 1, 2: 2}


def test_tries_again_under_the_same_request_id(
    publisher: Publisher, model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("learner.publisher.RETRY_SECONDS", 0.001)
    model.failures = [Unavailable("restarting"), Unavailable("restarting")]
    assert publisher.publish(draft(1))
    assert len(model.requests) == 3
    assert len(set(model.requests)) == 1
    assert len(model.headers) == 1


def test_gives_up_on_an_absent_model_when_stopping(model: FakeModel) -> None:
    stop = threading.Event()
    stop.set()
    model.failures = [Unavailable("down")]
    assert not Publisher(model, RUN, "run-1", stop).publish(draft(1))
    assert model.headers == []


def test_a_refused_version_does_not_end_the_run(publisher: Publisher, model: FakeModel) -> None:
    model.failures = [FailedPrecondition("parity")]
    assert not publisher.publish(draft(1))
    assert publisher.publish(draft(2))
    assert publisher.rejected == 1
    assert publisher.version == 1


def test_newest_draft_replaces_the_waiting_one_but_a_snapshot_stays_one(
    publisher: Publisher, model: FakeModel
) -> None:
    publisher.offer(draft(1, snapshot=True))
    publisher.offer(draft(2))
    publisher.offer(draft(3))
    publisher.start()
    publisher.close(timeout=10)
    assert [(h.training_step, h.snapshot) for h in model.headers] == [(3, True)]


def test_a_fresh_draft_leaves_what_waited_before_it_and_has_no_parent(
    publisher: Publisher, model: FakeModel
) -> None:
    """The last weights of a life are not lost to the first of the next one."""
    publisher.publish(draft(1))
    fresh = replace(draft(0), fresh=True)
    for one in (draft(2), draft(3, snapshot=True), fresh, draft(4), draft(5, snapshot=True)):
        publisher.offer(one)
    publisher.start()
    publisher.close(20.0)
    told = [(h.training_step, h.parent_version, h.snapshot) for h in model.headers]
    # 2 gave way to 3, and the fresh one to 4 and 5, which still begin without a parent.
    assert told == [(1, 0, False), (3, 1, True), (5, 0, True)]
    assert publisher.training_steps == {3: 5}
