"""Drawing from a policy and cutting its play into unrolls, compiled: one action, one leaf.

What `mazemesh.policy.sampling` and `mazemesh.collecting.unrolls` do for any action, in one pass
over the rows. Random numbers are counter-based: a row's draw in a step depends on key, step and row
alone, and on nothing that was drawn before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt
from numba import types

from mazemesh.machine_code import compile_for, compiled
from mazemesh.numba_internals import NO_COUNTS, known

_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", **known(NO_COUNTS)}
# Steele, Lea and Flood 2014, "Fast Splittable Pseudorandom Number Generators", figure 14; constants
# of David Stafford's variant 13, as in java.util.SplittableRandom.
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_ONE = np.uint64(1)
_TO_UNIT = 1.0 / (1 << 53)
_OVER = 3
"""Of a seat that was done before (game.proto)."""

_Function = TypeVar("_Function", bound=Callable[..., Any])
Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]


def _part(function: _Function) -> _Function:
    return cast("_Function", numba.njit(inline="always", **_OPTIONS)(function))


@_part
def _mixed(word: np.uint64) -> np.uint64:
    word = (word ^ (word >> _S30)) * _FIRST
    word = (word ^ (word >> _S27)) * _SECOND
    return word ^ (word >> _S31)


@compiled(**_OPTIONS)
def draw_rows(
    logits: Floats, mask: Bytes, key: np.uint64, step: np.uint64, actions: npt.NDArray[np.int8]
) -> None:
    """Draw an action of each row from softmax(logits) over its legal ones, into `actions` [n].

    A row without a legal action is drawn as if all were. Logits float32 [n, A], mask uint8 [n, A].
    """
    count = logits.shape[1]
    of_step = _mixed(key + (step + _ONE) * _GOLDEN)
    for row in range(logits.shape[0]):
        most, legal = np.float32(-np.inf), False
        for action in range(count):
            if mask[row, action]:
                legal = True
                most = max(most, logits[row, action])
        if not legal:
            for action in range(count):
                most = max(most, logits[row, action])
        total = 0.0
        for action in range(count):
            if mask[row, action] or not legal:
                total += np.exp(logits[row, action] - most)
        word = _mixed(of_step + (np.uint64(row) + _ONE) * _GOLDEN)
        left = np.float64(word >> _S11) * _TO_UNIT * total
        chosen = 0
        for action in range(count):
            if mask[row, action] or not legal:
                chosen = action
                left -= np.exp(logits[row, action] - most)
                if left < 0.0:
                    break
        actions[row] = chosen


@_part
def _log_probability(logits: Floats, row: int, action: int) -> float:
    """Of an action of a row, under softmax of its logits."""
    most = logits[row, 0]
    for other in range(1, logits.shape[1]):
        most = max(most, logits[row, other])
    total = 0.0
    for other in range(logits.shape[1]):
        total += np.exp(logits[row, other] - most)
    found: float = np.float64(logits[row, action] - most) - np.log(total)
    return found


@compiled(**_OPTIONS)
def record_step(
    at: int,
    observation: Bytes,
    mask: Bytes,
    action: npt.NDArray[np.int8],
    logits: Floats,
    reward: Floats,
    status: Bytes,
    success: Flags,
    observations: Bytes,
    masks: Bytes,
    actions: npt.NDArray[np.int8],
    log_probabilities: Floats,
    rewards: Floats,
    terminated: Flags,
    truncated: Flags,
    successes: Flags,
) -> None:
    """Write step `at` of n rows into their unrolls, [n, T, ...], with log-probabilities.

    Observations are bytes [n, D]. A status of 1 is a termination, 2 a truncation.
    """
    for row in range(logits.shape[0]):
        for byte in range(observation.shape[1]):
            observations[row, at, byte] = observation[row, byte]
        for other in range(mask.shape[1]):
            masks[row, at, other] = mask[row, other]
        actions[row, at] = action[row]
        rewards[row, at] = reward[row]
        terminated[row, at] = status[row] == 1
        truncated[row, at] = status[row] == 2
        successes[row, at] = success[row]
        log_probabilities[row, at] = _log_probability(logits, row, action[row])


@compiled(**_OPTIONS)
def record_moves(
    at: npt.NDArray[np.int64],
    observation: Bytes,
    mask: Bytes,
    action: npt.NDArray[np.int8],
    logits: Floats,
    reward: Floats,
    status: Bytes,
    success: Flags,
    opponent: npt.NDArray[np.uint64],
    observations: Bytes,
    masks: Bytes,
    actions: npt.NDArray[np.int8],
    log_probabilities: Floats,
    rewards: Floats,
    terminated: Flags,
    truncated: Flags,
    successes: Flags,
    bootstrap_values: Floats,
    opponents: npt.NDArray[np.uint64],
) -> int:
    """Write a step as `record_step`, each row at its own place `at` [n], which moves on.

    Rows of status 3 made no move and are left out. Bootstrap values become 0. `opponents` [n, T],
    or [0, 0] where they are not wanted. Return how many rows are full.
    """
    full = 0
    for row in range(logits.shape[0]):
        if status[row] == _OVER:
            continue
        to = at[row]
        for byte in range(observation.shape[1]):
            observations[row, to, byte] = observation[row, byte]
        for other in range(mask.shape[1]):
            masks[row, to, other] = mask[row, other]
        actions[row, to] = action[row]
        rewards[row, to] = reward[row]
        terminated[row, to] = status[row] == 1
        truncated[row, to] = status[row] == 2
        successes[row, to] = success[row]
        bootstrap_values[row, to] = 0.0
        if opponents.shape[0] > 0:
            opponents[row, to] = opponent[row]
        log_probabilities[row, to] = _log_probability(logits, row, action[row])
        at[row] = to + 1
        if to + 1 == rewards.shape[1]:
            full += 1
    return full


def _compile() -> tuple[Any, Any, Any]:
    u1, i1, f4, b1 = types.uint8, types.int8, types.float32, types.boolean
    drawn = compile_for(draw_rows, (f4[:, ::1], u1[:, ::1], types.uint64, types.uint64, i1[::1]))
    recorded = compile_for(
        record_step,
        (
            *(types.int64, u1[:, ::1], u1[:, ::1], i1[::1], f4[:, ::1], f4[::1], u1[::1], b1[::1]),
            *(u1[:, :, ::1], u1[:, :, ::1], i1[:, ::1], f4[:, ::1], f4[:, ::1]),
            *(b1[:, ::1], b1[:, ::1], b1[:, ::1]),
        ),
    )
    moved = compile_for(
        record_moves,
        (
            *(types.int64[::1], u1[:, ::1], u1[:, ::1], i1[::1], f4[:, ::1], f4[::1], u1[::1]),
            *(b1[::1], types.uint64[::1], u1[:, :, ::1], u1[:, :, ::1], i1[:, ::1], f4[:, ::1]),
            *(f4[:, ::1], b1[:, ::1], b1[:, ::1], b1[:, ::1], f4[:, ::1], types.uint64[:, ::1]),
        ),
    )
    return drawn, recorded, moved


draw, record, record_own_pace = _compile()
"""The machine code, for C-contiguous arrays of just these types; read-only ones are only read."""
