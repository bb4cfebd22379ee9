"""mazemesh: a service mesh for multi-agent self-play and evaluation.

`mazemesh.connect()` gives typed clients for the five services of a running mesh.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mazemesh.client.mesh import Mesh, connect

__all__ = ["Mesh", "__version__", "connect"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    # gRPC takes a quarter of a second to import, which `import mazemesh.games` need not pay.
    if name in ("Mesh", "connect"):
        from mazemesh.client import mesh

        return getattr(mesh, name)
    raise AttributeError(f"module 'mazemesh' has no attribute {name!r}")
