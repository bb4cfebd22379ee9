"""The parts of numba that are not public, and what is said when a version of it has others.

Kernels are compiled with them where they are there. Without them all works as before and slower:
measured (docs/adr/0141-numba.md) 25 times without the first, by a seventh of a compile without
the second, by 2 us a call without the third.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, cast

import numba

NO_COUNTS: Final[dict[str, Any]] = {"_nrt": False}
"""Compile without reference counts: for code that allocates no array. numba builds its own runtime
with this option."""

NO_C_ENTRANCE: Final[dict[str, Any]] = {"no_cfunc_wrapper": True}
NO_ENTRANCE: Final[dict[str, Any]] = {**NO_C_ENTRANCE, "no_cpython_wrapper": True}
"""Compile no entrance from C, and none from Python either: for what only compiled code calls."""

CHANGED: Final = (AttributeError, ImportError, KeyError, TypeError)
"""What shows that a version of numba is built in another way."""


def known(options: dict[str, Any]) -> dict[str, Any]:
    """Those of the options that this version of numba has; warns of the others.

    numba itself refuses an option that it does not know, when the first function is compiled.
    """
    try:
        there = import_module("numba.core.options").DefaultOptions
        found = {name: value for name, value in options.items() if hasattr(there, name)}
    except CHANGED:
        found = {}
    if missing := sorted(options.keys() - found.keys()):
        _warn(f"without {', '.join(missing)} games are compiled and played more slowly")
    return found


def entry_point(dispatcher: Any, signature: tuple[Any, ...]) -> Callable[..., Any]:
    """What runs a compiled function for arguments of these types, and looks none of them up.

    Where there is no such thing it is the function itself.
    """
    try:
        return cast("Callable[..., Any]", dispatcher.overloads[signature].entry_point)
    except CHANGED as error:
        _warn(f"{error!r}: each call of a kernel takes microseconds longer")
        return cast("Callable[..., Any]", dispatcher)


def _warn(what: str) -> None:
    warnings.warn(
        f"numba {numba.__version__} is built in another way than mazemesh knows; {what}",
        RuntimeWarning,
        stacklevel=4,
    )
