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

    "name:latest" of a policy that does not learn here means the version when the episode begins; it
    does not move on in the middle of a game.

    Args:
        games: B.
        load: A policy by name.

    Attributes:
        digest: uint64 [B], of the opponents (`mazemesh.experience.policy_digest`); 0 for nobody,
            and where present versions hold all seats.
    """

    def __init__(
        self,
        games: int,
        load: Callable[[str], OnnxPolicy],
    ) -> None:
        self._load = load
        self.digest = np.zeros(games, np.uint64)
        self._slot = np.full(games, _BOT, np.intp)
        self._policies: list[OnnxPolicy] = []

    def seat(self, game: int, opponent: str) -> bool:
        """Puts an opponent into a game, from the beginning of its episode; "" is nobody.

        Returns:
            False when it cannot be had.
        """
        self._slot[game], self.digest[game] = _BOT, 0
        if is_bot(opponent):
            self.digest[game] = policy_digest(opponent.encode())
        if is_bot(opponent) or not opponent:
            return True
        try:
            policy = self._load(opponent)
        except (NotFound, InvalidArgument, FailedPrecondition) as error:
            log.warning("opponent not available; latest plays", opponent=opponent, why=str(error))
            return False
        if policy not in self._policies:
            self._policies.append(policy)
        self._slot[game] = self._policies.index(policy)
        self.digest[game] = policy.digest
        return True

    def groups(self) -> Iterator[tuple[OnnxPolicy, npt.NDArray[np.intp]]]:
        """Each policy that plays now, with the games it plays in."""
        slots = np.unique(self._slot[self._slot != _BOT])
        if len(slots) < len(self._policies):
            self._forget(slots)
            slots = np.arange(len(self._policies))
        for slot in slots.tolist():
            yield self._policies[slot], np.flatnonzero(self._slot == slot)

    def _forget(self, used: npt.NDArray[np.intp]) -> None:
        """Drops policies that no game uses any more and renumbers the rest."""
        renumbered = np.full(len(self._policies), _BOT, np.intp)
        renumbered[used] = np.arange(len(used))
        playing = self._slot != _BOT
        self._slot[playing] = renumbered[self._slot[playing]]
        self._policies = [self._policies[slot] for slot in used.tolist()]
