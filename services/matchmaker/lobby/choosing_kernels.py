"""`choosing` as machine code; imported where many wait, as numba takes a while to load."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

from numba import float64, int64, njit

from mazemesh.machine_code import compiled
from services.matchmaker.lobby import choosing

_COLUMN, _NUMBERS, _TABLE = float64[::1], int64[::1], int64[:, ::1]


def _with_compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, which calls the compiled ones among those beside it."""
    plain: Any = function
    names = {**vars(choosing), **_HELPERS}
    return FunctionType(plain.__code__, names, plain.__name__)


_HELPERS: dict[str, Any] = {}
for _name in ("_upward", "_downward", "_has_room"):
    _HELPERS[_name] = njit(_with_compiled(getattr(choosing, _name)))

choose: Callable[..., int] = compiled(
    int64(
        _COLUMN, _COLUMN, _NUMBERS, _NUMBERS, _NUMBERS, _NUMBERS, _NUMBERS, _TABLE, _TABLE, _TABLE
    ),
    nogil=True,
)(_with_compiled(choosing.choose))
