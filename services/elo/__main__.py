"""Entry point: `python -m services.elo`."""

import os
import sys

from mazemesh.starting import loading

# A fit is small; more BLAS threads would only take cores from the training beside it. numpy reads
# this when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A fit runs in a thread beside the event loop, which each time that it has waited for something
# would wait for Python's lock so long again: 5 ms if nothing is said.
sys.setswitchinterval(0.0005)

if __name__ == "__main__":
    with loading():
        from services._harness import run
        from services.elo.bind import bind
        from services.elo.settings import EloSettings

    run(EloSettings, bind)
