"""A function of tensors through `torch.compile`, and as it is written where that fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar

import structlog
import torch

log = structlog.get_logger("learner.device.fusing")

P = ParamSpec("P")
T = TypeVar("T")


class Fused(Generic[P, T]):
    """Compiles at the first call, which takes up to half a minute, for each shape."""

    def __init__(self, function: Callable[P, T], backend: str | Callable[..., Any]) -> None:
        self._written: Callable[P, T] = function
        self._function: Callable[P, T] = torch.compile(function, backend=backend, dynamic=False)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """What the function gives."""
        if self._function is self._written:
            return self._written(*args, **kwargs)
        try:
            return self._function(*args, **kwargs)
        # Whatever the compiler, its compiler or its driver raise; the function's own errors come
        # back from the function itself.
        except Exception as error:
            log.warning("not compiled, and slower", reason=str(error).partition("\n")[0])
            self._function = self._written
            return self._written(*args, **kwargs)
