"""Observations to compare a version's file on, and what the network answers to them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from learner.algorithms.sizes import parity_rows
from learner.network.architecture import (
    Architecture,
    ByteArray,
    Evaluation,
    FloatArray,
    ObservationArray,
    Observed,
)
from learner.ports import Columns
from mazemesh.games.spaces import Space, row_bytes
from mazemesh.games.spaces.arrays import mask_columns, observation_columns
from mazemesh.policy.heads import heads, parts_of
from mazemesh.v1 import model_pb2
from mazemesh.wire.tensors import to_tensor

Examples = tuple[Observed, ByteArray, FloatArray | None]


def first_examples(shape: Architecture, columns: Columns) -> Examples:
    """Of first observations and masks [n, ...] by column; nothing is remembered yet."""
    observed, masks = _observed(shape, columns), _masks(shape, columns, "", slice(None))
    rows = len(masks)
    state = np.zeros((rows, shape.state_size), np.float32) if shape.state_size else None
    return observed, masks, state


def examples(shape: Architecture, columns: Columns, rows: int) -> Examples:
    """Some observations [n, ...] of a batch, spread over it, with their masks uint8 [n, M].

    Where the policy has a memory, those at the beginning of unrolls, and what it remembered. Images
    are as many as `parity_rows` says.
    """
    rows = parity_rows(row_bytes(shape.observation_space), rows)
    transitions = "n_step_return" in columns
    which = "next_" if transitions else ""
    if "state" in columns and not transitions:
        firsts = {name: column[:rows, :1] for name, column in columns.items() if column.ndim > 1}
        remembered = np.array(columns["state"][:rows], np.float32)
        return _observed(shape, firsts), _masks(shape, firsts, "", slice(None)), remembered
    lead = 1 if transitions else 2
    name = f"{which}{observation_columns(shape.observation_space)[0].name}"
    count = int(np.prod(columns[name].shape[:lead]))
    chosen = slice(0, rows * max(1, count // rows), max(1, count // rows))
    state = None
    if transitions and "next_state" in columns:
        state = np.array(columns["next_state"][chosen], np.float32)
    return _observed(shape, columns, which, chosen), _masks(shape, columns, which, chosen), state


def _observed(
    shape: Architecture, columns: Columns, which: str = "", chosen: slice = slice(None)
) -> Observed:
    found: dict[str, ObservationArray] = {}
    for column in observation_columns(shape.observation_space):
        rows = columns[f"{which}{column.name}"].reshape(-1, *column.shape)
        found[column.name] = np.array(rows[chosen], column.dtype)
    return next(iter(found.values())) if len(found) == 1 else found


def _masks(shape: Architecture, columns: Columns, which: str, chosen: slice) -> ByteArray:
    parts = [
        columns[f"{which}{column.name}"].reshape(-1, *column.shape)[chosen]
        for column in mask_columns(shape.action_space)
    ]
    if parts:
        return np.concatenate(parts, axis=1).astype(np.uint8)
    first = observation_columns(shape.observation_space)[0]
    rows = columns[f"{which}{first.name}"].reshape(-1, *first.shape)[chosen]
    return np.zeros((len(rows), 0), np.uint8)


def parity_of(
    action: Space,
    observed: Observed,
    masks: ByteArray,
    answer: Evaluation,
    state: FloatArray | None,
) -> model_pb2.ParityCheck:
    """The message, of a network whose spaces are not one vector and one number."""
    parts = heads(action)
    inputs: Mapping[str, ObservationArray] = (
        observed if isinstance(observed, Mapping) else {"observation": observed}
    )
    given = {
        **inputs,
        **{head.mask: masks[:, head.masks] for head in parts if head.mask},
    }
    outputs = {name: answer.logits[:, part] for name, part in parts_of(parts)}
    message = model_pb2.ParityCheck(value=to_tensor(answer.value))
    for name, column in given.items():
        message.inputs[name].CopyFrom(to_tensor(np.ascontiguousarray(column)))
    for name, column in outputs.items():
        message.outputs[name].CopyFrom(to_tensor(np.ascontiguousarray(column)))
    if state is not None:
        message.state.CopyFrom(to_tensor(state))
        message.next_state.CopyFrom(to_tensor(answer.next_state))
    return message


def legal_rows(action: Space, masks: ByteArray) -> npt.NDArray[np.bool_]:
    """Which rows have a legal choice in every part of every leaf, bool [n]."""
    kept = np.ones(len(masks), bool)
    for head in heads(action):
        first = head.first_mask
        for count in head.choices:
            kept &= masks[:, first : first + count].any(axis=1)
            first += count
    return kept
