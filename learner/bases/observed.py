"""What a batch shows of its steps, as networks take it: one tensor, or several by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from learner.network.network import Network, Seen


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
    tensors = [part for part in parts if isinstance(part, Tensor)]
    if tensors:
        return torch.cat(tensors, dim)
    named = [part for part in parts if isinstance(part, Mapping)]
    return {name: torch.cat([part[name] for part in named], dim) for name in named[0]}


def cut(seen: Seen, size: int) -> list[Seen]:
    """Its rows in order, so many at once."""
    if isinstance(seen, Tensor):
        return list(seen.split(size))
    pieces = zip(*(value.split(size) for value in seen.values()), strict=True)
    return [dict(zip(seen, piece, strict=True)) for piece in pieces]


def ended_before(columns: Mapping[str, Tensor]) -> Tensor:
    """Whether an episode begins at each step of unrolls and after them, bool [B, T + 1].

    At step 0 an episode goes on or begins; the stored state says which.
    """
    ended = columns["terminated"] | columns["truncated"]
    return torch.cat([torch.zeros_like(ended[:, :1]), ended], dim=1)


def with_last(columns: Mapping[str, Tensor]) -> Seen:
    """What was seen at all steps of unrolls and after them, [B, T + 1, ...]."""
    last = each(observed(columns, "last_"), lambda rows: rows.unsqueeze(1))
    return joined([observed(columns), last], dim=1)


def outputs_of(network: Network, columns: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """A network's outputs at all B * T steps of unrolls, and at what came after each unroll."""
    if "state" in columns:
        state, begins = columns["state"], ended_before(columns)
        outputs, _ = network.sequence(with_last(columns), state, begins)
        return outputs[:, :-1].flatten(0, 1), outputs[:, -1]
    steps = each(observed(columns), lambda column: column.flatten(0, 1))
    outputs = network.outputs(joined([steps, observed(columns, "last_")]))
    taken = columns["reward"].numel()
    return outputs[:taken], outputs[taken:]
