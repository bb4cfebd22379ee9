"""Which versions are champions, a moment old at most."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import structlog

from mazemesh.errors import MazemeshError
from mazemesh.names import CHAMPION
from services.matchmaker.peers import ModelPeer

_log = structlog.get_logger(__name__)


class Champions:
    """A cache of aliases. Matching goes on without Model: with the champions last known.

    Args:
        model: Who knows.
        max_age: Seconds that an answer is used.
        clock: Seconds.
    """

    def __init__(self, model: ModelPeer, max_age: float, clock: Callable[[], float]) -> None:
        self._model, self._max_age, self._clock = model, max_age, clock
        self._known: dict[str, str] = {}
        self._asked: dict[str, float] = {}

    async def of(self, names: Iterable[str]) -> set[str]:
        """The champions, "name:version", of policies of these names."""
        wanted = set(names)
        for name in sorted(wanted):
            if self._clock() - self._asked.get(name, float("-inf")) < self._max_age:
                continue
            # Set before asking: while Model is slow or away, others go on with what is known.
            self._asked[name] = self._clock()
            try:
                found = await self._model.alias(name, CHAMPION)
            except MazemeshError as error:
                _log.warning("no champion from Model", policy=name, reason=str(error))
                continue
            self._known[name] = "" if found is None else f"{name}:{found.version}"
        return {self._known[name] for name in wanted if self._known.get(name)}
