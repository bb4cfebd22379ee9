"""Packing and unpacking of whole batches of rows, compiled; `runs.Packing` says what they do."""

from __future__ import annotations

import sys
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
from numba import types

from mazemesh.machine_code import compile_for, compiled
from mazemesh.numba_internals import NO_COUNTS, known
from mazemesh.packing.words import into_elements, load_word, store_word, to_bits, to_elements

Bytes = npt.NDArray[np.uint8]
Program = npt.NDArray[np.int32]

if sys.byteorder != "little":  # words are taken for their bytes
    raise ImportError("mazemesh.packing needs a little-endian machine")

COUNT, BITS, VALUE, MASK, TOLD, SHIFT = 0, 1, 2, 10, 18, 26
"""Columns of a program, one row a run: elements, bits, and for bit k its value at VALUE + k; an
element has it where `element & mask == told`, MASK + k and TOLD + k. SHIFT is the number of the bit
that tells the first."""
COLUMNS = 27

_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", **known(NO_COUNTS)}
_ONES, _SEVEN = np.uint64(0x0101010101010101), np.uint64(7)
_GATHER = np.uint64(0x0102040810204080)
"""Times a word of bytes that are 0 or 1: their bits, in the highest byte."""
_EACH, _DIAGONAL = _ONES, np.uint64(0x8040201008040201)
"""A byte times the first, of which the second keeps bit i in byte i."""
_CARRY = np.uint64(0x7F7F7F7F7F7F7F7F)
"""Carries what is in a byte into its highest bit."""
_ZERO, _WORD_BITS, _ALL = np.uint64(0), np.uint64(64), np.uint64(0xFFFFFFFFFFFFFFFF)


@numba.njit(inline="always", **_OPTIONS)
def _bits_at(packed: Bytes, begin: int, bit: int, wanted: int) -> np.uint64:
    """Bits of a row from `bit` on, 1..64; above `wanted` there may be others."""
    at, shift = begin + (bit >> 3), np.uint64(bit & 7)
    if at + 9 <= packed.size:
        word = load_word(packed, at) >> shift
        if np.int64(shift) + wanted > 64:
            word |= np.uint64(packed[at + 8]) << (_WORD_BITS - shift)
        return word
    word = _ZERO
    for index in range((np.int64(shift) + wanted + 7) >> 3):
        byte = np.uint64(packed[at + index])
        place = 8 * index - np.int64(shift)
        word |= byte << np.uint64(place) if place >= 0 else byte >> shift
    return word


@numba.njit(inline="always", **_OPTIONS)
def _copy(target: Bytes, to: int, source: Bytes, begin: int, count: int) -> None:
    """Copy bytes; up to seven behind them are written over, where there are any."""
    if to + count + 8 <= target.size and begin + count + 8 <= source.size:
        for index in range(0, count, 8):
            store_word(target, to + index, load_word(source, begin + index))
    else:
        for index in range(count):
            target[to + index] = source[begin + index]


@numba.njit(**_OPTIONS)
def _spread(plain: Bytes, at: int, word: np.uint64, value: int, wanted: int, add: bool) -> None:
    """As `to_elements` and `into_elements`, of fewer elements than 64."""
    for index in range(wanted):
        there = np.uint8((word >> np.uint64(index)) & np.uint64(1))
        before = plain[at + index] if add else np.uint8(0)
        plain[at + index] = before | (there * value)


@numba.njit(**_OPTIONS)
def _unpack_short(packed: Bytes, plain: Bytes, value: np.uint64, rows: int, size: int) -> None:
    """Rows of at most eight elements and one bit each, such as action masks."""
    for row in range(rows):
        word = ((np.uint64(packed[row]) * _EACH & _DIAGONAL) + _CARRY) >> _SEVEN & _ONES
        word *= value
        at = row * size
        if at + 8 <= plain.size:
            store_word(plain, at, word)
        else:
            for index in range(size):
                plain[at + index] = word >> np.uint64(8 * index) & np.uint64(255)


@numba.njit(**_OPTIONS)
def _pack_short(plain: Bytes, packed: Bytes, shift: np.uint64, rows: int, size: int) -> None:
    mask = np.uint64((1 << size) - 1)
    for row in range(rows):
        at, word = row * size, _ZERO
        if at + 8 <= plain.size:
            word = load_word(plain, at)
        else:
            for index in range(size):
                word |= np.uint64(plain[at + index]) << np.uint64(8 * index)
        packed[row] = ((word >> shift & _ONES) * _GATHER >> np.uint64(56)) & mask


@compiled(**_OPTIONS)
def unpack_rows(packed: Bytes, plain: Bytes, program: Program, rows: int) -> None:
    """Write packed rows [rows * row_bytes] as plain ones [rows * size]; both flat and exact."""
    row_bytes, size = packed.size // rows, plain.size // rows
    if program.shape[0] == 1 and program[0, BITS] == 1 and size <= 8:
        _unpack_short(packed, plain, np.uint64(program[0, VALUE]), rows, size)
        return
    bits = 0
    for run in range(program.shape[0]):
        bits += program[run, COUNT] * program[run, BITS]
    for row in range(rows):
        element, begin, bit = row * size, row * row_bytes, 0
        byte = begin + ((bits + 7) >> 3)
        for run in range(program.shape[0]):
            count, width = program[run, COUNT], program[run, BITS]
            if width == 0:
                _copy(plain, element, packed, byte, count)
                byte += count
                element += count
                continue
            for start in range(0, count, 64):
                wanted = min(count - start, 64)
                # What is written behind the run is written over by the next one.
                whole = element + start + 64 <= plain.size
                for k in range(width):
                    word = _bits_at(packed, begin, bit + k * count + start, wanted)
                    value = np.uint8(program[run, VALUE + k])
                    if not whole:
                        _spread(plain, element + start, word, value, wanted, k > 0)
                    elif k:
                        into_elements(plain, element + start, word, value)
                    else:
                        to_elements(plain, element + start, word, value)
            bit += count * width
            element += count


@compiled(**_OPTIONS)
def pack_rows(plain: Bytes, packed: Bytes, program: Program, rows: int) -> None:
    """Write plain rows [rows * size] as packed ones [rows * row_bytes]; both flat and exact.

    Values that are none of a run's become others.
    """
    row_bytes, size = packed.size // rows, plain.size // rows
    if program.shape[0] == 1 and program[0, BITS] == 1 and size <= 8:
        _pack_short(plain, packed, np.uint64(program[0, SHIFT]), rows, size)
        return
    for row in range(rows):
        at, element = row * row_bytes, row * size
        gathered, filled = _ZERO, 0
        for run in range(program.shape[0]):
            count, width = program[run, COUNT], program[run, BITS]
            for k in range(width):
                mask, told = np.uint8(program[run, MASK + k]), np.uint8(program[run, TOLD + k])
                for start in range(0, count, 64):
                    wanted = min(count - start, 64)
                    word = _ZERO
                    if element + start + 64 <= plain.size:
                        word = to_bits(plain, element + start, mask, told)
                        word &= _ALL >> np.uint64(64 - wanted)
                    else:
                        for index in range(wanted):
                            if plain[element + start + index] & mask == told:
                                word |= np.uint64(1) << np.uint64(index)
                    gathered |= word << np.uint64(filled)
                    if filled + wanted >= 64:
                        store_word(packed, at, gathered)
                        at += 8
                        gathered = word >> np.uint64(64 - filled) if filled else _ZERO
                        filled -= 64
                    filled += wanted
            element += count
        end = at + ((filled + 7) >> 3)
        if at + 8 <= packed.size:
            store_word(packed, at, gathered)
            at = end
        while at < end:
            packed[at] = gathered & np.uint64(255)
            gathered >>= np.uint64(8)
            at += 1
        element = row * size
        for run in range(program.shape[0]):
            count = program[run, COUNT]
            if program[run, BITS] == 0:
                _copy(packed, at, plain, element, count)
                at += count
            element += count


_READ = types.Array(types.uint8, 1, "C", readonly=True)
_WRITTEN = types.Array(types.uint8, 1, "C")
_PROGRAM = types.Array(types.int32, 2, "C")

unpack = compile_for(unpack_rows, (_READ, _WRITTEN, _PROGRAM, types.intp))
"""`unpack_rows` as machine code: takes arguments of just these types."""

pack = compile_for(pack_rows, (_READ, _WRITTEN, _PROGRAM, types.intp))
"""`pack_rows` likewise."""
