"""Eight bytes, and 64 elements, at once: what packing is made of, as instructions of LLVM.

Vectors of 64 bytes become what the processor has: two comparisons and moves of masks with AVX2, one
with AVX-512.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

Bytes = npt.NDArray[np.uint8]

_BYTE, _WORD = ir.IntType(8), ir.IntType(64)
_ELEMENTS, _BITS = ir.VectorType(_BYTE, 64), ir.VectorType(ir.IntType(1), 64)
_MOST = 4
"""Bits of an element: `runs.MOST_BITS`."""


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, index: Any, to: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), to.as_pointer())


def _everywhere(builder: Any, byte: Any) -> Any:
    """A vector whose elements all are the byte."""
    first = builder.insert_element(
        ir.Constant(_ELEMENTS, ir.Undefined), byte, ir.Constant(ir.IntType(32), 0)
    )
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), 64), [0] * 64)
    return builder.shuffle_vector(first, first, zeros)


def _load_word(typing_context: Any, source: Any, index: Any) -> tuple[Any, Any]:
    """`source[i : i + 8]` of a flat uint8 array as a little-endian uint64, unchecked."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer = _pointer(context, builder, sig.args[0], args[0], args[1], _WORD)
        return builder.load(pointer, align=1, typ=_WORD)

    return types.uint64(source, types.intp), generate


def _store_word(typing_context: Any, target: Any, index: Any, value: Any) -> tuple[Any, Any]:
    """`target[i : i + 8] = value`, a little-endian uint64, of a flat uint8 array, unchecked."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer = _pointer(context, builder, sig.args[0], args[0], args[1], _WORD)
        builder.store(args[2], pointer, align=1)
        return context.get_dummy_value()

    return types.void(target, types.intp, types.uint64), generate


def _to_bits(typing_context: Any, source: Any, index: Any, mask: Any, wanted: Any) -> Any:
    """Bit j of a uint64: whether `source[i + j] & mask == wanted`, for j = 0..63; unchecked."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer = _pointer(context, builder, sig.args[0], args[0], args[1], _ELEMENTS)
        elements = builder.load(pointer, align=1, typ=_ELEMENTS)
        masked = builder.and_(elements, _everywhere(builder, args[2]))
        found = builder.icmp_unsigned("==", masked, _everywhere(builder, args[3]))
        return builder.bitcast(found, _WORD)

    return types.uint64(source, types.intp, types.uint8, types.uint8), generate


def _lines_to_bits(
    typing_context: Any, source: Any, index: Any, stride: Any, last: Any, mask: Any, wanted: Any
) -> Any:
    """Bit 8 k + j: whether `source[i + min(k, last) * stride + j] & mask == wanted`; unchecked.

    For k = 0..7, j = 0..7. Lines meet in a register: words that were stored one by one are slow to
    load as 64 bytes.
    """

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        array, begin, step, end = args[:4]
        words = ir.Constant(ir.VectorType(_WORD, 8), ir.Undefined)
        for k in range(8):
            number = ir.Constant(_WORD, k)
            within = builder.icmp_signed("<", number, end)
            line = builder.select(within, number, end)
            at = builder.add(begin, builder.mul(line, step))
            word = builder.load(
                _pointer(context, builder, sig.args[0], array, at, _WORD), align=1, typ=_WORD
            )
            words = builder.insert_element(words, word, ir.Constant(ir.IntType(32), k))
        elements = builder.bitcast(words, _ELEMENTS)
        masked = builder.and_(elements, _everywhere(builder, args[4]))
        found = builder.icmp_unsigned("==", masked, _everywhere(builder, args[5]))
        return builder.bitcast(found, _WORD)

    numbers = (types.intp,) * 3
    return types.uint64(source, *numbers, types.uint8, types.uint8), generate


def _spread(builder: Any, bits: Any, value: Any) -> Any:
    """A vector with the value where a bit is set, else 0."""
    spread = builder.sext(builder.bitcast(bits, _BITS), _ELEMENTS)
    return builder.and_(spread, _everywhere(builder, value))


def _to_elements(typing_context: Any, target: Any, index: Any, bits: Any, value: Any) -> Any:
    """`target[i + j]` = value where bit j of `bits` is set, else 0, for j = 0..63; unchecked."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer = _pointer(context, builder, sig.args[0], args[0], args[1], _ELEMENTS)
        builder.store(_spread(builder, args[2], args[3]), pointer, align=1)
        return context.get_dummy_value()

    return types.void(target, types.intp, types.uint64, types.uint8), generate


def _to_sums(typing_context: Any, target: Any, index: Any, bits: Any, values: Any) -> Any:
    """As `_to_elements` of four words and values, or-ed element by element.

    They meet in registers: what was just stored across lines of the cache is slow to load again.
    """

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer = _pointer(context, builder, sig.args[0], args[0], args[1], _ELEMENTS)
        spread = [
            _spread(builder, builder.extract_value(args[2], k), builder.extract_value(args[3], k))
            for k in range(_MOST)
        ]
        first, second = builder.or_(spread[0], spread[1]), builder.or_(spread[2], spread[3])
        builder.store(builder.or_(first, second), pointer, align=1)
        return context.get_dummy_value()

    tuple_of: Any = types.UniTuple
    words, each = tuple_of(types.uint64, _MOST), tuple_of(types.uint8, _MOST)
    return types.void(target, types.intp, words, each), generate


load_word = cast("Callable[[Bytes, int], np.uint64]", intrinsic(_load_word))
store_word = cast("Callable[[Bytes, int, np.uint64], None]", intrinsic(_store_word))
to_bits = cast("Callable[[Bytes, int, np.uint8, np.uint8], np.uint64]", intrinsic(_to_bits))
lines_to_bits = cast(
    "Callable[[Bytes, int, int, int, np.uint8, np.uint8], np.uint64]", intrinsic(_lines_to_bits)
)
to_elements = cast("Callable[[Bytes, int, np.uint64, np.uint8], None]", intrinsic(_to_elements))
to_sums = cast(
    "Callable[[Bytes, int, tuple[np.uint64, ...], tuple[np.uint8, ...]], None]",
    intrinsic(_to_sums),
)
