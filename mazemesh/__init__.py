"""mazemesh: a service mesh for multi-agent self-play and evaluation.

`train()` starts a training run and returns its handle. `connect()` gives typed clients for the five
services of a running mesh, `publish()` puts an ONNX file into its registry. `mazemesh.games`, `mazemesh.envs`, `mazemesh.policy` and
`mazemesh.evaluation` are for who plays, trains and compares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mazemesh.client.mesh import Mesh, connect
    from mazemesh.policy.publishing import publish
    from mazemesh.training.progress import Progress
    from mazemesh.training.run import TrainingRun
    from mazemesh.training.train import train

__all__ = ["Mesh", "Progress", "TrainingRun", "__version__", "connect", "publish", "train"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    # gRPC takes a quarter of a second to import, which `import mazemesh.games` need not pay.
    if name in ("Mesh", "connect"):
        from mazemesh.client import mesh

        return getattr(mesh, name)
    if name == "publish":
        from mazemesh.policy.publishing import publish

        return publish
    if name == "train":
        from mazemesh.training.train import train

        return train
    if name in ("Progress", "TrainingRun"):
        from mazemesh.training import progress, run

        return getattr(progress if name == "Progress" else run, name)
    raise AttributeError(f"module 'mazemesh' has no attribute {name!r}")
