"""The precisions in which matrices can be multiplied; apart from torch, as settings name them."""

from __future__ import annotations

from typing import Literal

Precision = Literal["auto", "float32", "bfloat16"]
