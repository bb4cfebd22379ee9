"""Named tuples of arrays that kernels take as one pointer.

numba hands a tuple on by value, an array as half a dozen numbers or more: a `State` as some 350,
which every function would take in and pass on. That costs more to compile than all the play, and
microseconds in each call from Python. So kernels get the address of a block of memory that holds
these numbers; in their code `s.reward` reads as before. The block never changes, and the compiler
is told so (`invariant.load` of LLVM): it may load a number once for a whole kernel.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import AttributeTemplate
from numba.extending import models

# numba is half annotated; what is not is taken as it comes.
_cgutils: Any = cgutils
_extending: Any = numba.extending
_typeof: Any = numba.typeof
_WORD = ir.IntType(64)
_BYTE_POINTER = ir.IntType(8).as_pointer()


class ReferenceType(types.Type):
    """What numba knows of such a pointer: the name and type of each field, in order."""

    def __init__(self, name: str, fields: tuple[tuple[str, Any], ...]) -> None:
        self.fields = fields
        listed = ", ".join(f"{field} {kind}" for field, kind in fields)
        super().__init__(name=f"ReferenceType({name}: {listed})")

    def offset(self, name: str) -> int:
        """Where the words of a field begin."""
        offset = 0
        for field, kind in self.fields:
            if field == name:
                return offset
            offset += 2 + kind.ndim
        raise KeyError(name)


class ByReference:
    """The pointer to what a named tuple holds, C-contiguous arrays all; it keeps them alive."""

    def __init__(self, fields: Any) -> None:
        kinds = tuple((name, _typeof(value)) for name, value in fields._asdict().items())
        self._numba_type_ = ReferenceType(type(fields).__name__, kinds)
        self._fields = fields
        self._words = np.array([word for value in fields for word in _words(value)], np.uint64)
        self.address = int(self._words.ctypes.data)

    def __reduce__(self) -> tuple[Any, ...]:
        # The words are addresses: a copy's are those of its own arrays.
        return ByReference, (self._fields,)


def _words(value: Any) -> list[int]:
    """What the block holds: of an array its address, its size and its shape."""
    return [value.ctypes.data, value.size, *value.shape]


@_extending.register_model(ReferenceType)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: ReferenceType) -> None:
        initialize: Any = super().__init__
        initialize(manager, kind, _BYTE_POINTER)


@_extending.unbox(ReferenceType)
def _unbox(kind: ReferenceType, value: Any, c: Any) -> Any:
    number = c.pyapi.object_getattr_string(value, "address")
    address = c.pyapi.long_as_ulonglong(number)
    c.pyapi.decref(number)
    return _extending.NativeValue(c.builder.inttoptr(address, _BYTE_POINTER))


@_extending.infer_getattr
class _Attributes(AttributeTemplate):
    key = ReferenceType

    def _resolve(self, kind: ReferenceType, name: str) -> Any:
        return dict(kind.fields).get(name)

    generic_resolve: Any = _resolve


@_extending.lower_getattr_generic(ReferenceType)
def _lower(context: Any, builder: Any, kind: ReferenceType, pointer: Any, name: str) -> Any:
    first = kind.offset(name)
    field = dict(kind.fields)[name]
    array = context.make_array(field)(context, builder)
    itemsize = context.get_abi_sizeof(context.get_data_type(field.dtype))
    data = context.get_data_type(field.dtype).as_pointer()
    shape = [_load(builder, pointer, first + 2 + axis, _WORD) for axis in range(field.ndim)]
    strides = [ir.Constant(_WORD, itemsize)]
    for length in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], length, flags=["nsw"]))
    array.data = _load(builder, pointer, first, data)
    array.nitems = _load(builder, pointer, first + 1, _WORD)
    array.itemsize = ir.Constant(_WORD, itemsize)
    array.shape = _cgutils.pack_array(builder, shape, ty=_WORD)
    array.strides = _cgutils.pack_array(builder, strides, ty=_WORD)
    array.meminfo = ir.Constant(array.meminfo.type, None)
    array.parent = ir.Constant(array.parent.type, None)
    return array._getvalue()  # noqa: SLF001 -- what numba calls it


def _load(builder: Any, pointer: Any, word: int, kind: Any) -> Any:
    place = builder.gep(pointer, [ir.Constant(_WORD, 8 * word)])
    value = builder.load(builder.bitcast(place, kind.as_pointer()), align=8, typ=kind)
    value.set_metadata("invariant.load", builder.module.add_metadata([]))
    return value
