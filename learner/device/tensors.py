"""Received columns as torch tensors."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor


def as_tensor(array: npt.NDArray[np.generic], device: torch.device) -> Tensor:
    """A tensor on the device. Copies: received columns are read-only views, which torch forbids."""
    return torch.from_numpy(np.array(array)).to(device)
