"""Spaces on the wire: mazemesh.games.spaces <-> the message Space of tensor.proto."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from mazemesh.errors import InvalidArgument
from mazemesh.games.spaces import (
    Box,
    Dict,
    Discrete,
    MultiBinary,
    MultiDiscrete,
    Space,
    Tuple,
    check_space,
)
from mazemesh.v1 import tensor_pb2 as pb
from mazemesh.wire.tensors import dtype_from_wire, dtype_to_wire


@lru_cache(maxsize=256)
def space_to_proto(space: Space) -> pb.Space:
    """The message of a space; not to be changed, as it is remembered."""
    match space:
        case Box():
            dtype = dtype_to_wire(np.dtype(space.dtype))
            box = pb.BoxSpace(dtype=dtype, shape=space.shape, low=space.low, high=space.high)
            return pb.Space(box=box)
        case Discrete():
            return pb.Space(discrete=pb.DiscreteSpace(n=space.n, start=space.start))
        case MultiDiscrete():
            parts = pb.MultiDiscreteSpace(counts=space.counts, starts=space.starts)
            return pb.Space(multi_discrete=parts)
        case MultiBinary():
            return pb.Space(multi_binary=pb.MultiBinarySpace(shape=space.shape))
        case Dict():
            named = [
                pb.NamedSpace(name=name, space=space_to_proto(part)) for name, part in space.spaces
            ]
            return pb.Space(dict=pb.DictSpace(spaces=named))
        case Tuple():
            return pb.Space(tuple=pb.TupleSpace(spaces=map(space_to_proto, space.spaces)))


def space_from_proto(message: pb.Space, whose: str) -> Space:
    """The space of a message, checked.

    Raises:
        InvalidArgument: it is none that `check_space` allows; names the field `whose`.
    """
    space = _space(message, whose)
    check_space(space, whose)
    return space


def _space(message: pb.Space, whose: str) -> Space:
    match message.WhichOneof("kind"):
        case "box":
            box = message.box
            dtype = dtype_from_wire(box.dtype, f"{whose}.dtype").name
            return Box(tuple(box.low), tuple(box.high), tuple(box.shape), dtype)
        case "discrete":
            return Discrete(message.discrete.n, message.discrete.start)
        case "multi_discrete":
            parts = message.multi_discrete
            return MultiDiscrete(tuple(parts.counts), tuple(parts.starts))
        case "multi_binary":
            return MultiBinary(tuple(message.multi_binary.shape))
        case "dict":
            named = message.dict.spaces
            return Dict(tuple((one.name, _space(one.space, whose)) for one in named))
        case "tuple":
            return Tuple(tuple(_space(part, whose) for part in message.tuple.spaces))
        case _:
            raise InvalidArgument(
                f"{whose}: a space of no kind that is known here; expected box, discrete, "
                "multi_discrete, multi_binary, dict or tuple"
            )
