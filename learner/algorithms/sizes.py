"""What a run's rows take: presets count rows, memory and messages have bytes.

The rows of an image game are a thousand times larger than those of a maze. What the user did not
choose is cut down at the start, so that a batch and a table stay within the bytes below; how a
batch is cut into messages is the `Prefetcher`'s business and the actors'.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, TypeVar

from learner.algorithms.algorithm import Experience
from mazemesh.errors import InvalidArgument
from mazemesh.experience import MOST_ROW_BYTES

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

D = TypeVar("D", bound="DataclassInstance")

BATCH_BYTES = 128 * 2**20
"""Of a batch at most: it is in memory several times, once on its way and once in training."""

TABLE_BYTES = 2**30
"""Of a full prioritized table at most. A queue holds a batch and a half."""

PARITY_BYTES = 4 * 2**20
"""Of the observations that are sent with a version, for Model to compare answers on."""


def parity_rows(observation_bytes: int, wanted: int) -> int:
    """How many of the `wanted` observations go with a version; one in any case."""
    return max(1, min(wanted, PARITY_BYTES // observation_bytes))


def fitted(experience: Experience[D], config: D, row_bytes: int, chosen: Collection[str]) -> D:
    """The config with as many rows as fit, except where the user has `chosen` how many.

    Args:
        experience: That is learned from.
        config: As preset, with the user's settings over it.
        row_bytes: Of a row of the run's table.
        chosen: Names of the fields that the user has set.

    Raises:
        InvalidArgument: a single row is larger than a message.
    """
    if row_bytes > MOST_ROW_BYTES:
        raise InvalidArgument(_too_large(config, row_bytes))
    batch, table = max(1, BATCH_BYTES // row_bytes), max(1, TABLE_BYTES // row_bytes)
    changes = {
        name: value
        for name, value in experience.fitting(config, batch, table).items()
        if name not in chosen and value < getattr(config, name)
    }
    return dataclasses.replace(config, **changes) if changes else config


def _too_large(config: Any, row_bytes: int) -> str:
    name = next((one for one in ("unroll_length", "sequence_length") if hasattr(config, one)), None)
    told = f"a row of this run takes {row_bytes} bytes; a message holds {MOST_ROW_BYTES}"
    if name is None:
        return f"{told}: the game's observations are too large to be learned from"
    length = getattr(config, name)
    fits = length * MOST_ROW_BYTES // row_bytes
    return f"hyperparameters: {name} = {length}: {told}; it should be at most about {fits}"
