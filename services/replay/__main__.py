"""Entry point: `python -m services.replay`."""

from mazemesh.starting import loading

if __name__ == "__main__":
    with loading():
        from services._harness import run
        from services.replay.bind import bind
        from services.replay.settings import ReplaySettings

    run(ReplaySettings, bind)
