"""`scripts/cluster-demo`: two of each service on PostgreSQL, Redis and S3, by TLS and with keys.

Arguments go to `mazemesh up`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from bench.children import ending_with_us
from bench.cluster.standins import stand_ins
from mazemesh.errors import MazemeshError

MAZEMESH = Path(sys.executable).with_name("mazemesh")


def main(arguments: list[str]) -> int:
    """Runs until the mesh ends; its exit status."""
    print("starting PostgreSQL, Redis and an S3 stand-in", file=sys.stderr)
    with stand_ins() as servers:
        mesh = subprocess.Popen(
            [str(MAZEMESH), "up", "--instances", "2", "--secure", *arguments],
            env={**ending_with_us(), **servers.environment},
        )
        # The mesh gets Ctrl-C from the terminal itself; what somebody sends to us alone goes on.
        signal.signal(signal.SIGINT, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: mesh.send_signal(signal.SIGTERM))
        return mesh.wait()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except MazemeshError as error:
        sys.exit(f"{os.path.basename(sys.argv[0])}: {error}")  # noqa: PTH119
