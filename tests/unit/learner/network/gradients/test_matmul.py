"""Whatever library is chosen, float32 products stay float32 products; other precisions by name."""

from __future__ import annotations

import torch

from learner.network.gradients.matmul import (
    EXACT,
    WIDE,
    choose_matmul,
    choose_on_gpu,
    choose_precision,
    exact_products,
)


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


def test_on_a_gpu_wide_layers_are_rounded_further_and_float32_that_is_named_not_at_all() -> None:
    before = torch.get_float32_matmul_precision()
    try:
        assert choose_on_gpu("auto", (WIDE - 1,)) == torch.float32
        assert torch.get_float32_matmul_precision() == "high"
        assert choose_on_gpu("auto", (128, WIDE)) == torch.bfloat16
        assert choose_on_gpu("bfloat16", ()) == torch.bfloat16
        with exact_products():
            assert torch.get_float32_matmul_precision() == "highest"
        assert torch.get_float32_matmul_precision() == "high"
        assert choose_on_gpu("float32", (WIDE,)) == torch.float32
        assert torch.get_float32_matmul_precision() == "highest"
    finally:
        torch.set_float32_matmul_precision(before)
