"""Words that two threads share: int64 in a one-dimensional array, read and written in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

Words = npt.NDArray[np.int64]


def _place(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """Point to the word that the first two arguments name."""
    data = context.make_array(sig.args[0])(context, builder, args[0]).data
    return builder.gep(data, [args[1]])


def _load(typing_context: Any, words: Any, index: Any) -> tuple[Any, Any]:
    """Read a word: what was written before it was stored is seen from now on."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = _place(context, builder, sig, args)
        return builder.load_atomic(place, "acquire", 8, typ=ir.IntType(64))

    return types.int64(words, types.intp), generate


def _store(typing_context: Any, words: Any, index: Any, value: Any) -> tuple[Any, Any]:
    """Write a word after all that was written before."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store_atomic(args[2], _place(context, builder, sig, args), "release", 8)
        return context.get_dummy_value()

    return types.void(words, types.intp, types.int64), generate


def _swap(typing_context: Any, words: Any, index: Any, value: Any) -> tuple[Any, Any]:
    """Write a word and return what was there, in one order that all threads agree on."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.atomic_rmw("xchg", _place(context, builder, sig, args), args[2], "seq_cst")

    return types.int64(words, types.intp, types.int64), generate


def _exchange(typing_context: Any, words: Any, index: Any, old: Any, new: Any) -> tuple[Any, Any]:
    """Write `new` where `old` is; return whether it was there."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = _place(context, builder, sig, args)
        pair = builder.cmpxchg(place, args[2], args[3], "seq_cst", "seq_cst")
        return builder.extract_value(pair, 1)

    return types.boolean(words, types.intp, types.int64, types.int64), generate


load = cast("Callable[[Words, int], int]", intrinsic(_load))
store = cast("Callable[[Words, int, int], None]", intrinsic(_store))
swap = cast("Callable[[Words, int, int], int]", intrinsic(_swap))
exchange = cast("Callable[[Words, int, int, int], bool]", intrinsic(_exchange))
