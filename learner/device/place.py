"""Where an algorithm computes, and how: what differs between a processor and a GPU."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from learner.device.recording import Recorded, Work
from learner.ports import Batch
from mazemesh.wire.stored_columns import StoredColumns

if TYPE_CHECKING:
    from learner.device.gpu import Gpu
    from learner.device.transfer import Transfer

P = ParamSpec("P")
T = TypeVar("T")

Columns = Mapping[str, Tensor]


def as_tensor(array: npt.NDArray[np.generic], device: torch.device) -> Tensor:
    """A tensor on the device; received columns, read-only views, are copied: torch forbids them."""
    return torch.from_numpy(array if array.flags.writeable else np.array(array)).to(device)


@dataclass(frozen=True)
class Place:
    """A device and how it is used.

    Attributes:
        device: Of weights and batches.
        products: Precision of activations and weights in the hidden layers' matrix products; sums,
            weights, optimizer, heads and losses are float32.
        records: Whether a GPU's work is recorded; not where several ranks exchange gradients in it.
        fuses: Whether what algorithms choose goes through `torch.compile`.
        backend: The compiler.
    """

    device: torch.device = torch.device("cpu")  # noqa: RUF009 - immutable
    products: torch.dtype = torch.float32
    records: bool = True
    fuses: bool = False
    backend: str = "inductor"

    @property
    def on_gpu(self) -> bool:
        """Not on the processor."""
        return self.device.type == "cuda"

    def intake(self) -> Callable[[Batch], Columns]:
        """What makes tensors on the device of received columns."""
        if self.on_gpu:
            from learner.device.transfer import Intake

            return Intake(self._gpu)
        return self._copy

    def send(self, batch: Batch) -> Batch:
        """Begins to bring a batch here, from the thread that has fetched it."""
        if self.on_gpu:
            return self._transfer.send(batch)
        if isinstance(batch.columns, StoredColumns):
            batch.columns.unpack()  # while the trainer still learns from the batch before
        return batch

    def recorded(self, work: Work) -> Work:
        """The work, by a recording on a GPU; see `recording` for what it may not do."""
        return Recorded(work, self._gpu) if self.on_gpu and self.records else work

    def fused(self, function: Callable[P, T]) -> Callable[P, T]:
        """The function, compiled if this place does that."""
        if not self.fuses:
            return function
        from learner.device.fusing import Fused

        return Fused(function, self.backend)

    def rounding(self) -> AbstractContextManager[object]:
        """In it matrices are multiplied in the precision of `products`.

        One for each forward pass: it keeps what it has rounded, with or without a graph behind it.
        """
        if self.products == torch.float32:
            return nullcontext()
        return torch.autocast(self.device.type, self.products)

    def _copy(self, batch: Batch) -> Columns:
        return {name: as_tensor(value, self.device) for name, value in batch.columns.items()}

    @cached_property
    def _gpu(self) -> Gpu:
        from learner.device.gpu import Gpu

        return Gpu(self.device)

    @cached_property
    def _transfer(self) -> Transfer:
        from learner.device.transfer import Transfer

        return Transfer(self._gpu)
