"""Starts the Elo service: `python -m services.elo`."""

import os

# A fit is small; more BLAS threads would only take cores from the training beside it. numpy reads
# this when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from services._harness import run
from services.elo.bind import bind
from services.elo.settings import EloSettings

if __name__ == "__main__":
    run(EloSettings, bind)
