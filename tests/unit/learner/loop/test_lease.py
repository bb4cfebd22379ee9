"""A run holds its folder and its policy's name, and hears when another has taken it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from learner.learn import learn
from learner.loop.lease import WRONG_SETTING, Lease
from learner.settings import LearnerSettings
from mazemesh.errors import Conflict, Unavailable
from mazemesh.process.errors import StartError
from mazemesh.v1.model_pb2 import HoldNameRequest
from tests.unit.learner.fakes import TINY, FakeModel, FakeReplay


def test_a_folder_has_one_learner(tmp_path: Path) -> None:
    stop = threading.Event()
    with Lease(FakeModel(), "race", tmp_path, stop) as held:
        with pytest.raises(StartError, match=r"process .* works in") as caught:
            Lease(FakeModel(), "race", tmp_path, stop).__enter__()
        assert caught.value.exit_code == WRONG_SETTING
        assert held.take("run")
    with Lease(FakeModel(), "race", tmp_path, stop):
        pass


def test_a_run_that_starts_again_is_known_by_its_folder(tmp_path: Path) -> None:
    model, stop = FakeModel(), threading.Event()
    for folder in ("a", "a", "b"):
        with Lease(model, "race", tmp_path / folder, stop) as lease:
            lease.take("run")
    owners = [one.owner for one in model.holders if not one.fence]
    assert owners[0] == owners[1] != owners[2]
    assert [one.fence for one in model.holders if one.release] == [1, 1, 1]


def test_a_name_of_another_run_is_refused_with_what_model_says(tmp_path: Path) -> None:
    def refuse(request: HoldNameRequest) -> int:
        if not request.take_over:
            raise Conflict("policy 'race' is held by run 'x'; --take-over")
        return 7

    model = FakeModel(holding=refuse)
    with (
        Lease(model, "race", tmp_path, threading.Event()) as lease,
        pytest.raises(StartError, match="held by run 'x'"),
    ):
        lease.take("run")
    with Lease(model, "race", tmp_path, threading.Event(), take_over=True) as lease:
        assert lease.take("run")
        assert lease.fence == 7


def test_model_is_waited_for(tmp_path: Path) -> None:
    model = FakeModel()

    def twice_away(request: HoldNameRequest) -> int:
        if len(model.holders) < 3:
            raise Unavailable("not there yet")
        return 1

    model.holding = twice_away
    with Lease(model, "race", tmp_path, threading.Event()) as lease:
        assert lease.take("run")
    stop = threading.Event()
    stop.set()
    model.holders.clear()
    with Lease(model, "race", tmp_path, stop) as lease:
        assert not lease.take("run")


def test_who_has_lost_the_name_is_stopped(tmp_path: Path) -> None:
    def lose(request: HoldNameRequest) -> int:
        if request.fence:
            raise Conflict("policy 'race' was taken over by run 'y'")
        return 1

    model, stop = FakeModel(holding=lose, hold_seconds=0.03), threading.Event()
    with Lease(model, "race", tmp_path, stop) as lease:
        lease.take("run")
        assert stop.wait(20)
    with pytest.raises(Conflict, match="taken over"):
        lease.check()
    assert not any(one.release for one in model.holders)


def test_a_learner_publishes_under_its_fence_and_ends_when_it_has_lost_the_name(
    tmp_path: Path,
) -> None:
    lost = threading.Event()

    def until_lost(request: HoldNameRequest) -> int:
        if request.fence and lost.is_set():
            raise Conflict("policy 'solo' was taken over by run 'y'")
        return 5

    model = FakeModel(holding=until_lost, hold_seconds=0.05)
    wanted = LearnerSettings(
        game="solo",
        data_dir=tmp_path,
        tracking="none",
        publish_seconds=0.001,
        hyperparameters={"unroll_length": 4, "unrolls_per_batch": 16, "minibatch_size": 32},
        **TINY,
    )
    ended: list[Exception] = []

    def work() -> None:
        try:
            learn(wanted, FakeReplay(), model, CollectorRegistry(), threading.Event())
        except Conflict as error:
            ended.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    model.wait_for(2)
    lost.set()
    thread.join(20)
    assert "taken over" in str(ended[0])
    assert {header.fence for header in model.headers} == {5}
