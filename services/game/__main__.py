"""Entry point: `python -m services.game`."""

from services._harness import run
from services.game.bind import bind
from services.game.settings import GameServiceSettings

if __name__ == "__main__":
    run(GameServiceSettings, bind)
