"""What a central critic learns from: the state of whole games, from Game to rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from prometheus_client import CollectorRegistry

from actor.metrics import ActorMetrics
from actor.selfplay.seats.crew import Trainee
from actor.selfplay.seats.seat_plan import SeatPlan
from actor.selfplay.selfplay import TrainingGames
from mazemesh.collecting.acting import method
from mazemesh.experience import unroll_signature, with_global_state
from mazemesh.games import GameSettings, Purpose, get_game, seeds
from mazemesh.policy.onnx_policy import OnnxPolicy
from mazemesh.v1.model_pb2 import Collection
from tests.onnx_policies import Network
from tests.servers.game_server import running_game

SETTINGS = GameSettings(width=5, height=5, step_limit=12)
SPEC = get_game("coop-keys").spec(SETTINGS)
GAMES, LENGTH = 3, 4


class Nobody:
    """Of a game that all win together nobody is drawn."""

    def take(self) -> str:
        raise AssertionError("there is nobody to oppose")

    def report(self, opponent: str, score: float) -> None:
        raise AssertionError("there is nobody to oppose")


def test_rows_of_every_seat_have_the_state_of_their_game(tmp_path: Path) -> None:
    policy = OnnxPolicy("mine:1", Network(SPEC.observation_size, SPEC.num_actions).file())
    plan, rng = SeatPlan(GAMES, SPEC.seats, Nobody(), SPEC.teams), np.random.default_rng(0)
    collection = Collection()
    collection.unroll.length, collection.unroll.with_state = LENGTH, True
    acting, collector = method(collection, SPEC, GAMES, rng, seats=SPEC.seats)
    assert SPEC.state_space is not None
    spaces = SPEC.observation_space, SPEC.action_space
    plain = unroll_signature(LENGTH, *spaces, opponents=True)
    assert collector.signature == with_global_state(plain, LENGTH, SPEC.state_space)
    with running_game(tmp_path) as game:
        session = game.client.open_session(
            "coop-keys", SETTINGS, GAMES, seeds.seed(Purpose.TRAINING, 3), with_state=True
        )
        trainees = [Trainee(lambda: policy, acting, collector)]
        metrics = ActorMetrics(CollectorRegistry())
        told = [session.step.states["state"].copy()]
        games = TrainingGames(
            session, session.step, plan, trainees, lambda name: policy, metrics, rng, steady=True
        )
        for _ in range(3 * LENGTH):
            (batch,) = games.turn()
            told.append(session.step.states["state"].copy())
            if batch is None:
                continue
            assert batch.rows == GAMES * SPEC.seats
            seen = np.stack(told[-LENGTH - 1 :], axis=1)
            for row in range(batch.rows):
                of_game = seen[row // SPEC.seats]
                np.testing.assert_array_equal(batch.columns["global_state"][row], of_game[:-1])
                np.testing.assert_array_equal(batch.columns["last_global_state"][row], of_game[-1])
        session.close()
    assert len(np.unique(np.stack(told), axis=0)) > LENGTH
