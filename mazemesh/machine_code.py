"""Functions compiled by numba, their machine code kept on disk where that can be written.

The cache saves time and nothing else: without a folder for it, on a full disk or with a damaged
file, a process compiles anew and goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

import numba

from mazemesh.numba_internals import entry_point

_Function = TypeVar("_Function", bound=Callable[..., Any])

_log = logging.getLogger(__name__)
_njit: Callable[..., Callable[[Any], Any]] = numba.njit
_told: set[str] = set()
_options: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()


def compiled(*signature: Any, **options: Any) -> Callable[[_Function], _Function]:
    """As `numba.njit(*signature, cache=True, **options)`, with or without a cache.

    With a signature it compiles now, without one at the first call or by `compile_for`.
    """

    def decorate(function: _Function) -> _Function:
        try:
            result = _njit(*signature, cache=True, **options)(function)
        except Exception as error:  # a fault of the function itself is raised again below
            result = _njit(*signature, **options)(function)
            _tell(error)
        _options[result] = options
        return cast("_Function", result)

    return decorate


def compile_for(dispatcher: Any, signature: tuple[Any, ...]) -> Callable[..., Any]:
    """The machine code of a function compiled lazily, for arguments of these numba types."""
    try:
        dispatcher.compile(signature)
    except Exception as error:  # as above
        if signature not in dispatcher.signatures:  # it could not be read; else it was not written
            dispatcher = _njit(**_options[dispatcher])(dispatcher.py_func)
            dispatcher.compile(signature)
        _tell(error)
    return entry_point(dispatcher, signature)


def _tell(error: Exception) -> None:
    reason = str(error).partition(": no locator")[0].partition(" function ")[0]
    if reason not in _told:
        _told.add(reason)
        _log.warning(
            "machine code is not kept on disk, each process compiles for itself (%s: %s); "
            "NUMBA_CACHE_DIR names a folder for it",
            type(error).__name__,
            reason,
        )
