"""What seats see and do, in games of any spaces, as arrays that are cut and joined like any other.

Of one leaf an array is the column itself, [..., *shape]. Of several it is a record with a field a
column (`mazemesh.games.spaces.arrays.action_dtype`), so that whoever picks rows of games and seats
need not know what is in them. Masks of all leaves are one array [..., M], one after another.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mazemesh.games import GameSpec
from mazemesh.games.spaces import Box, Discrete, Space
from mazemesh.games.spaces.arrays import (
    Column,
    mask_columns,
    observation_columns,
    pack_actions,
    unpack_actions,
)
from mazemesh.games.spaces.packings import Packings
from mazemesh.packing.rows import unpack
from mazemesh.packing.runs import Packing
from mazemesh.policy.deciding import Actions
from mazemesh.wire.packed_signatures import packed_signature
from mazemesh.wire.tensors import ColumnSpec, Signature

if TYPE_CHECKING:
    from mazemesh.client.game.games_session import Step

Array = npt.NDArray[Any]


@lru_cache(maxsize=64)
def observation_dtype(columns: tuple[Column, ...]) -> np.dtype[Any]:
    """A record with a field a column, for observations of several leaves."""
    return np.dtype([(name, dtype, shape) for name, dtype, shape, _ in columns])


class Shown:
    """Observations, masks and actions of a game's seats, packed and unpacked."""

    def __init__(self, observation: Space, action: Space, bits: Packings | None = None) -> None:
        """Of these spaces.

        `bits`: how observations come in few of them, and stay so until they are inferred from
        (`GamesSession.packings`); None where they come plain.
        """
        self.observation, self.action, self._bits = observation, action, bits
        self._plain: tuple[Column, ...] = observation_columns(observation)
        self._seen = self._plain if bits is None else bits.packed(self._plain)
        self._room: dict[str, Array] = {}
        self._masks: tuple[Column, ...] = mask_columns(action)
        self.mask_size = sum(column.shape[0] for column in self._masks)
        self._several = len(self._seen) > 1
        # Arrays of one leaf and one mask are passed on as they come.
        self.as_it_comes = not self._several and len(self._masks) == 1

    @classmethod
    def flat(cls, size: int, actions: int, dtype: str = "uint8") -> Shown:
        """Of a game of one vector and one number."""
        return cls(Box((0.0,), (255.0,), (size,), dtype), Discrete(actions))

    @classmethod
    def of(cls, spec: GameSpec, bits: Packings | None = None) -> Shown:
        """Of a game."""
        return cls(spec.observation_space, spec.action_space, bits)

    def signature(self, plain: Signature) -> Signature:
        """A signature of experience, packed where observations come so."""
        return plain if self._bits is None else packed_signature(plain, self._bits)

    def buffer(self, spec: ColumnSpec, rows: int) -> Array:
        """Zeros [rows, ...] for a column of such a signature, as steps fill it.

        Only what is seen comes packed; masks and flags are plain until they are written.
        """
        seen = {column.name for column in self._seen}
        if spec.name.removeprefix("last_").removeprefix("next_") in seen:
            return np.zeros((rows, *spec.stored_shape), spec.stored_dtype)
        return np.zeros((rows, *spec.shape), spec.dtype)

    def plain(self, observation: Array) -> Array:
        """Observations [n, ...] for a policy; valid until it is called again."""
        bits = {} if self._bits is None else self._bits.by_name
        if not self._several:
            (column,) = self._plain
            packing = bits.get(column.name)
            return observation if packing is None else self._unpacked(column, packing, observation)
        if not any(column.name in bits for column in self._plain):
            return observation
        plain = np.empty(len(observation), observation_dtype(self._plain))
        for column in self._plain:
            packing = bits.get(column.name)
            rows = np.ascontiguousarray(observation[column.name])
            plain[column.name] = rows if packing is None else unpack(packing, rows)
        return plain

    def _unpacked(self, column: Column, packing: Packing, rows: Array) -> Array:
        """Into memory that is used again: fresh pages cost more than the work."""
        room = self._room.get(column.name)
        if room is None or len(room) < len(rows):
            room = self._room[column.name] = np.empty((len(rows), *column.shape), column.dtype)
        return unpack(packing, rows, room[: len(rows)])

    def empty(self, *lead: int) -> Array:
        """Observations [*lead], zeros."""
        if self._several:
            return np.zeros(lead, observation_dtype(self._seen))
        (column,) = self._seen
        return np.zeros((*lead, *column.shape), column.dtype)

    def pack(self, columns: Mapping[str, Array], *lead: int) -> Array:
        """Observations by column as one array."""
        if not self._several:
            return columns[self._seen[0].name]
        packed = np.empty(lead, observation_dtype(self._seen))
        for column in self._seen:
            packed[column.name] = columns[column.name]
        return packed

    def masks(self, columns: Mapping[str, Array], *lead: int) -> npt.NDArray[np.uint8]:
        """Masks by column as one array."""
        parts = [columns[column.name] for column in self._masks]
        if not parts:
            return np.zeros((*lead, 0), np.uint8)
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=len(lead))

    def observations(self, packed: Array, which: str = "") -> dict[str, Array]:
        """Columns of packed observations, contiguous; their names begin with `which`."""
        if not self._several:
            return {f"{which}{self._seen[0].name}": packed}
        return {
            f"{which}{column.name}": np.ascontiguousarray(packed[column.name])
            for column in self._seen
        }

    def action_masks(self, packed: Array, which: str = "") -> dict[str, Array]:
        """Columns of packed masks."""
        if len(self._masks) == 1:
            return {f"{which}{self._masks[0].name}": packed}
        ends = np.cumsum([column.shape[0] for column in self._masks])
        return {
            f"{which}{column.name}": np.ascontiguousarray(packed[..., end - column.shape[0] : end])
            for column, end in zip(self._masks, ends.tolist(), strict=True)
        }

    def pack_actions(self, actions: Actions) -> Array:
        """Actions of n seats as one array [n] of `mazemesh.games.spaces.arrays.action_dtype`."""
        rows = len(next(iter(actions.values())) if isinstance(actions, Mapping) else actions)
        return pack_actions(self.action, actions, (rows,))

    def actions(self, packed: Array) -> dict[str, Array]:
        """Columns of packed actions."""
        found = unpack_actions(self.action, packed)
        return {name: np.ascontiguousarray(column) for name, column in found.items()}

    def step(self, step: Step) -> Step:
        """A step with observations and masks packed."""
        if self.as_it_comes:
            return step
        games = step.reward.shape
        finals = next(iter(step.final_observations.values())).shape[:2]
        return step._replace(
            observation=self.pack(step.observations, *games),
            action_mask=self.masks(step.action_masks, *games),
            final_observation=self.pack(step.final_observations, *finals),
            final_action_mask=self.masks(step.final_action_masks, *finals),
        )
