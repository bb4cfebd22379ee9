"""Environments that tests play as foreign games; workers import them by their dotted names."""

import os
import time
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from pettingzoo import AECEnv


class Walk(gymnasium.Env[Any, Any]):
    """A random walk on 0..9: +1 at 9; a reset draws the start. Actions are 3 left, 4 right.

    With `fails` ("raise", "crash" or "hang") reaching 0 does that; "start" fails at once, "always"
    in every step.
    """

    def __init__(self, fails: str = "") -> None:
        if fails == "start":
            raise RuntimeError("no walk today")
        self.observation_space = spaces.Box(0, 9, (2,), np.float32)
        self.action_space = spaces.Discrete(2, start=3)
        self._fails = fails
        self._place = 0
        self._noise = 0.0

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self._place = int(self.np_random.integers(2, 6))
        return self._see()

    def step(self, action: Any) -> Any:
        assert action in (3, 4)
        self._place += 1 if action == 4 else -1
        if self._fails and (self._place == 0 or self._fails == "always"):
            self._fail()
        seen, info = self._see()
        ended = self._place in (0, 9)
        return seen, float(self._place == 9), ended, False, info

    def _see(self) -> Any:
        noise = self.np_random.random()
        return np.array([self._place, noise], np.float32), {}

    def _fail(self) -> None:
        if self._fails in ("raise", "always"):
            raise RuntimeError("fell off")
        if self._fails == "crash":
            os._exit(7)
        time.sleep(60)


class Pictures(gymnasium.Env[Any, Any]):
    """uint8 pictures, an action that is masked, and no end of its own."""

    observation_space = spaces.Box(0, 255, (4, 5, 3), np.uint8)
    action_space = spaces.Discrete(3)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        return self.observation_space.low, {"action_mask": np.array([0, 1, 1])}

    def step(self, action: Any) -> Any:
        seen = np.full((4, 5, 3), 40 * action, np.uint8)
        return seen, 1.0, False, False, {"action_mask": np.array([0, 1, action == 1])}


class Screen(gymnasium.Env[Any, Any]):
    """Pictures of 84 x 84 pixels; the side that is lit is to be named, eight times a game."""

    observation_space = spaces.Box(0, 255, (84, 84, 1), np.uint8)
    action_space = spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self._steps = 0
        return self._light(), {}

    def step(self, action: Any) -> Any:
        reward = float(action == self._side)
        self._steps += 1
        return self._light(), reward, self._steps == 8, False, {}

    def _light(self) -> Any:
        self._side = int(self.np_random.integers(2))
        seen = np.zeros((84, 84, 1), np.uint8)
        seen[:, 42 * self._side : 42 * (self._side + 1)] = 255
        return seen


class Restless(Walk):
    """Not determined by its seed."""

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        return super().reset(seed=int.from_bytes(os.urandom(3), "little"))


class Endless(gymnasium.Env[Any, Any]):
    """Observations of no fixed size."""

    observation_space = spaces.Sequence(spaces.Discrete(2))
    action_space = spaces.Box(-1, 1, (1,), np.float32)


class Machine(gymnasium.Env[Any, Any]):
    """Every kind of space, each way: what was done is seen; it is well done where all fits.

    The gear 3 (numbered from 2) and the second valve 0 are forbidden.
    """

    action_space = spaces.Dict(
        gear=spaces.Discrete(3, start=2),
        lamps=spaces.MultiBinary((2, 2)),
        steer=spaces.Box(np.array([-1, 0]), np.array([1, 2]), dtype=np.float64),
        valves=spaces.MultiDiscrete([2, 3], start=[1, 0]),
    )
    observation_space = spaces.Dict(
        done=action_space,
        many=spaces.Discrete(300, start=-5),
        picture=spaces.Box(0, 255, (4, 5, 3), np.uint8),
        say=spaces.Text(8),
        small=spaces.Tuple((spaces.Box(-1000, 1000, (), np.int16), spaces.Discrete(2))),
    )

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self._steps = 0
        start = {"gear": 2, "lamps": np.zeros((2, 2), np.int8)}
        return self._see(
            {**start, "steer": np.array([0.0, 1.0]), "valves": np.array([1, 0])}
        ), self._mask()

    def step(self, action: Any) -> Any:
        assert self.action_space.contains(action), action
        assert action["gear"] != 3
        assert action["valves"][1] != 0
        self._steps += 1
        reward = float(action["steer"].sum()) + action["gear"]
        return self._see(action), reward, self._steps == 5, False, self._mask()

    def _mask(self) -> Any:
        return {"action_mask": {"gear": [1, 0, 1], "valves": ([1, 1], [0, 1, 1])}}

    def _see(self, action: Any) -> Any:
        return {
            "done": action,
            "many": self._steps * 50 - 5,
            "picture": np.full((4, 5, 3), self._steps, np.uint8),
            "say": f"step{self._steps}",
            "small": (np.array(-self._steps, np.int16), self._steps % 2),
        }


class Duel:
    """A ParallelEnv of three agents: who names the highest number leaves with it as reward."""

    def __init__(self) -> None:
        self.possible_agents = ["a", "b", "c"]
        self.agents: list[str] = []

    def observation_space(self, agent: str) -> Any:
        return spaces.Discrete(6)

    def action_space(self, agent: str) -> Any:
        return spaces.Discrete(4)

    def reset(self, seed: int | None = None, options: Any = None) -> Any:
        self.agents = list(self.possible_agents)
        start = int(np.random.default_rng(seed).integers(3))
        return {agent: start + i for i, agent in enumerate(self.agents)}, {}

    def step(self, actions: dict[str, int]) -> Any:
        assert set(actions) == set(self.agents)
        best = max(actions, key=lambda agent: (actions[agent], agent))
        players = list(self.agents)
        over = len(players) == 2
        ended = {agent: over or agent == best for agent in players}
        self.agents = [agent for agent in players if not ended[agent]]
        rewards = {agent: float(actions[best]) * (agent == best) for agent in players}
        seen = dict.fromkeys(players, 5)
        return seen, rewards, ended, dict.fromkeys(players, False), {a: {} for a in players}

    def close(self) -> None:
        pass


class Brief(gymnasium.Env[Any, Any]):
    """An episode of one step."""

    def __init__(self) -> None:
        self.observation_space = spaces.Box(-1, 9, (2,), np.float32)
        self.action_space = spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        return np.zeros(2, np.float32), {}

    def step(self, action: Any) -> Any:
        return np.ones(2, np.float32), 1.0, True, False, {}


class Emulator(Brief):
    """Shows the last digits of its seed, or -1: a reset seeds it or does not."""

    def __init__(self, fails: bool = False) -> None:
        super().__init__()
        self.ale, self._fails, self._steps = object(), fails, 0
        self.observation_space = spaces.Box(-1, 1000, (1,), np.float64)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self._steps = 0
        return np.array([-1.0 if seed is None else seed % 1000]), {}

    def step(self, action: Any) -> Any:
        if self._fails and action == 1:
            raise RuntimeError("no ROM any more")
        return np.zeros(1), 1.0, True, False, {}


class Many(Brief):
    """More choices than fit a byte; the reward is the choice."""

    def __init__(self) -> None:
        super().__init__()
        self.action_space = spaces.Discrete(300)

    def step(self, action: Any) -> Any:
        return np.ones(2, np.float32), float(action), True, False, {}


class Slow(Brief):
    """Takes its time to be made and to be reset."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        time.sleep(seconds)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        time.sleep(self._seconds)
        return super().reset(seed=seed)


class Shy(Brief):
    """Raises in a share of its resets, by their seed, or now and then when it is made."""

    made = 0

    def __init__(self, share: float = 0.2, when: str = "reset") -> None:
        super().__init__()
        self._share, self._when = share, when
        Shy.made += 1
        if when == "make" and Shy.made % 5 == 0:
            raise RuntimeError("too shy to be made")

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        answer = super().reset(seed=seed)
        if self.np_random.random() < self._share:
            raise RuntimeError("too shy to begin")
        return answer


class Liar(Brief):
    """Says in every step what no network can take."""

    def __init__(self, says: str) -> None:
        super().__init__()
        self._says = says

    def step(self, action: Any) -> Any:
        seen, reward, *_ = super().step(action)
        odd = {"infinite": np.inf, "nan": np.nan, "large": 1e39}.get(self._says)
        if odd is not None:
            seen = np.array([0.0, odd])
        if self._says == "short":
            seen = np.zeros(1)
        rewards = {"huge_reward": 1e39, "no_reward": np.nan}
        info = {"action_mask": np.ones(3)} if self._says == "long_mask" else {}
        return seen, rewards.get(self._says, reward), False, False, info


class Cut(Brief):
    """Masks everything, now and then in mid-episode and always when it is cut off."""

    steps = 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        self.steps = 0
        return super().reset(seed=seed)

    def step(self, action: Any) -> Any:
        self.steps += 1
        mask = np.full(2, self.steps == 1, np.int8)
        return np.ones(2, np.float32), 1.0, False, self.steps == 3, {"action_mask": mask}


class Doomed(Brief):
    """An episode of two steps that show their number; the second that is made crashes instead."""

    made = 0

    def __init__(self) -> None:
        super().__init__()
        Doomed.made += 1
        self._crashes = Doomed.made == 2
        self._steps = 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        self._steps = 0
        return super().reset(seed=seed)

    def step(self, action: Any) -> Any:
        self._steps += 1
        if self._steps == 2 and self._crashes:
            os._exit(7)
        return np.full(2, self._steps, np.float32), 1.0, self._steps == 2, False, {}


class Parting:
    """Agents a to d end in steps 1, 2, 4 and 4, a and c terminated, b and d cut off.

    The reward of a step is 1, for who has left too; what is seen is the number of the step. Those
    who end see a mask of zeros, and c always does. With `fails` ("raise" or "crash") step 4 does
    that.
    """

    def __init__(self, fails: str = "") -> None:
        self.possible_agents = ["a", "b", "c", "d"]
        self.agents: list[str] = []
        self._fails = fails
        self._steps = 0

    def observation_space(self, agent: str) -> Any:
        return spaces.Box(0, 255, (1,), np.uint8)

    def action_space(self, agent: str) -> Any:
        return spaces.Discrete(2)

    def reset(self, seed: int | None = None, options: Any = None) -> Any:
        self.agents = list(self.possible_agents)
        self._steps = 0
        return self._see(self.agents), {}

    def step(self, actions: dict[str, int]) -> Any:
        assert set(actions) == set(self.agents)
        self._steps += 1
        if self._steps == 4 and self._fails == "raise":
            raise RuntimeError("parted in anger")
        if self._steps == 4 and self._fails == "crash":
            os._exit(7)
        players = list(self.agents)
        leaving: set[str] = {1: {"a"}, 2: {"b"}, 4: {"c", "d"}}.get(self._steps, set())
        terminated = {agent: agent in leaving and agent in "ac" for agent in players}
        truncated = {agent: agent in leaving and agent in "bd" for agent in players}
        self.agents = [agent for agent in players if agent not in leaving]
        blind = leaving | {"c"}
        masks = {agent: {"action_mask": [agent not in blind] * 2} for agent in players}
        rewards = dict.fromkeys(self.possible_agents, 1.0)
        return self._see(players), rewards, terminated, truncated, masks

    def _see(self, agents: list[str]) -> Any:
        return {agent: np.full(1, self._steps, np.uint8) for agent in agents}

    def close(self) -> None:
        pass


class Unlike:
    """A ParallelEnv whose agents a, b and c see and do different things, by `kind`.

    "boxes": pictures of different sizes, and numbers within different bounds. "choices": vectors
    and choices of different lengths. "mixed": one chooses where the others give numbers.
    """

    def __init__(self, kind: str = "choices") -> None:
        self.possible_agents = ["a", "b", "c"]
        self.agents: list[str] = []
        self._kind = kind
        self._steps = 0

    def observation_space(self, agent: str) -> Any:
        size = 1 + "abc".index(agent)
        if self._kind == "boxes":
            return spaces.Box(0, 255, (size, 4 - size, 1), np.uint8)
        if agent == "c":
            return spaces.Tuple((spaces.Discrete(3), spaces.Box(-1, 1, (2,), np.float32)))
        return spaces.Box(-1, 1, (size,), np.float32)

    def action_space(self, agent: str) -> Any:
        size = 1 + "abc".index(agent)
        if self._kind == "boxes" or (self._kind == "mixed" and agent == "b"):
            return spaces.Box(-size, size, (size,), np.float32)
        return spaces.Discrete(size + 1, start=size)

    def reset(self, seed: int | None = None, options: Any = None) -> Any:
        self.agents = list(self.possible_agents)
        self._steps = 0
        return self._see(), {}

    def step(self, actions: dict[str, Any]) -> Any:
        for agent, action in actions.items():
            assert self.action_space(agent).contains(action), (agent, action)
        self._steps += 1
        rewards = {agent: float(np.sum(action)) for agent, action in actions.items()}
        ended = dict.fromkeys(self.agents, self._steps == 3)
        seen = self._see()
        if self._steps == 3:
            self.agents = []
        return seen, rewards, ended, dict.fromkeys(ended, False), {}

    def _see(self) -> Any:
        seen = {}
        for agent in self.possible_agents:
            space = self.observation_space(agent)
            if isinstance(space, spaces.Tuple):
                seen[agent] = (self._steps % 3, np.full(2, 0.25, np.float32))
            else:
                seen[agent] = np.full(space.shape, min(self._steps, 1), space.dtype)
        return seen

    def close(self) -> None:
        pass


class Guests:
    """A ParallelEnv of which b comes in step 2, leaves in step 3 and comes back in step 5.

    What is seen is the number of the step, a is there for 6 steps; the reward is the action.
    """

    def __init__(self) -> None:
        self.possible_agents = ["a", "b"]
        self.agents: list[str] = []
        self._steps = 0

    def observation_space(self, agent: str) -> Any:
        return spaces.Box(0, 9, (1,), np.float32)

    def action_space(self, agent: str) -> Any:
        return spaces.Discrete(3)

    def reset(self, seed: int | None = None, options: Any = None) -> Any:
        self.agents = ["a"]
        self._steps = 0
        return self._see(), {}

    def step(self, actions: dict[str, int]) -> Any:
        assert set(actions) == set(self.agents)
        self._steps += 1
        rewards = {agent: float(action) for agent, action in actions.items()}
        players = list(self.agents)
        ended = {a: self._steps == 6 or (a == "b" and self._steps == 3) for a in players}
        self.agents = [agent for agent in players if not ended[agent]]
        if self._steps in (2, 5):
            self.agents.append("b")
        seen = {agent: np.full(1, self._steps, np.float32) for agent in {*players, *self.agents}}
        return seen, rewards, ended, dict.fromkeys(players, False), {}

    def _see(self) -> Any:
        return {agent: np.full(1, self._steps, np.float32) for agent in self.agents}

    def close(self) -> None:
        pass


class Turns(AECEnv[str, Any, Any]):
    """Agents a, b and c in turn add their action to a sum; who brings it to 7 or more ends it.

    Everybody is paid a move's action, who made it ten times as much. What is seen is the sum. An
    action of 0 is forbidden when the sum is odd. With `leaving` who moves when the sum is 4 or more
    leaves, and the others go on.
    """

    metadata = {"name": "turns", "is_parallelizable": False}  # noqa: RUF012 as PettingZoo has it

    def __init__(self, leaving: bool = False) -> None:
        super().__init__()
        self.possible_agents = ["a", "b", "c"]
        self._leaving = leaving
        self.render_mode = None
        self.state_space = spaces.Box(0, 99, (1,), np.float32)

    def observation_space(self, agent: str) -> Any:
        return spaces.Dict(
            observation=spaces.Box(0, 99, (1,), np.float32), action_mask=spaces.MultiBinary(3)
        )

    def action_space(self, agent: str) -> Any:
        return spaces.Discrete(3)

    def reset(self, seed: int | None = None, options: Any = None) -> None:
        self.agents = list(self.possible_agents)
        self._sum = 0
        self.rewards = dict.fromkeys(self.agents, 0.0)
        self._cumulative_rewards = dict.fromkeys(self.agents, 0.0)
        self.terminations = dict.fromkeys(self.agents, False)
        self.truncations = dict.fromkeys(self.agents, False)
        self.infos = {agent: {} for agent in self.agents}
        self.agent_selection = "a"

    def observe(self, agent: str) -> Any:
        mask = np.array([self._sum % 2 == 0, 1, 1], np.int8)
        return {"observation": np.full(1, self._sum, np.float32), "action_mask": mask}

    def state(self) -> Any:
        return np.full(1, self._sum, np.float32)

    def step(self, action: Any) -> None:
        agent = self.agent_selection
        if self.terminations[agent] or self.truncations[agent]:
            self._was_dead_step(action)
            return
        self._cumulative_rewards[agent] = 0.0
        self.rewards = {a: float(action) * (10 if a == agent else 1) for a in self.agents}
        leaves = self._leaving and self._sum >= 4
        self._sum += int(action)
        if leaves:
            self.terminations[agent] = True
        elif self._sum >= 7:
            self.terminations = dict.fromkeys(self.agents, True)
        living = [a for a in self.agents if not self.terminations[a]]
        order = self.possible_agents
        place = order.index(agent)
        following = [*order[place + 1 :], *order[: place + 1]]
        self.agent_selection = next((a for a in following if a in living), agent)
        self._accumulate_rewards()
        self._deads_step_first()


class Counting(VectorEnv[Any, Any, Any]):
    """Each counts by its action, 0 or 1, to 3, and is paid as much; begins again as `mode` says."""

    def __init__(self, num_envs: int, mode: str) -> None:
        self.num_envs = num_envs
        self.metadata = {"autoreset_mode": AutoresetMode(mode)}
        self.single_observation_space = spaces.Box(0, 9, (1,), np.float32)
        self.single_action_space = spaces.Discrete(2)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._mode = AutoresetMode(mode)

    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        if options is None:
            self._count = np.zeros((self.num_envs, 1), np.float32)
            self._over = np.zeros(self.num_envs, np.bool_)
        else:
            self._count[options["reset_mask"]] = 0
        return self._count.copy(), {}

    def step(self, actions: Any) -> Any:
        again = self._over & (self._mode is AutoresetMode.NEXT_STEP)
        self._count[:, 0] = np.where(again, 0, self._count[:, 0] + actions)
        reward = np.where(again, 0.0, actions)
        self._over = (self._count[:, 0] >= 3) & ~again
        seen, infos = self._count.copy(), {}
        if self._mode is AutoresetMode.SAME_STEP:
            final = np.array(
                [c if o else None for c, o in zip(seen, self._over, strict=True)], object
            )
            infos = {"final_obs": final, "_final_obs": self._over.copy()}
            self._count[self._over] = 0
            seen = self._count.copy()
        return seen, reward, self._over.copy(), np.zeros(self.num_envs, np.bool_), infos


def count_to_three(num_envs: int, mode: str) -> Any:
    return Counting(num_envs, mode)
