"""Multi-agent proximal policy optimization (Yu et al. 2022, algorithm 1).

As `ppo`, with one thing changed in each of its two steps: values are those of a central critic,
which looks at the whole game's state and not at what a seat sees; and a gradient step is one of the
policy and one of that critic.

The published network has a value of its own. It learns the same targets from what a seat sees, so
that actors can tell what an episode that was cut off would still have brought.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from learner.algorithms.algorithm import Start
from learner.algorithms.mappo import MAPPOConfig
from learner.algorithms.ppo.update import PPO, Steps
from learner.bases.observed import cut, each, joined, observed
from learner.bases.on_policy.epochs import STATISTICS
from learner.device.ranks import Ranks
from learner.network.encoders import TreeEncoder
from learner.network.gradients.descent import Descent
from learner.network.network import Seen
from learner.network.parts.normalization import Moments
from mazemesh.experience import GLOBAL_STATE
from mazemesh.games.spaces import Space, columns, leaves


class CentralCritic(nn.Module):
    """The value of a seat's step, from the state of the whole game."""

    def __init__(
        self, space: Space, hidden: tuple[int, ...], seed: int, *, in_units: bool = False
    ) -> None:
        """`seed` is of the first weights.

        `in_units`: values are learned in units of the running deviation of their targets, as those
        of a `Composed` network are (Yu et al. 2022, section 5.1).
        """
        super().__init__()
        found, named = leaves(space), columns(GLOBAL_STATE, space)
        self._names = {leaf.name: name for leaf, (name, _) in zip(found, named, strict=True)}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.body = TreeEncoder(found, hidden)
            self.value = nn.Linear(self.body.width, 1)
        nn.init.orthogonal_(self.value.weight)
        nn.init.zeros_(self.value.bias)
        self.returns = Moments(()) if in_units else None

    @property
    def scale(self) -> Tensor | float:
        """The unit that values are learned in."""
        return 1.0 if self.returns is None else self.returns.std

    @torch.no_grad()
    def observe_returns(self, target: Tensor, ranks: Ranks) -> None:
        """Counts targets [n] into that unit; what it says of values stays."""
        if self.returns is None:
            return
        before = self.returns.std
        self.returns.add(target, ranks)
        share = before / self.returns.std
        self.value.weight.mul_(share)
        self.value.bias.mul_(share)

    def forward(self, state: Seen) -> Tensor:
        """Float32 [n], of states [n, *shape]."""
        if isinstance(state, Tensor):
            seen = dict.fromkeys(self._names, state.unsqueeze(1))
        else:
            seen = {leaf: state[name].unsqueeze(1) for leaf, name in self._names.items()}
        found: Tensor = self.value(self.body(seen)).squeeze(1)
        return found * self.scale


@dataclass(frozen=True)
class StatedSteps(Steps):
    """`Steps` with the states of their games [n, ...]."""

    state: Seen


class MAPPO(PPO):
    """PPO with a central critic and its optimizer."""

    told: ClassVar = (*STATISTICS, "central_value_loss", "central_gradient_norm")

    def __init__(self, start: Start[MAPPOConfig]) -> None:
        shape, config, place = start.architecture, start.config, start.place
        if shape.state_space is None:
            raise ValueError("the architecture has no state_space")
        super().__init__(shape, start.parameters, config, place, start.seed, start.ranks)
        critic = CentralCritic(
            *(shape.state_space, shape.hidden, start.seed),
            in_units=shape.encoding.normalize_rewards,
        )
        self.critic = critic.to(place.device)
        self._critic_descent = Descent(
            self.critic,
            config.learning_rate,
            config.max_gradient_norm,
            eps=1e-5,
            ranks=start.ranks,
            recordable=place.on_gpu,
        )

    def set_learning_rate(self, rate: float) -> None:
        """Of both."""
        super().set_learning_rate(rate)
        self._critic_descent.set_learning_rate(rate)

    def _prepare(self, column: Mapping[str, Tensor]) -> tuple[Steps, Tensor]:
        """Step 1, as PPO's, by the values of the central critic."""
        steps, fit = super()._prepare(column)
        self.critic.observe_returns(steps.target, self._ranks)
        state = each(observed(column, what=GLOBAL_STATE), lambda rows: rows.flatten(0, 1))
        return StatedSteps(**vars(steps), state=state), fit

    def _values(self, outputs: Tensor, column: Mapping[str, Tensor]) -> Tensor:
        """Of what came before, between and after all steps, float32 [B, T + 1]."""
        last = each(observed(column, "last_", GLOBAL_STATE), lambda rows: rows.unsqueeze(1))
        state = joined([observed(column, what=GLOBAL_STATE), last], dim=1)
        states = cut(each(state, lambda rows: rows.flatten(0, 1)), self.config.minibatch_size)
        return torch.cat([self.critic(rows) for rows in states]).view(len(column["reward"]), -1)

    def _step(self, minibatch: Steps) -> Tensor:
        """Step 2: one gradient step of the policy, and one of the critic.

        The critic's is on half ((V - target) / unit)^2; what is told of it is in the game's own.
        """
        assert isinstance(minibatch, StatedSteps)
        told, unit = super()._step(minibatch), self.critic.scale
        self._critic_descent.clear()
        with torch.enable_grad():
            error = (self.critic(minibatch.state) - minibatch.target) / unit
            loss = 0.5 * error.square().mean()
        loss.backward()
        norm = self._critic_descent.step()
        return torch.cat([told, (loss.detach() * unit * unit).view(1), norm.view(1)])

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        critic = {"critic": self.critic.state_dict()}
        return {**super().state(), **critic, "critic_optimizer": self._critic_descent.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from `state`."""
        super().restore(state)
        # Older ones tell of no unit: then it is 1 at first, as it was.
        self.critic.load_state_dict({**self.critic.state_dict(), **state["critic"]})
        self._critic_descent.restore(state["critic_optimizer"])
