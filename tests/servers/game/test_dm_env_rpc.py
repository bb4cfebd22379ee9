"""dm_env_rpc on the Game service: the package's own compliance suite, and a dm_env client."""

from collections.abc import Iterator
from typing import Any

import dm_env
import grpc
import numpy as np
import pytest
from dm_env_rpc.v1 import connection as dm_connection
from dm_env_rpc.v1 import dm_env_adaptor, dm_env_rpc_pb2, error, tensor_utils
from dm_env_rpc.v1.compliance import (
    create_destroy_world,
    join_leave_world,
    reset,
    reset_world,
    step,
)

from mazemesh.games import get_game
from mazemesh.games.mazes.engine import BatchEngine
from tests.servers.game_server import RunningGame, running_game

RACE = {"game": tensor_utils.pack_tensor("race")}

CARTPOLE = "gymnasium:CartPole-v1"
PARTING = "pettingzoo:tests.foreign_games:Parting"
TURNS = "pettingzoo:tests.foreign_games:Turns"
MACHINE = "pettingzoo:tests.foreign_games:Machine"
FOREIGN = (CARTPOLE, PARTING, TURNS, MACHINE)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGame]:
    folder = tmp_path_factory.mktemp("game")
    with running_game(folder, max_worlds=4, foreign_games=FOREIGN) as running:
        yield running


def connect(server: RunningGame) -> Any:
    return dm_connection.Connection(grpc.insecure_channel(server.address))


class Connected:
    """A connection for each test, and a world unless the test makes its own."""

    world_name: Any = ""
    connection: Any = None
    makes_worlds = True

    @pytest.fixture(autouse=True)
    def _connect(self, server: RunningGame) -> Iterator[None]:
        cls = type(self)
        with connect(server) as own:
            cls.connection = own
            if self.makes_worlds:
                create = dm_env_rpc_pb2.CreateWorldRequest(settings=RACE)
                cls.world_name = own.send(create).world_name
            yield
            own.send(dm_env_rpc_pb2.LeaveWorldRequest())
            if self.makes_worlds:
                own.send(dm_env_rpc_pb2.DestroyWorldRequest(world_name=self.world_name))

    def join(self) -> Any:
        request = dm_env_rpc_pb2.JoinWorldRequest(world_name=self.world_name)
        return self.connection.send(request).specs


class TestCreateDestroyWorld(Connected, create_destroy_world.CreateDestroyWorld):
    makes_worlds = False
    required_world_settings: Any = RACE
    has_multiple_world_support: Any = True
    invalid_world_settings: Any = {  # noqa: RUF012
        "nonsense": tensor_utils.pack_tensor(1),
        "width": tensor_utils.pack_tensor(1),
        "loops": tensor_utils.pack_tensor("many"),
        "height": tensor_utils.pack_tensor([8, 8]),
        "opponent": tensor_utils.pack_tensor("bot/none"),
        "seed": tensor_utils.pack_tensor("one"),
    }


class TestJoinLeaveWorld(Connected, join_leave_world.JoinLeaveWorld):
    invalid_join_settings: Any = {"seat": tensor_utils.pack_tensor(1)}  # noqa: RUF012


class TestReset(Connected, reset.Reset):
    def join_world(self) -> Any:
        return self.join()


class TestResetWorld(Connected, reset_world.ResetWorld):
    pass


class TestStep(Connected, step.Step):
    @pytest.fixture(autouse=True)
    def _join(self, _connect: None) -> None:
        type(self)._specs = self.join()

    @property
    def specs(self) -> Any:
        return self._specs


def make(server: RunningGame, **settings: Any) -> tuple[Any, Any]:
    packed = {name: tensor_utils.pack_tensor(value) for name, value in settings.items()}
    return dm_env_adaptor.create_and_join_world(connect(server), packed, {})


def test_a_client_of_dm_env_plays_a_maze(server: RunningGame) -> None:
    settings = {"game": "solo", "width": 3, "height": 3, "seed": 7, "step_limit": 9}
    env, world = make(server, **settings)
    engine = BatchEngine(get_game("solo"), env_settings(settings), 1, autoreset=False)
    rng = np.random.default_rng(0)
    ends = set()
    with env:
        assert env.action_spec()["action"].maximum == 4
        assert env.observation_spec()["observation"].shape == (engine.spec.observation_size,)
        for episode in range(20):
            first = env.reset() if episode == 0 else env.step({"action": np.int32(0)})
            engine.reset(seed=7, episode=episode)
            assert first.first()
            time_step = first
            while not time_step.last():
                seen = time_step.observation
                np.testing.assert_array_equal(seen["observation"], engine.observation[0, 0])
                np.testing.assert_array_equal(seen["action_mask"], engine.action_mask[0, 0])
                action = rng.choice(np.flatnonzero(seen["action_mask"]))
                time_step = env.step({"action": np.int32(action)})
                engine.step(np.array([[action]], np.int8))
                assert time_step.reward == engine.reward[0, 0]
            assert not engine.active[0]
            np.testing.assert_array_equal(
                time_step.observation["observation"], engine.final_observation[0, 0]
            )
            assert time_step.discount == float(engine.truncated[0])
            ends.add(bool(engine.truncated[0]))
    assert ends == {True, False}
    with connect(server) as other:
        other.send(dm_env_rpc_pb2.DestroyWorldRequest(world_name=world))


def env_settings(settings: dict[str, Any]) -> Any:
    from mazemesh.games import GameSettings

    return GameSettings(**{k: v for k, v in settings.items() if k not in ("game", "seed")})


def test_a_foreign_game_is_a_world_too(server: RunningGame) -> None:
    env, world = make(server, game=CARTPOLE)
    with env:
        steps = [env.reset()]
        while not steps[-1].last():
            steps.append(env.step({"action": np.int32(len(steps) % 2)}))
        assert steps[0].observation["observation"].dtype == np.float32
        assert sum(step.reward for step in steps[1:]) == len(steps) - 1 > 3
        assert steps[-1].step_type == dm_env.StepType.LAST
    with connect(server) as other:
        other.send(dm_env_rpc_pb2.DestroyWorldRequest(world_name=world))


def test_an_episode_ends_with_the_clients_own_agent(server: RunningGame) -> None:
    """The seat goes from agent to agent; of the four, two terminate and two are cut off."""
    env, world = make(server, game=PARTING)
    with env:
        ends = []
        for _ in range(5):
            steps = [env.reset()]
            while not steps[-1].last():
                steps.append(env.step({"action": np.int32(1)}))
            seen = int(steps[-1].observation["observation"][0])
            ends.append((len(steps) - 1, seen, steps[-1].discount))
        assert ends == [(1, 1, 0), (2, 2, 1), (4, 4, 0), (4, 4, 1), (1, 1, 0)]
    with connect(server) as other:
        other.send(dm_env_rpc_pb2.DestroyWorldRequest(world_name=world))


def test_in_a_game_of_turns_every_step_is_the_clients_own(server: RunningGame) -> None:
    env, world = make(server, game=TURNS)
    with env:
        for _ in range(6):
            # The place moves on from episode to episode: bots may have moved before.
            last = env.reset()
            seen, moves, earned = float(last.observation["observation"][0]), 0, 0.0
            assert seen <= 4
            while not last.last():
                last = env.step({"action": np.int32(2)})
                moves += 1
                earned += float(last.reward)
                after = float(last.observation["observation"][0])
                assert after >= seen + 2
                seen = after
            assert moves <= 3
            assert earned >= 20 * moves
    with connect(server) as other:
        other.send(dm_env_rpc_pb2.DestroyWorldRequest(world_name=world))


def test_a_game_of_several_columns_is_no_world(server: RunningGame) -> None:
    with connect(server) as own:
        create = dm_env_rpc_pb2.CreateWorldRequest(
            settings={"game": tensor_utils.pack_tensor(MACHINE)}
        )
        with pytest.raises(error.DmEnvRpcError, match="has several columns"):
            own.send(create)


def test_a_world_has_one_seat_and_worlds_are_limited(server: RunningGame) -> None:
    with connect(server) as one, connect(server) as other:
        create = dm_env_rpc_pb2.CreateWorldRequest(settings=RACE)
        worlds = [one.send(create).world_name for _ in range(4)]
        with pytest.raises(error.DmEnvRpcError, match="the limit"):
            one.send(create)
        join = dm_env_rpc_pb2.JoinWorldRequest(world_name=worlds[0])
        one.send(join)
        with pytest.raises(error.DmEnvRpcError, match="joined already"):
            other.send(join)
        destroy = dm_env_rpc_pb2.DestroyWorldRequest
        with pytest.raises(error.DmEnvRpcError, match="leave it first"):
            other.send(destroy(world_name=worlds[0]))
        one.send(dm_env_rpc_pb2.LeaveWorldRequest())
        other.send(join)
        other.send(dm_env_rpc_pb2.LeaveWorldRequest())
        for world in worlds:
            other.send(destroy(world_name=world))
