"""`python -m services.matchmaker`."""

from services._harness import run
from services.matchmaker.bind import bind
from services.matchmaker.settings import MatchmakerSettings

if __name__ == "__main__":
    run(MatchmakerSettings, bind)
