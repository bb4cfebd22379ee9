"""A GPU (a CUDA device), as transfers and recordings need it, and how busy it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import torch
from torch import Tensor

from learner.device.recording import Tensors
from learner.device.transfer import Event


class Gpu:
    """`learner.device.transfer.Memory` and `learner.device.recording.Recorder` of one device."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._copies, self._aside = torch.cuda.Stream(device), torch.cuda.Stream(device)

    def pinned(self, size: int) -> Tensor:
        """Page-locked memory of the host, uint8 [size]."""
        return torch.empty(size, dtype=torch.uint8, pin_memory=True)

    def allocate(self, size: int) -> Tensor:
        """The GPU's own, uint8 [size]."""
        return torch.empty(size, dtype=torch.uint8, device=self._device)

    def event(self) -> Event:
        """A new mark, that waits without spinning."""
        made: Any = torch.cuda.Event(blocking=True)
        return _Event(made)

    @contextmanager
    def copying(self) -> Iterator[None]:
        """Work issued inside of it goes to a stream of its own."""
        with torch.cuda.stream(self._copies):
            yield

    def rehearse(self, work: Callable[[], Tensors]) -> Tensors:
        """Does the work, on the stream that recording will take."""
        with torch.cuda.device(self._device):
            present = torch.cuda.current_stream()
            self._aside.wait_stream(present)
            with torch.cuda.stream(self._aside):
                results = work()
            present.wait_stream(self._aside)
            for tensor in results:
                tensor.record_stream(present)
            return results

    def record(self, work: Callable[[], Tensors]) -> tuple[Callable[[], None], Tensors]:
        """A CUDA graph of the work. Other threads may use the GPU meanwhile."""
        graph = torch.cuda.CUDAGraph()
        with (
            torch.cuda.device(self._device),
            torch.cuda.graph(graph, stream=self._aside, capture_error_mode="thread_local"),
        ):
            results = work()
        return graph.replay, results


class _Event:
    """`torch.cuda.Event`, whose methods take streams as well."""

    def __init__(self, event: Any) -> None:
        self._event = event

    def record(self) -> None:
        self._event.record()

    def wait(self) -> None:
        self._event.wait()

    def synchronize(self) -> None:
        self._event.synchronize()


def gpu_statistics(device: torch.device) -> dict[str, float]:
    """gpu_utilization, the share of the last moments in which it computed, and gpu_memory_bytes.

    Nothing on a CPU; utilization only where NVIDIA's library for it is there (extra `gpu`).
    """
    if device.type != "cuda":
        return {}
    found = {"gpu_memory_bytes": float(torch.cuda.memory_reserved(device))}
    # There may be no library, or a driver that does not tell.
    with suppress(ImportError, RuntimeError):
        found["gpu_utilization"] = torch.cuda.utilization(device) / 100
    return found
