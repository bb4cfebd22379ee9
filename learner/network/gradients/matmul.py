"""How matrices are multiplied: by which library, in which precision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from learner.network.architecture import Precision

EXACT = 1e-5
"""Largest error, relative to the result's scale, that float32 products of this size may have."""

WIDE = 512
"""Units of a hidden layer from which bfloat16 is faster on a GPU than TF32."""


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


def choose_on_gpu(wanted: Precision, hidden: Sequence[int]) -> torch.dtype:
    """The same of products on a GPU, by the widths of the hidden layers.

    What stays float32 rounds its factors to TF32, unless it is "float32" that is wanted. TF32 keeps
    ten bits behind the point where bfloat16 keeps seven, and is as fast on small layers.
    """
    torch.set_float32_matmul_precision("highest" if wanted == "float32" else "high")
    wide = wanted == "auto" and max(hidden, default=0) >= WIDE
    return torch.bfloat16 if wide or wanted == "bfloat16" else torch.float32


@contextmanager
def exact_products() -> Iterator[None]:
    """In it products of float32 matrices are float32's, on a GPU too."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
