"""`python -m services.replay`."""

from services._harness import run
from services.replay.bind import bind
from services.replay.settings import ReplaySettings

if __name__ == "__main__":
    run(ReplaySettings, bind)
