"""Publishing beside the training: order, retries, refusals."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from learner.loop.first_version import first_draft
from learner.loop.publisher import PARITY_BYTES, REFUSALS, Draft, Publisher, parity_check
from learner.network.architecture import Evaluation, initial_parameters
from mazemesh.errors import (
    Conflict,
    FailedPrecondition,
    InvalidArgument,
    ResourceExhausted,
    Unavailable,
)
from mazemesh.wire.tensors import from_tensor
from tests.unit.learner.fakes import FakeModel, tiny_run

RUN = tiny_run()


def draft(training_step: int, *, snapshot: bool = False) -> Draft:
    first = first_draft(RUN, initial_parameters(RUN.architecture, training_step))
    return Draft(first.parameters, first.parity, training_step, 10 * training_step, snapshot)


class Watched(Publisher):
    """One whose learner's stop event can be looked at."""

    stopped: threading.Event


@pytest.fixture
def model() -> FakeModel:
    return FakeModel()


@pytest.fixture
def publisher(model: FakeModel) -> Watched:
    stop = threading.Event()
    publisher = Watched(model, RUN, "run-1", stop, metadata={"torch": "2"})
    publisher.stopped = stop
    return publisher


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
    monkeypatch.setattr("learner.loop.publisher.RETRY_SECONDS", 0.001)
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


def test_a_run_whose_versions_are_refused_again_and_again_ends(
    publisher: Watched, model: FakeModel
) -> None:
    """In the thread, where nobody sees it: the learner is stopped, and told why."""
    model.failures = [FailedPrecondition("parity.action_mask[3] has no legal action")] * REFUSALS
    for step in range(REFUSALS - 1):
        assert not publisher.publish(draft(step))
    publisher.start()
    publisher.offer(draft(9))
    assert publisher.stopped.wait(20)
    with pytest.raises(FailedPrecondition, match=f"last {REFUSALS} versions.*no legal action"):
        publisher.check()


def test_refusals_with_a_version_between_them_do_not_add_up(
    publisher: Publisher, model: FakeModel
) -> None:
    for step in range(3 * REFUSALS):
        model.failures = [FailedPrecondition("parity")] if step % 2 else []
        publisher.publish(draft(step))
    assert publisher.rejected == len(range(1, 3 * REFUSALS, 2))


@pytest.mark.parametrize(
    "error", [OSError("no lineage can be written"), Conflict("another run has the name")]
)
def test_whatever_ends_the_thread_stops_the_learner(
    publisher: Watched, model: FakeModel, error: Exception
) -> None:
    model.failures = [error]
    publisher.start()
    publisher.offer(draft(1))
    assert publisher.stopped.wait(20)
    publisher.close(20)
    with pytest.raises(type(error), match=str(error)):
        publisher.check()


def test_a_model_with_too_much_to_do_is_asked_again(
    publisher: Publisher, model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("learner.loop.publisher.RETRY_SECONDS", 0.001)
    model.failures = [ResourceExhausted("16 files wait")]
    assert publisher.publish(draft(1))
    assert publisher.rejected == 0


def test_the_parity_check_has_rows_with_a_legal_action_and_a_bounded_size() -> None:
    wide, rows = 100_000, 256
    observation = np.zeros((rows, wide), np.uint8)
    observation[:, 0] = np.arange(rows)
    mask = np.ones((rows, 3), np.uint8)
    mask[0] = 0
    answer = Evaluation(
        np.zeros((rows, 3), np.float32), np.arange(rows, dtype=np.float32), no_memory(rows)
    )
    message = parity_check(observation, mask, answer)
    value = from_tensor(message.value, "value")
    kept = from_tensor(message.observation, "observation")
    assert value.tolist() == kept[:, 0].tolist() == list(range(1, len(value) + 1))
    with pytest.raises(InvalidArgument, match=r"an observation .* has 1000"):
        parity_check(np.zeros((1, 1_000_000), np.uint8), mask[1:2], answer)
    assert PARITY_BYTES // 2 < message.ByteSize() < 1.1 * PARITY_BYTES


def no_memory(rows: int) -> np.ndarray:
    return np.zeros((rows, 0), np.float32)


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
