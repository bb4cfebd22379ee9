"""Copying eight bytes at once, the width of a machine word, from and to any byte of an array.

And fetching what will be looked at soon.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba import types
from numba.core import cgutils
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


def _prefetch(typing_context: Any, array: Any, index: Any) -> tuple[Any, Any]:
    """Ask for the line of the cache that holds a C-contiguous array's element of a flat index.

    Unchecked: an index outside of the array does nothing.
    """

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        number, byte = ir.IntType(32), ir.IntType(8).as_pointer()
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        pointer = builder.bitcast(builder.gep(data, [args[1]]), byte)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        declare: Any = cgutils.get_or_insert_function
        function = declare(builder.module, kind, "llvm.prefetch.p0i8")
        read, soon, data_cache = (ir.Constant(number, value) for value in (0, 3, 1))
        builder.call(function, [pointer, read, soon, data_cache])
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


prefetch = cast("Callable[[Any, int], None]", intrinsic(_prefetch))
