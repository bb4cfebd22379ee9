"""The environment: a PettingZoo ParallelEnv with a vector of rewards for each cell.

In every step a cell says how much of its power goes into each subband. In each subband it serves
the user for whom rate / (average rate so far) is largest (proportional fairness: Viswanath, Tse and
Laroia, IEEE Trans. Inf. Theory 48(6), 2002); what it sends disturbs the users of the others.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from pettingzoo import ParallelEnv

from mazemesh.optimization.problems.radio import (
    MAX_WATTS,
    consumed_watts,
    noise_watts,
    shannon_rate,
)
from mazemesh_radio.channel import Channel, Floats

OBJECTIVES: Final = ("throughput", "fairness", "energy")
"""What the rewards are, in their order: see `RadioNetwork`."""

_MEGA = 1e6
_UNIT = 10.0
"""Mbit/s to which rewards compare rates: about what a user has."""
_LEAST = 0.01
"""Mbit/s that count as nothing."""
_FULL_WATTS = float(consumed_watts(np.array(MAX_WATTS), np.array(True)))

Observations = dict[str, npt.NDArray[np.float32]]
Infos = dict[str, dict[str, Any]]


class RadioNetwork(ParallelEnv[str, npt.NDArray[np.float32], npt.NDArray[np.float32]]):
    """Several cells, some users each, who always want data.

    Action, Box [subbands] of 0..1: shares of the cell's 20 W; when they are more than 1 in all they
    are scaled down to it.

    Observation, Box float32, of the own cell alone: for each user and subband the gain in dB over
    noise, as / 50; for each subband interference that the served user met, in dB over noise / 50;
    the last shares; for each user ln(average rate / Mbit/s) / 5; the share of the episode.

    Rewards, [3], the same for all cells: the network's mean over users of

    - throughput: rate in this step, in 10 Mbit/s,
    - fairness: ln(average rate in 10 Mbit/s), whose sum proportional fairness makes large,
    - energy: minus the watts from the grid, as a share of those at full power.

    `reward_space(agent)` says their bounds, as in MOMAland.

    Args:
        cells: Agents.
        users: Of each cell.
        subbands: Into which the band is divided.
        steps: Of an episode, which is cut off then.
        spacing: Metres between neighbouring base stations.
        gigahertz: Of the carrier.
        megahertz: Width of the band.
        memory: How much of the fading stays from a step to the next, 0..1.
        window: Steps over which rates are averaged.
        render_mode: "ansi" or None.
    """

    metadata: dict[str, Any] = {"name": "radio_v0", "render_modes": ["ansi"]}  # noqa: RUF012

    def __init__(
        self,
        cells: int = 4,
        users: int = 4,
        subbands: int = 3,
        steps: int = 50,
        spacing: float = 500.0,
        gigahertz: float = 3.5,
        megahertz: float = 20.0,
        memory: float = 0.9,
        window: float = 10.0,
        render_mode: str | None = None,
    ) -> None:
        for name, value, most in (
            *(("cells", cells, 64), ("users", users, 64)),
            *(("subbands", subbands, 64), ("steps", steps, 100_000)),
        ):
            if not 1 <= value <= most:
                raise ValueError(f"{name}: {value} should be 1..{most}")
        if not 0 <= memory <= 1 or window < 1:
            raise ValueError(f"memory {memory} should be 0..1, window {window} from 1 up")
        self.cells, self.users, self.subbands, self.steps = cells, users, subbands, steps
        self.render_mode = render_mode
        self._place = {"spacing": spacing, "gigahertz": gigahertz, "memory": memory}
        self._window = window
        self.hertz = megahertz * _MEGA / subbands
        self.noise = noise_watts(self.hertz)
        self.possible_agents = [f"cell_{number}" for number in range(cells)]
        self.agents: list[str] = []
        size = users * subbands + 2 * subbands + users + 1
        self.observation_spaces = {
            agent: spaces.Box(-10.0, 10.0, (size,), np.float32) for agent in self.possible_agents
        }
        self.action_spaces = {
            agent: spaces.Box(0.0, 1.0, (subbands,), np.float32) for agent in self.possible_agents
        }
        self.state_space = spaces.Box(-10.0, 10.0, (cells * size,), np.float32)
        self._rng = np.random.default_rng()
        self._channel: Channel | None = None

    def observation_space(self, agent: str) -> spaces.Box:
        """The same of all cells."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Box:
        """The same of all cells."""
        return self.action_spaces[agent]

    def reward_space(self, agent: str) -> spaces.Box:
        """Of `OBJECTIVES`: 100 Mbit/s for a user in every step is beyond any channel here."""
        low = np.array([0.0, np.log(_LEAST / _UNIT), -1.0], np.float32)
        return spaces.Box(low, np.array([100.0, 10.0, 0.0], np.float32))

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observations, Infos]:
        """New users at new places."""
        if seed is not None:
            self._rng = np.random.default_rng(seed)
        self._channel = Channel(self._rng, self.cells, self.users, self.subbands, **self._place)
        self.agents = list(self.possible_agents)
        self.step_number = 0
        self.average: Floats = np.full((self.cells, self.users), 1.0)
        self.shares: Floats = np.zeros((self.cells, self.subbands))
        self.interference: Floats = np.full((self.cells, self.subbands), self.noise)
        return self._observations(), {agent: {} for agent in self.agents}

    @property
    def gain(self) -> Floats:
        """[cells, cells, users, subbands] now: from a cell to a user of a cell."""
        assert self._channel is not None, "reset comes first"
        return self._channel.gain

    def step(
        self, actions: dict[str, npt.NDArray[np.float32]]
    ) -> tuple[
        Observations, dict[str, npt.NDArray[np.float64]], dict[str, bool], dict[str, bool], Infos
    ]:
        """All cells send at once."""
        assert self._channel is not None, "reset comes first"
        asked = np.array([np.asarray(actions[agent]) for agent in self.agents], np.float64)
        self.shares = limited(asked)
        rates = self._serve(MAX_WATTS * self.shares)
        self.average += (rates - self.average) / self._window
        self._channel.fade()
        self.step_number += 1
        reward = self._reward(rates)
        over = self.step_number >= self.steps
        agents = self.agents
        self.agents = [] if over else agents
        infos: Infos = {
            agent: {"rates": rates[number].copy()} for number, agent in enumerate(agents)
        }
        return (
            self._observations(),
            {agent: reward.copy() for agent in agents},
            dict.fromkeys(agents, False),
            dict.fromkeys(agents, over),
            infos,
        )

    def served(self, power: Floats) -> npt.NDArray[np.intp]:
        """The user whom each cell serves in each subband, [cells, subbands]."""
        rate = self._rates(power)
        return np.asarray((rate / np.maximum(self.average, _LEAST)[..., None]).argmax(axis=1))

    def _serve(self, power: Floats) -> Floats:
        """Mbit/s of each user, [cells, users]; notes the interference that was met."""
        rate = self._rates(power)
        user = self.served(power)[:, None]
        met = self._disturbance(power)
        self.interference = np.take_along_axis(met, user, axis=1)[:, 0]
        taken: Floats = np.zeros_like(rate)
        np.put_along_axis(taken, user, np.take_along_axis(rate, user, axis=1), axis=1)
        return np.asarray(taken.sum(axis=2))

    def _rates(self, power: Floats) -> Floats:
        """Mbit/s that each user would have of each subband, [cells, users, subbands]."""
        own = np.einsum("ccus,cs->cus", self.gain, power)
        return shannon_rate(self.hertz, own / self._disturbance(power)) / _MEGA

    def _disturbance(self, power: Floats) -> Floats:
        """Watts of noise and of other cells, at each user in each subband."""
        heard = np.einsum("icus,is->cus", self.gain, power)
        own = np.einsum("ccus,cs->cus", self.gain, power)
        disturbance: Floats = np.maximum(heard - own, 0.0) + self.noise
        return disturbance

    def _reward(self, rates: Floats) -> npt.NDArray[np.float64]:
        power = MAX_WATTS * self.shares.sum(axis=1)
        watts = consumed_watts(power, power > 0)
        return np.array(
            [
                rates.mean() / _UNIT,
                np.log(np.maximum(self.average, _LEAST) / _UNIT).mean(),
                -watts.mean() / _FULL_WATTS,
            ]
        )

    def _observations(self) -> Observations:
        own = np.einsum("ccus->cus", self.gain) * MAX_WATTS / self.noise
        parts = [
            _decibels(own).reshape(self.cells, -1) / 50.0,
            _decibels(self.interference / self.noise) / 50.0,
            self.shares,
            np.log(np.maximum(self.average, _LEAST)) / 5.0,
            np.full((self.cells, 1), self.step_number / self.steps),
        ]
        rows = np.clip(np.concatenate(parts, axis=1), -10.0, 10.0).astype(np.float32)
        return dict(zip(self.possible_agents, rows, strict=True))

    def state(self) -> npt.NDArray[np.float32]:
        """What all cells see, one after the other."""
        return np.concatenate(list(self._observations().values()))

    def render(self) -> str | None:
        """The shares and the average rates, as text."""
        if self.render_mode != "ansi":
            return None
        return "\n".join(
            f"{agent}: power {np.round(share, 2)}, Mbit/s {np.round(rate, 1)}"
            for agent, share, rate in zip(
                self.possible_agents, self.shares, self.average, strict=True
            )
        )

    def close(self) -> None:
        """Nothing is open."""


def limited(shares: Floats) -> Floats:
    """Shares of the power, [cells, subbands], that are at most 1 in all."""
    bounded = np.clip(shares, 0.0, 1.0)
    scaled: Floats = bounded / np.maximum(bounded.sum(axis=1, keepdims=True), 1.0)
    return scaled


def _decibels(ratio: Floats) -> Floats:
    return np.asarray(10.0 * np.log10(np.maximum(ratio, 1e-12)))
