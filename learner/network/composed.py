"""A network for any spaces: an encoder a leaf, hidden layers, memory, and a head a leaf."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from learner.device.ranks import Alone, Ranks
from learner.network.architecture import Architecture
from learner.network.encoders import TreeEncoder
from learner.network.network import Network, Seen
from learner.network.parts.action_heads import ActionHeads, ActionSpace
from learner.network.parts.memories import Frames, Gates
from learner.network.parts.normalization import Moments, Normalization
from mazemesh.games.spaces import Box, columns

ALONE = Alone()


class Composed(Network):
    """What an `Architecture` says that is more than a list of layers."""

    def __init__(self, architecture: Architecture, seed: int = 0) -> None:
        """`seed` is of the first weights."""
        super().__init__(architecture)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self._build(architecture)

    def _build(self, shape: Architecture) -> None:
        named = columns("observation", shape.observation_space)
        self._columns = {
            leaf.name: column for leaf, (column, _) in zip(shape.observed, named, strict=True)
        }
        told = shape.observed, shape.hidden, shape.activation
        images = shape.encoding.image, shape.encoding.frames
        frames = shape.encoding.frames
        self.normalizations = nn.ModuleList(
            Normalization(leaf.space.shape) if self._normalized(leaf.space) else nn.Identity()
            for leaf in shape.observed
        )
        self.policy_body = TreeEncoder(*told, *images)
        width = self.policy_body.width
        self.value_body = TreeEncoder(*told, *images) if self._separate(shape) else None
        self.frames = Frames(shape.observed, frames) if frames > 1 else None
        self.gates = Gates(shape.cell, width, shape.memory) if shape.memory else None
        features = shape.memory or width
        self.action = ActionHeads(features, shape)
        self.value = nn.Linear(width if self.value_body else features, 1)
        nn.init.orthogonal_(self.value.weight)
        nn.init.zeros_(self.value.bias)
        # Of the targets of values, in whose standard deviation values are learned.
        self.returns = Moments(()) if shape.encoding.normalize_rewards else None

    def _normalized(self, space: object) -> bool:
        numbers = isinstance(space, Box) and space.dtype != "uint8"
        return numbers and self.architecture.encoding.normalize_observations

    @staticmethod
    def _separate(shape: Architecture) -> bool:
        if shape.memory or shape.dueling:
            return False
        wanted = shape.encoding.value
        continuous = any(isinstance(leaf, Box) for _, leaf in columns("action", shape.action_space))
        return wanted == "own" or (wanted == "auto" and continuous)

    @property
    def action_space(self) -> ActionSpace:
        """See `Network`."""
        return self.action.space

    @property
    def return_scale(self) -> Tensor | float:
        """See `Network`."""
        return 1.0 if self.returns is None else self.returns.std

    def outputs(self, observation: Seen) -> Tensor:
        """See `Network`; of earlier frames it sees none."""
        return self.step(observation, None)[0]

    def step(self, observation: Seen, state: Tensor | None) -> tuple[Tensor, Tensor]:
        """See `Network`."""
        seen = self._by_leaf(observation)
        first = next(iter(seen.values()))
        if state is None:
            rows = first.shape[0]  # not len(first), which would fix their number where it is traced
            state = first.new_zeros(rows, self.state_size, dtype=torch.float32)
        earlier = self.frames.state_size if self.frames is not None else 0
        before, memory = state[:, :earlier], state[:, earlier:]
        if self.frames is not None:
            seen, before = self.frames.step(seen, before)
        else:
            seen = {name: column.unsqueeze(1) for name, column in seen.items()}
        features, valued = self._features(seen)
        if self.gates is not None:
            features, memory = self.gates(self.gates.incoming(features), memory)
            valued = features
        return self._both(features, valued), torch.cat([before, memory], dim=1)

    def sequence(self, observation: Seen, state: Tensor, begins: Tensor) -> tuple[Tensor, Tensor]:
        """See `Network`."""
        unrolls, length = begins.shape
        seen = self._by_leaf(observation)
        earlier = self.frames.state_size if self.frames is not None else 0
        before, memory = state[:, :earlier], state[:, earlier:]
        if self.frames is not None:
            seen, before = self.frames.sequence(seen, before, begins)
        else:
            seen = {name: column.flatten(0, 1).unsqueeze(1) for name, column in seen.items()}
        features, valued = self._features(seen)
        if self.gates is not None:
            incoming = self.gates.incoming(features).view(unrolls, length, -1).unbind(dim=1)
            kept = (~begins).float().unsqueeze(2).unbind(dim=1)
            found = []
            for t in range(length):
                output, memory = self.gates(incoming[t], memory * kept[t])
                found.append(output)
            features = valued = torch.stack(found, dim=1).flatten(0, 1)
        outputs = self._both(features, valued).view(unrolls, length, -1)
        return outputs, torch.cat([before, memory], dim=1)

    def observe(self, observation: Seen, ranks: Ranks = ALONE) -> None:
        """See `Network`."""
        seen = self._by_leaf(observation)
        both = zip(self.architecture.observed, self.normalizations, strict=True)
        for leaf, normalization in both:
            if isinstance(normalization, Normalization):
                rows = seen[leaf.name].reshape(-1, *leaf.space.shape)
                normalization.moments.add(rows, ranks)

    @torch.no_grad()
    def observe_returns(self, target: Tensor, ranks: Ranks = ALONE) -> None:
        """See `Network`. What the network says of values stays (van Hasselt et al. 2016, POP)."""
        if self.returns is None:
            return
        before = self.returns.std
        self.returns.add(target.reshape(-1), ranks)
        share = before / self.returns.std
        self.value.weight.mul_(share)
        self.value.bias.mul_(share)

    def normalized(self, observation: Seen, state: Tensor | None = None) -> dict[str, Tensor]:
        """Observations by leaf, [n, frames, *shape], as the encoders get them.

        `state` [n, state_size] has the earlier frames, where it remembers such and nothing else.
        """
        seen = self._by_leaf(observation)
        if self.frames is not None and state is not None:
            return self._normal(self.frames.step(seen, state)[0])
        return self._normal({name: column.unsqueeze(1) for name, column in seen.items()})

    def _normal(self, seen: Mapping[str, Tensor]) -> dict[str, Tensor]:
        both = zip(seen.items(), self.normalizations, strict=True)
        return {name: normalization(column) for (name, column), normalization in both}

    def _features(self, seen: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """For the policy, and for the value, of columns [n, frames, *shape]."""
        seen = self._normal(seen)
        features: Tensor = self.policy_body(seen)
        return features, features if self.value_body is None else self.value_body(seen)

    def _both(self, features: Tensor, valued: Tensor) -> Tensor:
        kind = features.device.type
        with torch.autocast(kind, enabled=False):
            value = self.value(valued.float()) * self.return_scale
            return torch.cat([self.action(features.float()), value], dim=1)

    def _by_leaf(self, observation: Seen) -> dict[str, Tensor]:
        if isinstance(observation, Tensor):
            return dict.fromkeys(self._columns, observation)
        return {leaf: observation[column] for leaf, column in self._columns.items()}
