"""The parts of gRPC that are not public, and what is said when a version of it has others.

Streams of one thread are made of them (docs/adr/0049, 0068). Whoever uses them goes on with gRPC's
public parts where they are missing: slower, and not in silence.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any, Final

import grpc

CHANGED: Final = (AttributeError, ImportError, TypeError)
"""What shows that a version of gRPC is built in another way."""


def internals() -> Any:
    """What gRPC's own blocking calls and servers of threads are made of.

    Raises:
        AttributeError, ImportError, TypeError: this version has it elsewhere.
    """
    return import_module("grpc._cython.cygrpc")


def segregated_call(channel: Any, method: str, *operations: Any) -> Any:
    """A call of its own completion queue, which the thread that uses it waits at.

    Args:
        channel: A `grpc.Channel`.
        method: "/package.Service/Method".
        operations: Batches that begin it.

    Raises:
        ValueError: the channel was closed.
        AttributeError, ImportError, TypeError: this version has no such calls.
    """
    defaults = internals().PropagationConstants.GRPC_PROPAGATE_DEFAULTS
    batches = tuple((batch, None) for batch in operations)
    return channel._channel.segregated_call(  # noqa: SLF001  # there is no public way
        defaults, method.encode(), None, None, (), None, batches, None
    )


def warn_of_change(what: str, error: BaseException) -> None:
    """Says once a process what is slower with this version of gRPC."""
    warnings.warn(
        f"gRPC {grpc.__version__} is built in another way than mazemesh knows ({error}); {what}",
        RuntimeWarning,
        stacklevel=3,
    )
