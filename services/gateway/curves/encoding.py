"""Curves as bytes: what a browser puts into typed arrays without looking at each number.

    "MZC1" | uint32 length of the header | header, JSON in UTF-8 | padding to 4 bytes | float32 ...

Little-endian. The header's `curves` are in the order of the numbers; each has `parts` rows of
`buckets` numbers: the mean, and where there are three also the lower and the upper end.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from services.gateway.curves.pyramid import Array

MAGIC = b"MZC1"


def encode(header: Mapping[str, Any], rows: Sequence[Array]) -> bytes:
    """Header and rows, each float32 [buckets]."""
    text = json.dumps(header, separators=(",", ":"), allow_nan=False).encode()
    text += b" " * (-len(text) % 4)
    length = len(text).to_bytes(4, "little")
    data: bytes = np.concatenate(rows).astype("<f4").tobytes() if rows else b""
    return MAGIC + length + text + data


def decode(data: bytes) -> tuple[dict[str, Any], Array]:
    """Reverses `encode`: the header, and all numbers, float32 [rows, buckets].

    Raises:
        ValueError: it is none.
    """
    if data[:4] != MAGIC:
        raise ValueError(f"curves begin with {MAGIC!r}, not {data[:4]!r}")
    length = int(np.frombuffer(data, "<u4", 1, 4)[0])
    header = json.loads(data[8 : 8 + length])
    return header, np.frombuffer(data, "<f4", offset=8 + length).reshape(-1, header["buckets"])
