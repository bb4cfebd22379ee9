"""Checks by which a server of the contract proves itself, whatever language it is written in.

They speak the generated stubs over a plain channel, with no help of mazemesh's own clients.
"""

from mazemesh.conformance.checks import Check, Result, run
from mazemesh.conformance.game import GAME
from mazemesh.conformance.model import MODEL
from mazemesh.conformance.replay import REPLAY

SUITES: dict[str, tuple[Check, ...]] = {"game": GAME, "model": MODEL, "replay": REPLAY}
"""The checks by the service that they are for."""

__all__ = ["SUITES", "Check", "Result", "run"]
