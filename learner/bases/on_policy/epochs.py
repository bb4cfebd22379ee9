"""What PPO with and without memory share: epochs of minibatches over a batch of unrolls."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

import torch
from torch import Tensor

from learner.bases.learner import Descending, OneNetwork, Update, statistics
from learner.bases.observed import cut, each, observed
from learner.bases.on_policy.vtrace import FIT
from learner.device.place import Place
from learner.device.ranks import Ranks
from learner.network.architecture import Parameters
from learner.network.network import Network
from learner.ports import Batch

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

STATISTICS = ("policy_loss", "value_loss", "entropy", "kl", "clip_fraction", "gradient_norm")


class EpochsConfig(Descending, Protocol):
    """What epochs need of a config (`ActorCriticConfig` with `epochs`)."""

    @property
    def epochs(self) -> int:
        """How often an update goes through its batch."""
        ...

    def rate_at(self, updates: int) -> float:
        """The learning rate after so many gradient steps."""
        ...


N = TypeVar("N", bound=Network)
C = TypeVar("C", bound=EpochsConfig)
Pieces = TypeVar("Pieces", bound="DataclassInstance")


class Epochs(OneNetwork[N, C], ABC, Generic[N, C, Pieces]):
    """An actor-critic, its optimizer, and the update around `_prepare` and `_step`.

    What is drawn of a batch are `Pieces`, a dataclass of tensors [pieces, ...]: steps or unrolls.

    Attributes:
        told: What `_step` tells, by name.
    """

    told: ClassVar[tuple[str, ...]] = STATISTICS

    def __init__(
        self,
        network: N,
        parameters: Parameters,
        config: C,
        place: Place,
        seed: int,
        ranks: Ranks,
    ) -> None:
        super().__init__(network, parameters, config, place, ranks, eps=1e-5)
        self._ranks = ranks
        self._generator = torch.Generator().manual_seed(seed)
        self._learn = place.recorded(self._passes)

    def update(self, batch: Batch) -> Update:
        """Learns from B unrolls (rows of `unroll_signature`).

        Returns:
            Means over the update: policy_loss, value_loss, entropy, kl (of the behaviour and the
            trained policy), clip_fraction, gradient_norm, importance (min(1, ratio) before the
            update), explained_variance.
        """
        self.set_learning_rate(self.config.rate_at(self.updates))
        columns = self._intake(batch)
        self.network.observe(observed(columns), self._ranks)
        count, at_once = self._pieces(*columns["reward"].shape)
        orders = self._orders(count)
        (means,) = self._learn(columns, orders)
        self.updates += len(orders) * len(orders[0].split(at_once))
        return Update(statistics((*FIT, *self.told), means))

    def set_learning_rate(self, rate: float) -> None:
        """Takes effect with the next step."""
        self._descent.set_learning_rate(rate)

    def _orders(self, pieces: int) -> Tensor:
        """An order of the pieces for each epoch, int64 [epochs, pieces]."""
        epochs = range(self.config.epochs)
        orders = [torch.randperm(pieces, generator=self._generator) for _ in epochs]
        return torch.stack(orders).to(self._place.device)

    def _passes(self, column: Mapping[str, Tensor], orders: Tensor) -> tuple[Tensor]:
        """All epochs over a batch; the means over its gradient steps."""
        pieces, fit = self._prepare(column)
        _, at_once = self._pieces(*column["reward"].shape)
        found = [
            self._step(minibatch)
            for order in orders
            for minibatch in minibatches(pieces, order, at_once)
        ]
        return (torch.cat([fit, torch.stack(found).mean(dim=0)]),)

    @abstractmethod
    def _pieces(self, unrolls: int, length: int) -> tuple[int, int]:
        """How many pieces a batch has, and how many of them a minibatch."""

    @abstractmethod
    def _prepare(self, column: Mapping[str, Tensor]) -> tuple[Pieces, Tensor]:
        """Step 1: everything the epochs need; and how V-trace fits, float32 [2]."""

    @abstractmethod
    def _step(self, minibatch: Pieces) -> Tensor:
        """Step 2: one gradient step on a minibatch; what is `told` of it, float32."""

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {**super().state(), "random": self._generator.get_state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from `state`."""
        super().restore(state)
        self._generator.set_state(state["random"].cpu())


def minibatches(pieces: Pieces, order: Tensor, at_once: int) -> Iterator[Pieces]:
    """All pieces in this order, so many at once; gathered once, then cut."""
    columns = [getattr(pieces, field.name) for field in dataclasses.fields(pieces)]
    gathered = [each(column, lambda rows: rows.index_select(0, order)) for column in columns]
    parts = [cut(column, at_once) for column in gathered]
    return (type(pieces)(*minibatch) for minibatch in zip(*parts, strict=True))
