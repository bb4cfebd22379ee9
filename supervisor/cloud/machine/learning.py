"""`python -m supervisor.cloud.machine.learning`: becomes the learner, alone or one of ranks.

With MAZEMESH_CLOUD_RENDEZVOUS (host:port) and MAZEMESH_CLOUD_NODES (1:4) torchrun starts a rank for
each GPU of this machine and joins those of the others; the group forms anew when one comes or goes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from mazemesh.process.interpreter import run_module
from supervisor.cloud.machine.exporter import LEARNER_PORT


def command(environment: Mapping[str, str]) -> tuple[str, ...]:
    """What to become."""
    rendezvous = environment.get("MAZEMESH_CLOUD_RENDEZVOUS", "")
    nodes = environment.get("MAZEMESH_CLOUD_NODES", "")
    learner = ("learner", "--metrics-port", str(LEARNER_PORT))
    if not rendezvous or not nodes:
        return run_module(*learner)
    name = environment.get("MAZEMESH_CLOUD_NAME", "mazemesh")
    return run_module(
        "torch.distributed.run",
        *("--nnodes", nodes, "--nproc-per-node", "gpu", "--max-restarts", "1000"),
        *("--rdzv-backend", "c10d", "--rdzv-id", name, "--rdzv-endpoint", rendezvous),
        *("-m", *learner),
    )


def main() -> None:
    """Becomes the learner; signals reach it as if systemd had started it."""
    environment = {**os.environ, "PYTHONSAFEPATH": "1"}
    given = command(environment)
    os.execve(given[0], given, environment)  # noqa: S606


if __name__ == "__main__":
    main()
