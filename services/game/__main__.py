"""Entry point: `python -m services.game`."""

from mazemesh.starting import loading

if __name__ == "__main__":
    with loading():
        from services._harness import run
        from services.game.bind import bind
        from services.game.settings import GameServiceSettings

    run(GameServiceSettings, bind)
