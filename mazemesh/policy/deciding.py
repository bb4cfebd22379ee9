"""From what all heads of a policy answer to actions, for whole batches and any space."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.games.spaces import Box, Discrete, MultiBinary, MultiDiscrete, Space
from mazemesh.policy.heads import ActionDistribution, Head, heads
from mazemesh.policy.sampling import gumbel_noise

Float = npt.NDArray[np.float32]
Column = npt.NDArray[Any]
Actions = Column | Mapping[str, Column]
"""Of one leaf its column [n, *shape]; of several by name, `action.<path>`."""

_EDGE = np.float32(1 - 1e-6)
"""As `learner.network.distributions.squashed` has it, so that both say the same of an action."""

_HALF_LOG_2PI = np.float32(0.5 * math.log(2 * math.pi))
_LOG_2 = np.float32(math.log(2))


def first_row(actions: Actions) -> Actions:
    """The first of n actions, without that dimension."""
    if isinstance(actions, Mapping):
        return {name: column[0] for name, column in actions.items()}
    row: Column = actions[0]
    return row


class Deciding:
    """Draws and weighs actions of a space by the logits [n, W] of all heads.

    Args:
        space: Of the actions.
        distribution: What continuous ones are drawn from (`mazemesh.policy.heads`).
    """

    def __init__(self, space: Space, distribution: ActionDistribution = "clipped") -> None:
        self.space, self.distribution = space, distribution
        self._parts = [_part(head, distribution) for head in heads(space)]

    @property
    def continuous(self) -> bool:
        """Whether all leaves are drawn from Gaussians."""
        return all(isinstance(part, _Continuous) for part in self._parts)

    def best(self, logits: Float) -> Actions:
        """The mode: the likeliest choices, the mean of continuous leaves, within their bounds."""
        return self._joined([part.best(part.of(logits)) for part in self._parts])

    def draw(
        self,
        logits: Float,
        temperature: float,
        rng: np.random.Generator,
        noise: Float | None = None,
    ) -> Actions:
        """Draws from the policy; logits are divided and deviations multiplied by a temperature.

        As they go into experience; what the game is given are `bounded` ones. 0 is `best`. `noise`
        [n, noise_width] is standard normal, for continuous leaves; None draws it.
        """
        if temperature == 0.0:
            return self.best(logits)
        if noise is None:
            noise = rng.standard_normal((len(logits), self.noise_width), np.float32)
        heat, first = np.float32(temperature), 0
        found: list[Column] = []
        for part in self._parts:
            if isinstance(part, _Continuous):
                own = noise[:, first : first + part.head.output_width]
                found.append(part.drawn(part.of(logits), heat * own))
                first += part.head.output_width
            else:
                found.append(part.draw(part.of(logits), heat, rng))
        return self._joined(found)

    def log_probability(self, logits: Float, actions: Actions) -> Float:
        """Of actions under the policy, float32 [n]: summed over the leaves."""
        total = np.zeros(len(logits), np.float32)
        for part in self._parts:
            action = actions[part.head.column] if isinstance(actions, Mapping) else actions
            total += part.log_probability(part.of(logits), action)
        return total

    def bounded(self, actions: Actions) -> Actions:
        """Continuous leaves within their bounds."""
        if isinstance(actions, Mapping):
            named = ((part, actions[part.head.column]) for part in self._parts)
            return {part.head.column: part.bounded(action) for part, action in named}
        return self._parts[0].bounded(actions)

    def noisy(self, logits: Float, noise: Float, rng: np.random.Generator) -> Actions:
        """The means of continuous leaves, with noise and within their bounds; others are drawn.

        `noise` [n, noise_width] is in units of half the way between an element's bounds.
        """
        found: list[Column] = []
        first = 0
        for part in self._parts:
            numbers = part.of(logits)
            if isinstance(part, _Continuous):
                width = part.head.output_width
                found.append(part.noisy(part.best(numbers), noise[:, first : first + width]))
                first += width
            else:
                found.append(part.draw(numbers, np.float32(1), rng))
        return self._joined(found)

    @property
    def noise_width(self) -> int:
        """Elements of all continuous leaves."""
        return sum(part.head.output_width for part in self._parts if isinstance(part, _Continuous))

    def _joined(self, found: list[Column]) -> Actions:
        if len(found) == 1:
            return found[0]
        return {part.head.column: one for part, one in zip(self._parts, found, strict=True)}


class _Part(ABC):
    """One leaf; `numbers` float32 [n, width] are those of its head."""

    def __init__(self, head: Head) -> None:
        self.head = head

    def of(self, logits: Float) -> Float:
        """Its own part of the logits of all heads."""
        numbers: Float = logits[:, self.head.numbers]
        return numbers

    @abstractmethod
    def best(self, numbers: Float) -> Column:
        """The likeliest action."""

    @abstractmethod
    def log_probability(self, numbers: Float, action: Column) -> Float:
        """Of an action, float32 [n]."""

    def bounded(self, action: Column) -> Column:
        """The action as it is played; only numbers have bounds."""
        return action


class _Chosen(_Part):
    """One of finitely many actions."""

    @abstractmethod
    def draw(self, numbers: Float, heat: np.float32, rng: np.random.Generator) -> Column:
        """An action by chance; `heat` is the temperature."""


class _Choices(_Chosen):
    """A `Discrete`, or the parts of a `MultiDiscrete`."""

    def __init__(self, head: Head, counts: tuple[int, ...], *, scalar: bool) -> None:
        super().__init__(head)
        self._cuts, self._scalar = np.cumsum(counts)[:-1].tolist(), scalar

    def _split(self, numbers: Float) -> list[Float]:
        return np.split(numbers, self._cuts, axis=1) if self._cuts else [numbers]

    def best(self, numbers: Float) -> Column:
        found = [part.argmax(axis=1) for part in self._split(numbers)]
        chosen = found[0] if self._scalar else np.stack(found, axis=1)
        return chosen.astype(self.head.space.dtype)

    def draw(self, numbers: Float, heat: np.float32, rng: np.random.Generator) -> Column:
        return self.best(numbers / heat + gumbel_noise(numbers.shape, rng))

    def log_probability(self, numbers: Float, action: Column) -> Float:
        chosen = action.reshape(len(action), -1)
        rows, total = np.arange(len(action)), np.zeros(len(action), np.float32)
        for index, part in enumerate(self._split(numbers)):
            shifted = part - part.max(axis=1, keepdims=True)
            total += shifted[rows, chosen[:, index]] - np.log(np.exp(shifted).sum(axis=1))
        return total


class _Switches(_Chosen):
    """A `MultiBinary`."""

    def best(self, numbers: Float) -> Column:
        return self._shaped(numbers > 0)

    def draw(self, numbers: Float, heat: np.float32, rng: np.random.Generator) -> Column:
        odds = rng.random(numbers.shape, np.float32)
        return self._shaped(odds < 1 / (1 + np.exp(-numbers / heat)))

    def log_probability(self, numbers: Float, action: Column) -> Float:
        signs = action.reshape(numbers.shape).astype(np.float32) * 2 - 1
        found: Float = -np.logaddexp(np.float32(0), -signs * numbers).sum(axis=1)
        return found

    def _shaped(self, on: npt.NDArray[np.bool_]) -> Column:
        return on.astype(np.uint8).reshape(-1, *self.head.space.shape)


class _Continuous(_Part):
    """A `Box` of floats."""

    def __init__(self, head: Head, space: Box, *, squashed: bool) -> None:
        super().__init__(head)
        width = head.output_width
        low, high = (
            np.broadcast_to(np.asarray(bound, np.float32), width)
            for bound in (space.low, space.high)
        )
        self._low, self._high, self._shape = low, high, space.shape
        bounded = np.isfinite(low) & np.isfinite(high)
        with np.errstate(invalid="ignore"):
            self._reach: Float = np.where(bounded, (high - low) / 2, 1).astype(np.float32)
            self._middle: Float = np.where(bounded, (high + low) / 2, 0).astype(np.float32)
        self._squashed = bounded & squashed

    def best(self, numbers: Float) -> Column:
        mean, _ = self._both(numbers)
        return self.bounded(self._shaped(self._squash(mean)))

    def drawn(self, numbers: Float, noise: Float) -> Column:
        """By standard normal noise [n, k]."""
        mean, log_std = self._both(numbers)
        drawn = (mean + np.exp(log_std) * noise).astype(np.float32)
        return self._shaped(self._squash(drawn))

    def log_probability(self, numbers: Float, action: Column) -> Float:
        mean, log_std = self._both(numbers)
        drawn = action.reshape(mean.shape).astype(np.float32)
        if self._squashed.any():
            within = np.clip((drawn - self._middle) / self._reach, -_EDGE, _EDGE)
            drawn = np.where(self._squashed, np.arctanh(within), drawn)
        standard = (drawn - mean) * np.exp(-log_std)
        density = -0.5 * np.square(standard) - log_std - _HALF_LOG_2PI
        if self._squashed.any():
            slope = 2 * (_LOG_2 - drawn - np.logaddexp(np.float32(0), -2 * drawn))
            density -= np.where(self._squashed, slope + np.log(self._reach), np.float32(0))
        found: Float = density.sum(axis=1).astype(np.float32)
        return found

    def bounded(self, action: Column) -> Column:
        flat = action.reshape(len(action), -1)
        return self._shaped(np.clip(flat, self._low, self._high))

    def noisy(self, action: Column, noise: Float) -> Column:
        flat = action.reshape(len(action), -1) + noise * self._reach
        return self.bounded(flat.astype(np.float32))

    def _both(self, numbers: Float) -> tuple[Float, Float]:
        width = self.head.output_width
        return numbers[:, :width], numbers[:, width:]

    def _squash(self, drawn: Float) -> Float:
        if not self._squashed.any():
            return drawn
        inside = np.clip(self._middle + self._reach * np.tanh(drawn), self._low, self._high)
        return np.where(self._squashed, inside, drawn).astype(np.float32)

    def _shaped(self, flat: Float) -> Column:
        return flat.astype(np.float32, copy=False).reshape(-1, *self._shape)


def _part(head: Head, distribution: ActionDistribution) -> _Chosen | _Continuous:
    match head.space:
        case Discrete():
            return _Choices(head, (head.space.n,), scalar=True)
        case MultiDiscrete():
            return _Choices(head, head.space.counts, scalar=False)
        case MultiBinary():
            return _Switches(head)
        case Box():
            return _Continuous(head, head.space, squashed=distribution == "squashed")
