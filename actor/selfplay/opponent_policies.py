"""Which loaded policy plays which rows of a batch, so that each version is run once a step."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import structlog

from mazemesh.errors import FailedPrecondition, InvalidArgument, NotFound
from mazemesh.experience import policy_digest
from mazemesh.games import is_bot
from mazemesh.policy.onnx_policy import OnnxPolicy

log = structlog.get_logger()

_BOT = -1


class OpponentPolicies:
    """The opponents' policies in B games, each fixed for its episode.

    "name:latest" means the version when the episode begins; it does not move on in the middle of a
    game.

    Args:
        games: B.
        current: The student's present version, which plays where an opponent cannot be had.
        load: A policy by name.

    Attributes:
        digest: uint64 [B], of the opponents (`mazemesh.experience.policy_digest`); 0 for nobody.
    """

    def __init__(
        self,
        games: int,
        current: Callable[[], OnnxPolicy],
        load: Callable[[str], OnnxPolicy],
    ) -> None:
        self._current = current
        self._load = load
        self.digest = np.zeros(games, np.uint64)
        self._slot = np.full(games, _BOT, np.intp)
        self._policies: list[OnnxPolicy] = []

    def seat(self, game: int, opponent: str) -> bool:
        """Puts an opponent into a game, from the beginning of its episode.

        Returns:
            False when it cannot be had, and the student's present version plays in its place.
        """
        if is_bot(opponent) or not opponent:
            self._slot[game] = _BOT
            self.digest[game] = policy_digest(opponent.encode()) if opponent else 0
            return True
        policy, as_named = self._resolve(opponent)
        if policy not in self._policies:
            self._policies.append(policy)
        self._slot[game] = self._policies.index(policy)
        self.digest[game] = policy.digest
        return as_named

    def groups(self) -> Iterator[tuple[OnnxPolicy, npt.NDArray[np.intp]]]:
        """Each policy that plays now, with the games it plays in."""
        slots = np.unique(self._slot[self._slot != _BOT])
        if len(slots) < len(self._policies):
            self._forget(slots)
            slots = np.arange(len(self._policies))
        for slot in slots.tolist():
            yield self._policies[slot], np.flatnonzero(self._slot == slot)

    def _resolve(self, opponent: str) -> tuple[OnnxPolicy, bool]:
        try:
            return self._load(opponent), True
        except (NotFound, InvalidArgument, FailedPrecondition) as error:
            log.warning("opponent not available; latest plays", opponent=opponent, why=str(error))
            return self._current(), False

    def _forget(self, used: npt.NDArray[np.intp]) -> None:
        """Drops policies that no game uses any more and renumbers the rest."""
        renumbered = np.full(len(self._policies), _BOT, np.intp)
        renumbered[used] = np.arange(len(used))
        playing = self._slot != _BOT
        self._slot[playing] = renumbered[self._slot[playing]]
        self._policies = [self._policies[slot] for slot in used.tolist()]
