"""Steps of sessions that asked for few bytes: what is seen, and the masks, as bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from mazemesh.games import GameSpec
from mazemesh.games.spaces.arrays import Column, mask_columns, observation_columns
from mazemesh.games.spaces.packings import Packings, packings
from mazemesh.packing.rows import pack
from mazemesh.packing.runs import Packing
from mazemesh.wire.games_step import encode_step
from services.game.play.batch import Batch, Report

Array: TypeAlias = npt.NDArray[Any]
Columns: TypeAlias = Array | tuple[Array, ...]
Plan: TypeAlias = tuple[Packing | None, ...]


class View(Protocol):
    """What is seen, packed by the engine itself (`mazemesh.games.mazes.packed_view.PackedView`)."""

    observation: Array
    action_mask: Array
    final_observation: Array
    final_action_mask: Array


@runtime_checkable
class PacksItself(Protocol):
    """An engine that can write what is seen as bits at once."""

    packed_view: View | None

    def pack_observations(self) -> bool:
        """From now on, if it can in this game; whether it does."""
        ...


class PackedSteps:
    """Encodes the steps of one session, as `encode_step`; one caller at a time.

    Attributes:
        hash: `SessionOpened.packing`.
    """

    def __init__(
        self, found: Packings, spec: GameSpec, num_games: int, view: View | None = None
    ) -> None:
        """`view`: where the engine writes what is seen packed already."""
        self.hash = found.hash
        self._view = view
        self._seen = _plan(observation_columns(spec.observation_space), found)
        self._masks = _plan(mask_columns(spec.action_space), found)
        lead = num_games, spec.seats
        self._seen_room, self._mask_room = _room(self._seen, lead), _room(self._masks, lead)

    def __call__(self, sequence: int, report: Report) -> bytes:
        """A RunGamesResponse."""
        view = self._view
        instead: dict[str, Columns]
        if view is not None:
            instead = {
                "observation": view.observation,
                "action_mask": view.action_mask,
                "final_observation": view.final_observation,
                "final_action_mask": view.final_action_mask,
            }
        else:
            instead = {
                "observation": _packed(report.observation, self._seen, self._seen_room),
                "action_mask": _packed(report.action_mask, self._masks, self._mask_room),
            }
            if len(report.ended_games):
                instead["final_observation"] = _packed(report.final_observation, self._seen)
                instead["final_action_mask"] = _packed(report.final_action_mask, self._masks)
        return encode_step(sequence, report, instead)


def packed_steps(batch: Batch, *, alone: bool) -> PackedSteps | None:
    """What encodes the steps of a session that asked for it; None where nothing gets shorter.

    `alone`: nobody else will look at what the games' engine shows.
    """
    engine = batch.engine
    found = packings(engine.spec)
    if found is None:
        return None
    view = None
    if alone and isinstance(engine, PacksItself) and engine.pack_observations():
        view = engine.packed_view
    return PackedSteps(found, engine.spec, engine.num_games, view)


def _plan(columns: Sequence[Column], found: Packings) -> Plan:
    return tuple(found.by_name.get(column.name) for column in columns)


def _room(plan: Plan, lead: tuple[int, int]) -> tuple[Array | None, ...]:
    """Where the rows of all games are packed, one step after the other."""
    return tuple(
        None if packing is None else np.empty((*lead, packing.row_bytes), np.uint8)
        for packing in plan
    )


def _packed(columns: Columns, plan: Plan, room: tuple[Array | None, ...] | None = None) -> Columns:
    """The columns of a field, those packed that have a packing; into `room`, where it is given."""
    if not any(plan) or (isinstance(columns, tuple) and not columns):
        return columns  # no game was truncated, of several columns
    arrays = columns if isinstance(columns, tuple) else (columns,)
    return tuple(
        array if packing is None else pack(packing, array, out)
        for array, packing, out in zip(arrays, plan, room or (None,) * len(plan), strict=True)
    )
