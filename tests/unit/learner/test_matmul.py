"""Whatever library is chosen, float32 products stay float32 products."""

from __future__ import annotations

import torch

from learner.matmul import EXACT, choose_matmul


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
