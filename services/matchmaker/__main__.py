"""Entry point: `python -m services.matchmaker`."""

from mazemesh.starting import loading

if __name__ == "__main__":
    with loading():
        from services._harness import run
        from services.matchmaker.bind import bind
        from services.matchmaker.settings import MatchmakerSettings

    run(MatchmakerSettings, bind)
