"""Learners that train one network together, each on batches of its own (data parallel).

`PYTHONSAFEPATH=1 torchrun --nproc-per-node N -m learner ...` starts N processes (ranks; without
the variable, a learner.py in the current folder would be run). Each draws its own batches from the
same table; every gradient is the mean of all ranks' gradients, so that their weights stay the same.
Rank 0 alone publishes, writes checkpoints and keeps the journal.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Protocol, TypeVar

import structlog

from learner.device.rendezvous import meet
from learner.ports import Batch, Priorities

if TYPE_CHECKING:
    from torch import Tensor

log = structlog.get_logger("learner.device.ranks")

T = TypeVar("T")


def rank() -> int:
    """This process's rank, as torchrun told it; 0 without torchrun."""
    return int(os.environ.get("RANK", "0"))


def local_rank() -> int:
    """Its number on this machine."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def size() -> int:
    """How many ranks there are; 1 without torchrun."""
    return int(os.environ.get("WORLD_SIZE", "1"))


class Ranks(Protocol):
    """What ranks do together; each call is made by all of them in the same order."""

    def average(self, vector: Tensor) -> None:
        """Puts the mean over the ranks in the place of a vector."""
        ...

    def all_and_any(self, ready: bool, stop: bool) -> tuple[bool, bool]:
        """Whether all are ready, and whether any wants to stop."""
        ...

    def from_first(self, content: T) -> T:
        """What rank 0 has."""
        ...


class Alone:
    """One process."""

    def average(self, vector: Tensor) -> None:
        """Leaves it as it is."""

    def all_and_any(self, ready: bool, stop: bool) -> tuple[bool, bool]:
        """As given."""
        return ready, stop

    def from_first(self, content: T) -> T:
        """As given."""
        return content


class Group:
    """The processes that torchrun started, over gloo, and NCCL where the weights are on GPUs."""

    def __init__(self) -> None:
        import torch
        import torch.distributed as dist

        self._size = size()
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo",
            store=meet(rank(), self._size),
            rank=rank(),
            world_size=self._size,
        )
        log.info("ranks are together", rank=dist.get_rank(), ranks=self._size)

    def average(self, vector: Tensor) -> None:
        """One all-reduce."""
        import torch.distributed as dist

        dist.all_reduce(vector)
        vector.div_(self._size)

    def all_and_any(self, ready: bool, stop: bool) -> tuple[bool, bool]:
        """One all-reduce of two numbers."""
        import torch
        import torch.distributed as dist

        counts = torch.tensor([int(ready), int(stop)])
        dist.all_reduce(counts)
        return int(counts[0]) == self._size, int(counts[1]) > 0

    def from_first(self, content: T) -> T:
        """One broadcast of a pickled object."""
        import torch.distributed as dist

        box = [content]
        dist.broadcast_object_list(box)
        return box[0]


def join() -> Ranks:
    """The ranks that torchrun started, or this process alone."""
    return Group() if size() > 1 else Alone()


class Source(Protocol):
    """Where batches come from (`learner.loop.prefetch.Prefetcher`)."""

    def next(self, timeout: float) -> Batch | None:
        """The next batch; None when there is none in time."""
        ...

    def update_priorities(self, priorities: Priorities) -> None:
        """Takes new priorities."""
        ...


class InStep:
    """Hands out a batch when every rank has one, so that all take the same number of steps.

    When one rank is to stop, all stop at the same batch: the stop event of each is set.
    """

    def __init__(self, source: Source, ranks: Ranks, stop: threading.Event) -> None:
        self._source, self._ranks, self._stop = source, ranks, stop
        self._held: Batch | None = None
        self._over = False
        self.update_priorities = source.update_priorities

    def next(self, timeout: float) -> Batch | None:
        """A batch; None when some rank has none yet, or all are to stop."""
        if self._held is None:
            self._held = self._source.next(timeout)
        ready, self._over = self._ranks.all_and_any(self._held is not None, self._stop.is_set())
        if self._over:
            self._stop.set()
        if self._over or not ready:
            return None
        batch, self._held = self._held, None
        return batch

    def leave(self) -> None:
        """Tells the others to stop, if they do not know yet; the last call of a rank."""
        if not self._over:
            self._over = True
            self._ranks.all_and_any(False, True)
