"""Brings batches to a GPU while it computes.

The thread that fetches a batch packs its columns into page-locked memory, from which the GPU copies
them by itself, on a stream of its own. The update waits for that copy on the GPU, not in Python.
"""

from __future__ import annotations

import queue
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from learner.device.packing import Layout
from learner.device.unpacking import Unpacking
from learner.ports import Batch, Columns


class Event(Protocol):
    """A mark in a stream of work (`torch.cuda.Event`); one never recorded has passed."""

    def record(self) -> None:
        """Sets the mark behind the present stream's work."""
        ...

    def wait(self) -> None:
        """Lets the present stream's further work wait for the mark."""
        ...

    def synchronize(self) -> None:
        """Waits for it in this thread."""
        ...


class Memory(Protocol):
    """What a transfer needs of a GPU (`learner.device.gpu.Gpu`)."""

    def pinned(self, size: int) -> Tensor:
        """Page-locked memory of the host, uint8 [size]."""
        ...

    def allocate(self, size: int) -> Tensor:
        """The GPU's own, uint8 [size]."""
        ...

    def event(self) -> Event:
        """A new mark."""
        ...

    def copying(self) -> AbstractContextManager[None]:
        """Work issued inside of it goes to the stream of copies."""
        ...


class Slot:
    """Room for one batch on its way: in the host's memory and in the GPU's.

    Attributes:
        arrived: The bytes are in the GPU's memory, and the host's may be written over.
        taken: They were taken from there, and the GPU's may be written over.
    """

    def __init__(self, memory: Memory, size: int) -> None:
        self.pinned, self.there = memory.pinned(size), memory.allocate(size)
        self.arrived, self.taken = memory.event(), memory.event()


@dataclass(frozen=True)
class Sent:
    """A batch on its way; the columns in the host's memory remain readable (`ports.Batch`).

    Attributes:
        layout: Of the bytes.
    """

    columns: Columns
    keys: npt.NDArray[np.uint64]
    probabilities: npt.NDArray[np.float64]
    policy_versions: npt.NDArray[np.int64]
    table_size: int
    layout: Layout
    slot: Slot
    free: queue.SimpleQueue[Slot]

    def receive(self, place: Tensor) -> None:
        """Lets the present stream put the bytes into uint8 [layout.size]; to be called once."""
        self.slot.arrived.wait()
        place.copy_(self.slot.there[: self.layout.size], non_blocking=True)
        self.slot.taken.record()
        self.free.put(self.slot)


class Transfer:
    """Sends batches; there are as many slots as batches that were ever on their way at once."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._free: queue.SimpleQueue[Slot] = queue.SimpleQueue()

    def send(self, batch: Batch) -> Sent:
        """Begins to copy the batch; any thread may."""
        layout = Layout.of(batch.columns)
        slot = self._slot(layout.size)
        slot.arrived.synchronize()
        layout.write(batch.columns, slot.pinned.numpy())
        with self._memory.copying():
            slot.taken.wait()
            slot.there[: layout.size].copy_(slot.pinned[: layout.size], non_blocking=True)
            slot.arrived.record()
        about = batch.keys, batch.probabilities, batch.policy_versions, batch.table_size
        return Sent(batch.columns, *about, layout, slot, self._free)

    def _slot(self, size: int) -> Slot:
        try:
            slot = self._free.get_nowait()
        except queue.Empty:
            return Slot(self._memory, size)
        return slot if len(slot.there) >= size else Slot(self._memory, size)


class Intake:
    """Puts batches where an algorithm reads them: equal layouts always in the same place.

    What is recorded of the algorithm's work (`learner.device.recording`) reads from there.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory, self._transfer = memory, Transfer(memory)
        self._places: dict[Layout, Tensor] = {}
        self._plain: dict[Layout, dict[str, tuple[Unpacking, Tensor]]] = {}

    def __call__(self, batch: Batch) -> Mapping[str, Tensor]:
        """The columns, valid until the next batch. One that nobody has sent yet is sent now."""
        sent = batch if isinstance(batch, Sent) else self._transfer.send(batch)
        place = self._places.get(sent.layout)
        if place is None:
            place = self._places[sent.layout] = self._memory.allocate(sent.layout.size)
        sent.receive(place)
        tensors = sent.layout.tensors(place)
        if sent.layout not in self._plain:
            self._plain[sent.layout] = _room(sent.layout, place.device)
        plain = self._plain[sent.layout]
        for name, (unpacking, room) in plain.items():
            room.copy_(unpacking(tensors[name]))
        return {**tensors, **{name: room for name, (_, room) in plain.items()}}


def _room(layout: Layout, device: torch.device) -> dict[str, tuple[Unpacking, Tensor]]:
    """For each column that comes packed: what unpacks it, and where it then stands."""
    room = {}
    for field in layout.fields:
        if field.spec is not None and field.spec.packing is not None:
            dtype = torch.bool if field.spec.dtype.name == "bool" else torch.uint8
            shape = (field.shape[0], *field.spec.shape)
            unpacking = Unpacking(field.spec.packing, device)
            room[field.name] = unpacking, torch.empty(shape, dtype=dtype, device=device)
    return room
