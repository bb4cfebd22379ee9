"""Received columns as torch tensors."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Columns = Mapping[str, npt.NDArray[np.generic]]
"""Columns of a batch by name, each [rows, ...]."""


def as_tensor(array: npt.NDArray[np.generic], device: torch.device) -> Tensor:
    """A tensor on the device. Copies: received columns are read-only views, which torch forbids."""
    return torch.from_numpy(np.array(array)).to(device)
