"""What a batch shows of its steps, as networks take it: one tensor, or several by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from learner.network.networks import Seen


def observed(columns: Mapping[str, Tensor], which: str = "", what: str = "observation") -> Seen:
    """The observations of a batch, or of those `which` it calls next_ or last_; or what else."""
    name = f"{which}{what}"
    if name in columns:
        return columns[name]
    return {
        column.removeprefix(which): value
        for column, value in columns.items()
        if column.startswith(f"{name}.")
    }


def each(seen: Seen, change: Callable[[Tensor], Tensor]) -> Seen:
    """The same with every tensor changed."""
    if isinstance(seen, Tensor):
        return change(seen)
    return {name: change(value) for name, value in seen.items()}


def joined(parts: list[Seen], dim: int = 0) -> Seen:
    """Several as one, along a dimension."""
    first = parts[0]
    if isinstance(first, Tensor):
        return torch.cat([part for part in parts if isinstance(part, Tensor)], dim)
    return {name: torch.cat([part[name] for part in parts], dim) for name in first}


def cut(seen: Seen, size: int) -> list[Seen]:
    """Its rows in order, so many at once."""
    if isinstance(seen, Tensor):
        return list(seen.split(size))
    pieces = zip(*(value.split(size) for value in seen.values()), strict=True)
    return [dict(zip(seen, piece, strict=True)) for piece in pieces]


def steps_and_last(columns: Mapping[str, Tensor]) -> Seen:
    """Of B unrolls of T steps: all B * T steps one after the other, then what came after each."""
    steps = each(observed(columns), lambda column: column.flatten(0, 1))
    return joined([steps, observed(columns, "last_")])
