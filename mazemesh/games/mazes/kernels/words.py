"""Copying eight bytes at once, the width of a machine word, from and to any byte of an array."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from mazemesh.games.mazes.kernels.state import ByteArray


def _copy_word(
    typing_context: Any, target: Any, target_index: Any, source: Any, source_index: Any
) -> tuple[Any, Any]:
    """`target[i : i + 8] = source[j : j + 8]` of flat uint8 arrays, unchecked.

    A row of a window is seven bytes in the default game: one load and one store, where a slice
    assignment costs ten times as much.
    """
    signature = types.void(target, types.intp, source, types.intp)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        word = ir.IntType(64)
        pointers = []
        for array_type, array, index in (
            (sig.args[2], args[2], args[3]),
            (sig.args[0], args[0], args[1]),
        ):
            data = context.make_array(array_type)(context, builder, array).data
            pointer = builder.gep(data, [index])
            pointers.append(builder.bitcast(pointer, word.as_pointer()))
        value = builder.load(pointers[0], align=1, typ=word)
        builder.store(value, pointers[1], align=1)
        return context.get_dummy_value()

    return signature, generate


copy_word = cast("Callable[[ByteArray, int, ByteArray, int], None]", intrinsic(_copy_word))
