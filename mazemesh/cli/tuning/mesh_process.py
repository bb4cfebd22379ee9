"""`python -m mazemesh.cli.tuning.mesh_process up ...`: a mesh that ends with who started it."""

from __future__ import annotations

from mazemesh.cli import main
from mazemesh.process.parent import stop_with_parent

if __name__ == "__main__":
    stop_with_parent()
    main()
