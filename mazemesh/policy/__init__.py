"""Policies: ONNX files that answer observations with logits and a value.

`load_policy` opens a file and `fetch_policy` a version of a mesh; both give an `OnnxPolicy`, whose
`act` chooses for whole batches. `publish` puts a file into the registry of a mesh.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mazemesh.policy.cache import PolicyCache, fetch_policy
    from mazemesh.policy.loading import load_policy
    from mazemesh.policy.memory import SeatMemory
    from mazemesh.policy.onnx_policy import OnnxPolicy
    from mazemesh.policy.publishing import Published, publish

__all__ = [
    "OnnxPolicy",
    "PolicyCache",
    "Published",
    "SeatMemory",
    "fetch_policy",
    "load_policy",
    "publish",
]

_MODULES = {
    "OnnxPolicy": "onnx_policy",
    "PolicyCache": "cache",
    "Published": "publishing",
    "SeatMemory": "memory",
    "fetch_policy": "cache",
    "load_policy": "loading",
    "publish": "publishing",
}


def __getattr__(name: str) -> object:
    # Whoever checks a graph loads neither games nor clients for it.
    if name in _MODULES:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
