"""How the kernels are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

from mazemesh.games.mazes.machine_code import source_hash
from mazemesh.machine_code import compile_for, compiled
from mazemesh.numba_internals import NO_C_ENTRANCE, NO_COUNTS, NO_ENTRANCE, known

_Function = TypeVar("_Function", bound=Callable[..., Any])


# None of the kernels divides by zero, so none checks for it (error_model). None allocates, so they
# need no reference counts, which would cost more than the play itself; code that allocates an array
# does not compile.
_PUBLIC: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
_OPTIONS = {**_PUBLIC, **known({**NO_COUNTS, **NO_C_ENTRANCE})}
# What only kernels call needs no entrance from Python: to take in the many arrays of a `State`
# takes longer to compile than most functions themselves.
_INNER = {**_OPTIONS, **known(NO_ENTRANCE)}


def part(function: _Function) -> _Function:
    """Compile a function as a part of each kernel that calls it: a call would pass all arrays.

    Python cannot call it.
    """
    return cast("_Function", numba.njit(forceinline=True, **_INNER)(function))


def routine(function: _Function) -> _Function:
    """Compile a function that kernels call seldom, once for all of them.

    Python cannot call it.
    """
    return cast("_Function", numba.njit(**_INNER)(function))


def kernel(function: _Function) -> _Function:
    """Compile a function that Python calls: without the GIL, its machine code cached on disk.

    numba notices a change of the file that holds the function, not of the files that it calls into.
    So the name under which the code is cached carries a hash of all of them.
    """
    function.__qualname__ += f"-{source_hash()}"
    return compiled(**_OPTIONS)(function)


def ready(function: Callable[..., Any], *arguments: Any) -> Callable[..., Any]:
    """Compile a kernel for arguments of these types, or load it from the cache on disk.

    What is returned takes arguments of just these types, by position, and checks nothing.
    """
    typeof: Callable[[Any], Any] = numba.typeof
    signature = tuple(typeof(argument) for argument in arguments)
    # Past the dispatcher, which would look up the types of all arguments in each call.
    return compile_for(function, signature)
