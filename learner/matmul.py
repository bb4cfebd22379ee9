"""How matrices are multiplied on the processor: by which library, in which precision."""

from __future__ import annotations

import torch

from learner.precision import Precision

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


def choose_precision(wanted: Precision) -> torch.dtype:
    """Of products of activations and weights in training; "auto" is bfloat16 where it is fast.

    With AVX512-BF16 it takes half the time, and half the memory passes through the cache. Products
    are summed up in float32; weights, optimizer and the policy's outputs stay float32.
    """
    if wanted != "auto":
        return torch.bfloat16 if wanted == "bfloat16" else torch.float32
    able = torch.cpu.get_capabilities()
    fast = able.get("avx512_bf16", False) or able.get("amx_bf16", False)
    return torch.bfloat16 if fast else torch.float32
