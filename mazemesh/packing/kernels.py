"""Packing and unpacking of whole batches of rows, compiled; `runs.Packing` says what they do."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt
from numba import types

from mazemesh.machine_code import compile_for, compiled
from mazemesh.numba_internals import NO_COUNTS, known
from mazemesh.packing.words import load_word, store_word, to_bits, to_elements, to_sums

_Function = TypeVar("_Function", bound=Callable[..., Any])
Bytes = npt.NDArray[np.uint8]
Program = npt.NDArray[np.int32]

if sys.byteorder != "little":  # words are taken for their bytes
    raise ImportError("mazemesh.packing needs a little-endian machine")

COUNT, BITS, VALUE, MASK, TOLD, SHIFT, PLACE = 0, 1, 2, 10, 18, 26, 27
"""Columns of a program, one row a run: elements, bits, and for bit k its value at VALUE + k; an
element has it where `element & mask == told`, MASK + k and TOLD + k. SHIFT is the number of the bit
that tells the first. Bit k of the run's first element is bit PLACE + k of a packed row; of runs
without bits the first byte is byte PLACE."""
COLUMNS = 31

_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", **known(NO_COUNTS)}
_ONES, _SEVEN = np.uint64(0x0101010101010101), np.uint64(7)
_GATHER = np.uint64(0x0102040810204080)
"""Times a word of bytes that are 0 or 1: their bits, in the highest byte."""
_EACH, _DIAGONAL = _ONES, np.uint64(0x8040201008040201)
"""A byte times the first, of which the second keeps bit i in byte i."""
_CARRY = np.uint64(0x7F7F7F7F7F7F7F7F)
"""Carries what is in a byte into its highest bit."""
_CHUNK = 56
"""Elements whose bits are in one word, wherever in a byte they begin; whole bytes of them."""
_ZERO, _WORD_BITS, _ALL = np.uint64(0), np.uint64(64), np.uint64(0xFFFFFFFFFFFFFFFF)


def _inlined(function: _Function) -> _Function:
    """Compile a function as a part of each that calls it."""
    return cast("_Function", numba.njit(inline="always", **_OPTIONS)(function))


def _called(function: _Function) -> _Function:
    """Compile a function that others call."""
    return cast("_Function", numba.njit(**_OPTIONS)(function))


@_inlined
def _copy(target: Bytes, to: int, source: Bytes, begin: int, count: int) -> None:
    """Copy bytes; up to seven behind them are written over, where there are any."""
    if to + count + 8 <= target.size and begin + count + 8 <= source.size:
        for index in range(0, count, 8):
            store_word(target, to + index, load_word(source, begin + index))
    else:
        for index in range(count):
            target[to + index] = source[begin + index]


@_called
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


@_called
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
    # Words are read and written past the ends of runs, and of rows: the last ones have no room.
    roomy = min((packed.size - 8) // row_bytes, (plain.size - 64) // size)
    for row in range(roomy):
        element, begin = row * size, row * row_bytes
        for run in range(program.shape[0]):
            count, width = program[run, COUNT], program[run, BITS]
            if width == 1:
                _unpack_bits(packed, plain, program, run, begin, element)
            elif width == 0:
                byte = begin + program[run, PLACE]
                for index in range(0, count, 8):
                    store_word(plain, element + index, load_word(packed, byte + index))
            else:
                _unpack_sums(packed, plain, program, run, begin, element)
            element += count
    for row in range(max(roomy, 0), rows):
        _unpack_within(packed, plain, program, row * row_bytes, row * size)


@_inlined
def _unpack_bits(
    packed: Bytes, plain: Bytes, program: Program, run: int, begin: int, element: int
) -> None:
    """Write a run of one bit an element; what is written behind it, the next one writes over."""
    end, place, value = element + program[run, COUNT], program[run, PLACE], program[run, VALUE]
    byte, shift = begin + (place >> 3), np.uint64(place & 7)
    while element < end:
        to_elements(plain, element, load_word(packed, byte) >> shift, np.uint8(value))
        element += _CHUNK
        byte += _CHUNK // 8


@_inlined
def _unpack_sums(
    packed: Bytes, plain: Bytes, program: Program, run: int, begin: int, element: int
) -> None:
    """Write a run of two to four bits an element likewise."""
    end, width = element + program[run, COUNT], program[run, BITS]
    first, second = program[run, PLACE], program[run, PLACE + 1]
    # Of bits that there are not the value is 0.
    third, fourth = program[run, PLACE + min(2, width - 1)], program[run, PLACE + width - 1]
    values = (
        np.uint8(program[run, VALUE]),
        np.uint8(program[run, VALUE + 1]),
        np.uint8(program[run, VALUE + 2]),
        np.uint8(program[run, VALUE + 3]),
    )
    while element < end:
        words = (
            load_word(packed, begin + (first >> 3)) >> np.uint64(first & 7),
            load_word(packed, begin + (second >> 3)) >> np.uint64(second & 7),
            load_word(packed, begin + (third >> 3)) >> np.uint64(third & 7),
            load_word(packed, begin + (fourth >> 3)) >> np.uint64(fourth & 7),
        )
        to_sums(plain, element, words, values)
        element += _CHUNK
        begin += _CHUNK // 8


@_called
def _unpack_within(packed: Bytes, plain: Bytes, program: Program, begin: int, element: int) -> None:
    """Write one row, without a byte behind it read or written."""
    for run in range(program.shape[0]):
        count, width = program[run, COUNT], program[run, BITS]
        if width == 0:
            byte = begin + program[run, PLACE]
            for index in range(count):
                plain[element + index] = packed[byte + index]
        for index in range(count if width else 0):
            found = np.uint8(0)
            for k in range(width):
                bit = np.int64(program[run, PLACE + k]) + index
                if packed[begin + (bit >> 3)] >> np.uint8(bit & 7) & np.uint8(1):
                    found |= np.uint8(program[run, VALUE + k])
            plain[element + index] = found
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
