"""A training session whose observations, masks and actions are packed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.client.game.game import GamesSession, Step
from mazemesh.collecting.shown import Shown

Array = npt.NDArray[Any]
Reseat = tuple[npt.NDArray[np.int32], npt.NDArray[np.int8]]


class ShownSession:
    """A training session whose steps come packed, and whose actions are sent packed."""

    def __init__(self, session: GamesSession, shown: Shown) -> None:
        self._session, self._shown = session, shown

    @property
    def step(self) -> Step:
        """The last step received."""
        return self._shown.step(self._session.step)

    def send(self, actions: Array, reseat: Reseat | None = None) -> None:
        """Sends one step's actions [games, seats] without waiting."""
        self._session.send(actions, reseat)

    def receive(self) -> Step:
        """The next response in order."""
        return self._shown.step(self._session.receive())
