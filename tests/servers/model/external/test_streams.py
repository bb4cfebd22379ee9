"""Streams of simulators that break, fall silent or are full, and learners that take nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mazemesh.client.model import ModelClient
from mazemesh.errors import (
    DeadlineExceeded,
    InvalidArgument,
    ResourceExhausted,
    Unavailable,
)
from mazemesh.external import Rows, Simulator
from mazemesh.external.kinds import TERMINATED
from mazemesh.v1 import model_pb2 as pb
from tests.servers.cutting_proxy import CuttingProxy
from tests.servers.event_loop_lag import event_loop_lag
from tests.servers.external_run import (
    FOUR_STEPS,
    World,
    external_world,
    kind,
    seen,
)
from tests.servers.model_server import running_model
from tests.servers.running import eventually


def test_a_cut_connection_loses_the_open_episodes_alone(world: World) -> None:
    run = world.begin("wire", hyperparameters=FOUR_STEPS)
    with (
        CuttingProxy(world.model.address) as proxy,
        closing(ModelClient(proxy.address)) as model,
        model.simulator(kind("wire")) as simulator,
    ):
        done = simulator.episode()
        for step in range(3):
            done.act(seen(step), reward=step)
        done.end(reward=3.0, terminated=True)
        lost = simulator.episode()
        for step in range(3):
            lost.act(seen(10 + step), reward=10 + step)
        proxy.cut()
        with pytest.raises(Unavailable):
            lost.act(seen(13), reward=13.0)
        eventually(lambda: world.model.metric("external_streams") == 0)
        proxy.mend()
        again = simulator.episode()  # on another stream
        for step in range(2):
            again.act(seen(20 + step), reward=20 + step)
        again.end(reward=22.0, terminated=True)
        assert simulator.broken == 1
        with pytest.raises(Unavailable):
            lost.act(seen(14))
        eventually(lambda: world.rows(run) == 1)
        # What the lost one lived through counts to its last whole step, which is truncated.
        rows = world.sample(run, 1)
        assert rows["reward"].tolist() == [[1, 2, 3, 11]]
        assert rows["terminated"].tolist() == [[False, False, True, False]]
        assert rows["truncated"].tolist() == [[False, False, False, False]]
    eventually(lambda: world.model.metric("external_agents") == 0)
    assert world.model.metric("external_bytes") >= 0


def test_a_slow_simulator_stops_nobody(world: World) -> None:
    """One sends turns and reads no answer; the other goes on."""
    world.begin("slow", hyperparameters=FOUR_STEPS)
    release = threading.Event()

    def turns() -> Iterator[pb.ExternalEpisodesRequest]:
        first = pb.SimulatorDescription(kinds=[kind("slow:1")["cart"].message("cart")])
        yield pb.ExternalEpisodesRequest(simulator=first)
        row = Rows(np.arange(64), np.zeros((64, 4), np.float32))
        message = row.message("cart", kind()["cart"])
        for episode in range(1, 100):
            if release.is_set():
                return
            turn = pb.SimulatorTurn(sequence=episode, agents=[message])
            turn.ended_episodes.extend(range(64))
            yield pb.ExternalEpisodesRequest(turn=turn)
        release.wait(60)

    stuck: Any = world.model.stub.ExternalEpisodes(turns(), timeout=60)
    try:
        with world.model.client.simulator(kind("slow:1")) as simulator:
            episode = simulator.episode()
            for step in range(50):
                episode.act(seen(step))
            episode.end()
    finally:
        release.set()
        stuck.cancel()


def test_a_learner_that_takes_nothing_is_waited_for_and_told_of(world: World) -> None:
    """Others go on meanwhile; when it takes experience again, so does who waited."""
    waited: list[tuple[str, str]] = []
    small = {"unroll_length": 2, "unrolls_per_batch": 2, "minibatch_size": 4}
    run = world.begin("busy", hyperparameters=small, batches_ahead=0)
    world.begin("free", hyperparameters=FOUR_STEPS)
    client = world.model.client
    with (
        client.simulator(kind("busy"), on_waiting=lambda *told: waited.append(told)) as busy,
        client.simulator(kind("free")) as free,
    ):
        played = threading.Event()

        def play() -> None:
            episode = busy.episode()
            for step in range(40):
                episode.act(seen(step), reward=1.0)
            episode.end()
            played.set()

        playing = threading.Thread(target=play)
        playing.start()
        eventually(lambda: bool(waited), 60)
        other = free.episode()
        for step in range(10):
            other.act(seen(step))
        assert not played.is_set()
        with suppress(DeadlineExceeded):
            while not played.is_set():
                world.sample(run, 2, seconds=1)
        playing.join()
    policy, reason = waited[0]
    assert policy == "busy"
    assert "rows wait for room" in reason


def test_the_largest_turns_leave_the_event_loop_to_others(world: World) -> None:
    """1024 agents that learn begin, act and end, with as many late rewards as a turn may have."""
    many, zeros = np.arange(1024), np.zeros((1024, 4), np.float32)
    late = [(index % 1024, "cart", 0, 0, 1.0) for index in range(4096)]
    world.begin("large", hyperparameters={**FOUR_STEPS, "unrolls_per_batch": 4096})
    with world.model.client.simulator(kind("large"), reward_lag=8) as simulator:
        simulator.turn({"cart": Rows([2000], [seen(0)])}, ended=[2000])
        with event_loop_lag(world.model.thread) as lag:
            for step in range(6):
                rows = Rows(many, zeros, rewards=np.ones(1024))
                turned = simulator.turn({"cart": rows}, late=late if step else [])
                assert not turned.failed
            over = np.full(1024, TERMINATED)
            simulator.turn({"cart": Rows(many, zeros, status=over)}, ended=many.tolist())
    lag.check()


def test_a_silent_simulator_is_let_go(tmp_path: Path) -> None:
    with (
        running_model(tmp_path, external_idle_seconds=0.3, heartbeat_seconds=0.05) as model,
        model.client.simulator(kind()) as simulator,
    ):
        lost = simulator.episode()
        with pytest.raises(DeadlineExceeded, match=r"said nothing for 0\.3 s"):
            simulator.receive(1, 30.0)
        with pytest.raises(DeadlineExceeded):
            lost.act(seen(0))
        assert simulator.broken == 1
        with pytest.raises(InvalidArgument, match="nobody is named"):  # on another stream
            simulator.episode().act(seen(0))


def test_what_is_open_is_bounded_and_handed_over_when_the_service_stops(tmp_path: Path) -> None:
    with external_world(tmp_path, external_streams=1, external_bytes=8 * 2**20) as world:
        run = world.begin("few", hyperparameters=FOUR_STEPS)
        client = world.model.client
        with client.simulator(kind("few")) as simulator:
            simulator.episode().act(seen(0))
            with pytest.raises(ResourceExhausted, match="at most 1"):
                client.simulator(kind("few"))
            told = simulator.turn({"cart": Rows(np.arange(2, 1026), np.zeros((1024, 4)))})
            assert "episodes are open; at most so many" in str(told.failed[1025])
        eventually(lambda: world.model.metric("external_streams") == 0)
        last: Simulator = client.simulator(kind("few"), reconnect_seconds=0.1)
        episode = last.episode()
        for step in range(6):
            episode.act(seen(step), reward=float(step))
        world.stop_model()
        assert world.rows(run) == 1
        with pytest.raises(Unavailable):
            episode.act(seen(6))
        last.close()


def test_the_largest_turn_of_single_rows_is_asked_as_one(world: World) -> None:
    """As many `AgentRows` as a turn may have; answers stand in their order."""
    world.begin("single", hyperparameters=FOUR_STEPS)
    with world.model.client.simulator(kind("single:1")) as simulator:
        before = world.model.metric("inference_batches_total", policy="single")
        rows = [
            Rows([number], seen(number)[None]).message("cart", kind()["cart"])
            for number in range(1, 1025)
        ]
        with event_loop_lag(world.model.thread) as lag:
            simulator._stream.send(  # type: ignore[union-attr]
                pb.ExternalEpisodesRequest(turn=pb.SimulatorTurn(sequence=7, agents=rows))
            )
            while 7 not in simulator._answers:
                simulator._take(simulator._next(60.0))
        answer = simulator._answers.pop(7)
        assert [list(one.episodes) for one in answer.agents] == [[n] for n in range(1, 1025)]
        assert world.model.metric("inference_batches_total", policy="single") - before <= 4
    lag.check()
