"""Which library multiplies float32 matrices on the processor."""

from __future__ import annotations

import torch

EXACT = 1e-5
"""Largest error, relative to the result's scale, that float32 products of this size may have."""


def choose_matmul() -> bool:
    """Lets torch use oneDNN for float32 products where that is as exact as MKL.

    MKL leaves AVX-512 unused on AMD processors; there oneDNN takes half the time for the same
    result. torch only takes it at a lower precision setting, at which processors with matrix units
    (AMX) compute in bfloat16: too coarse for the parity check of a version. So the setting stays
    only where it costs no precision.

    Returns:
        Whether oneDNN is used.
    """
    generator = torch.Generator().manual_seed(0)
    left, right = (torch.randn(256, 256, generator=generator) for _ in range(2))
    exact = left.double() @ right.double()
    torch.set_float32_matmul_precision("medium")
    error = ((left @ right - exact).abs().max() / exact.abs().max()).item()
    if error > EXACT:
        torch.set_float32_matmul_precision("highest")
    return error <= EXACT
