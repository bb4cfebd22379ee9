"""Whatever library is chosen, float32 products stay float32 products; other precisions by name."""

from __future__ import annotations

import torch

from learner.matmul import EXACT, choose_matmul, choose_precision


def test_products_stay_exact() -> None:
    before = torch.get_float32_matmul_precision()
    try:
        faster = choose_matmul()
        assert torch.get_float32_matmul_precision() == ("medium" if faster else "highest")
        left, right = torch.randn(1024, 268), torch.randn(268, 128)
        exact = left.double() @ right.double()
        assert (left @ right - exact).abs().max() <= EXACT * exact.abs().max()
    finally:
        torch.set_float32_matmul_precision(before)


def test_a_precision_that_is_named_is_taken() -> None:
    assert choose_precision("float32") == torch.float32
    assert choose_precision("bfloat16") == torch.bfloat16
    assert choose_precision("auto") in (torch.float32, torch.bfloat16)
