"""Entry point: `python -m services.model`."""

from mazemesh.starting import loading

if __name__ == "__main__":
    with loading():
        from services._harness import run
        from services.model.bind import bind
        from services.model.settings import ModelSettings

    run(ModelSettings, bind)
