"""What the trainer asks of what learns; `learner.algorithms` has those there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from torch import Tensor

from learner.network.descent import checked
from learner.network.networks import Network
from learner.ports import Batch


@dataclass(frozen=True)
class Update:
    """What one batch taught.

    Attributes:
        statistics: Losses and the like, by name, means over the batch.
        priorities: New priorities of the batch's rows, float64 [rows]; None where none are used.
    """

    statistics: dict[str, float]
    priorities: npt.NDArray[np.float64] | None = None


def statistics(names: Iterable[str], means: Tensor) -> dict[str, float]:
    """Means [n] by name; this waits for the device.

    Raises:
        RuntimeError: the gradient's norm was not finite in a step.
    """
    found = dict(zip(names, means.tolist(), strict=True))
    checked(found["gradient_norm"])
    return found


class Learner(Protocol):
    """Learns from batches of one signature."""

    @property
    def network(self) -> Network:
        """Whose weights are published."""
        ...

    @property
    def updates(self) -> int:
        """Gradient steps so far; the training step of a policy."""
        ...

    def update(self, batch: Batch) -> Update:
        """Learns from a batch."""
        ...

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps: weights, optimizer, counters, random state."""
        ...

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from a `state`."""
        ...
