"""`python -m services.gateway.jobs.job_runner.bound MODULE ...` is `python -m MODULE ...`, bound.

It ends with the process that started it, whatever MODULE itself does about that.
"""

from __future__ import annotations

import runpy
import sys

from mazemesh.process.parent import stop_with_parent


def main() -> None:
    """Becomes the module that is named first."""
    stop_with_parent()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
