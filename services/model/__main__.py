"""Starts the Model service: `python -m services.model`."""

from services._harness import run
from services.model.bind import bind
from services.model.settings import ModelSettings

if __name__ == "__main__":
    run(ModelSettings, bind)
