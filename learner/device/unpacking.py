"""Packed columns made plain where they are learned from: a GPU gets them by their few bytes."""

from __future__ import annotations

import torch
from torch import Tensor

from mazemesh.packing.runs import Packing


class Unpacking:
    """One packing on one device: `mazemesh.packing.rows.unpack` as a few gathers.

    Element e is the bitwise or over k of `((byte[place[k, e]] >> shift[k, e]) & mask[e]) *
    weight[k, e]`; an element that has a byte of its own is that byte, shifted by 0 and times 1.
    """

    def __init__(self, packing: Packing, device: torch.device) -> None:
        self.size = packing.size
        depth = max(1, *(len(run.bits) for run in packing.runs))
        place = torch.zeros((depth, packing.size), dtype=torch.int64)
        shift, weight = place.to(torch.uint8), place.to(torch.uint8)
        mask = torch.ones(packing.size, dtype=torch.uint8)
        bit = element = 0
        own = -(-sum(run.count * len(run.bits) for run in packing.runs) // 8)
        for run in packing.runs:
            here = slice(element, element + run.count)
            for k, value in enumerate(run.bits):
                bits = torch.arange(bit, bit + run.count)
                place[k, here], shift[k, here], weight[k, here] = bits // 8, bits % 8, value
                bit += run.count
            if not run.bits:
                place[0, here] = torch.arange(own, own + run.count)
                mask[here], weight[0, here] = 255, 1
                own += run.count
            element += run.count
        self._place = [one.to(device) for one in place]
        self._shift, self._weight = shift.to(device), weight.to(device)
        self._mask = mask.to(device)

    def __call__(self, packed: Tensor) -> Tensor:
        """Plain rows uint8 [..., size] of packed ones uint8 [..., row_bytes]."""
        rows = packed.reshape(-1, packed.shape[-1])
        plain: Tensor | None = None
        for place, shift, weight in zip(self._place, self._shift, self._weight, strict=True):
            part = ((rows.index_select(1, place) >> shift) & self._mask) * weight
            plain = part if plain is None else plain | part
        assert plain is not None
        return plain.reshape(*packed.shape[:-1], self.size)
