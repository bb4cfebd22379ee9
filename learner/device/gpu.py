"""How busy the GPU is that a learner computes on."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def gpu_statistics(device: torch.device) -> dict[str, float]:
    """gpu_utilization, the share of the last moments in which it computed, and gpu_memory_bytes.

    Nothing on a CPU; utilization only where NVIDIA's library for it is there (extra `gpu`).
    """
    if device.type != "cuda":
        return {}
    import torch

    found = {"gpu_memory_bytes": float(torch.cuda.memory_reserved(device))}
    # There may be no library, or a driver that does not tell.
    with suppress(ImportError, RuntimeError):
        found["gpu_utilization"] = torch.cuda.utilization(device) / 100
    return found
