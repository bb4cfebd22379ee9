"""What the trainer asks of what learns; `learner.algorithms` has those there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from torch import Tensor

from learner.device.place import Place
from learner.device.ranks import Ranks
from learner.network.architecture import Parameters
from learner.network.gradients.descent import Descent, checked
from learner.network.network import Network
from learner.ports import Batch
from mazemesh.errors import FailedPrecondition


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


class Descending(Protocol):
    """What gradient descent needs of a config."""

    @property
    def learning_rate(self) -> float:
        """Of Adam at the start."""
        ...

    @property
    def max_gradient_norm(self) -> float:
        """Gradients are clipped to this norm."""
        ...


N = TypeVar("N", bound=Network)
C = TypeVar("C", bound=Descending)


class OneNetwork(Generic[N, C]):
    """What every learner of ours has: a network, its optimizer, where it computes.

    Attributes:
        network: Holds the weights that are published.
        config: Of the algorithm.
        updates: Gradient steps so far.
    """

    def __init__(
        self,
        network: N,
        parameters: Parameters,
        config: C,
        place: Place,
        ranks: Ranks,
        *,
        eps: float,
    ) -> None:
        """`eps` is Adam's."""
        self.config, self.updates = config, 0
        self._place, self._intake = place, place.intake()
        self.network = network
        self.network.load(parameters)
        self.network.to(place.device)
        self._descent = Descent(
            self.network,
            config.learning_rate,
            config.max_gradient_norm,
            eps=eps,
            ranks=ranks,
            recordable=place.on_gpu,
        )

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {
            "network": self.network.state_dict(),
            "optimizer": self._descent.state(),
            "updates": self.updates,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from `state`.

        Raises:
            FailedPrecondition: it is of another network.
        """
        try:
            self.network.load_state_dict(state["network"])
        except RuntimeError as error:
            # Its description is the same; so a module of the user's own is another than before.
            told = " ".join(str(error).split())
            raise FailedPrecondition(
                f"the checkpoint's weights are not those of this network: {told}. Give the module "
                "its former layers, or choose another policy name (--policy)"
            ) from error
        self._descent.restore(state["optimizer"])
        self.updates = state["updates"]
