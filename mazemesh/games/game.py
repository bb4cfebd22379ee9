"""A game: a named rule set whose step is one compiled function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from mazemesh.errors import InvalidArgument
from mazemesh.games.bots import BOTS
from mazemesh.games.settings import GameSettings
from mazemesh.games.spec import (
    NUM_ACTIONS,
    PLANES,
    GameSpec,
    content_hash,
    observation_layout,
    spec_hash,
)

# Settings that only shape the reward of a learner leave the play, and so the hash, as it is.
_REWARD_ONLY = ("shaping", "shaping_discount")


@dataclass(frozen=True, slots=True)
class Game:
    """A rule set.

    Attributes:
        name: Name in the registry.
        version: Raised whenever the same seed and actions lead to another course of play.
        summary: One line for lists.
        min_seats: Fewest players.
        max_seats: Most players.
        default_seats: Players where the settings say 0.
        may_stay: Whether staying is a legal action (always, in games with other players).
        load_step: Returns the compiled step; called late, as it imports numba.
    """

    name: str
    version: int
    summary: str
    min_seats: int
    max_seats: int
    default_seats: int
    may_stay: bool
    load_step: Callable[[], Callable[..., None]]

    @property
    def bots(self) -> tuple[str, ...]:
        """Which of `BOTS` can play it."""
        return BOTS

    @property
    def ranked_by_return(self) -> bool:
        """Whether time trials of one seat compare returns, not steps to the solution."""
        return False

    def resolve(self, settings: GameSettings) -> GameSettings:
        """Return the settings with seats and step limit written out.

        Raises:
            InvalidArgument: Too few or too many seats, or a maze too small for them.
        """
        seats = settings.seats or self.default_seats
        if not self.min_seats <= seats <= self.max_seats:
            raise InvalidArgument(
                f"seats: {seats} is outside {self.min_seats}..{self.max_seats} of game {self.name}"
            )
        if settings.width * settings.height < 2 * seats:
            raise InvalidArgument(
                f"width x height: {settings.width} x {settings.height} is too small for {seats} "
                f"seats; at least {2 * seats} cells are needed"
            )
        values = {**asdict(settings), "seats": seats, "step_limit": settings.steps}
        return GameSettings(**values)

    def spec(self, settings: GameSettings | None = None) -> GameSpec:
        """Return the spec of this game under the settings (default: `GameSettings()`).

        Raises:
            InvalidArgument: The settings do not fit this game.
        """
        resolved = self.resolve(settings or GameSettings())
        layout = observation_layout(resolved.view)
        return GameSpec(
            name=self.name,
            version=self.version,
            seats=resolved.seats,
            num_actions=NUM_ACTIONS,
            observation_size=layout[-1].offset + layout[-1].size,
            layout=layout,
            view=resolved.view,
            planes=len(PLANES),
            step_limit=resolved.step_limit,
            rules_hash=self._rules_hash(resolved),
            spec_hash=spec_hash(layout, NUM_ACTIONS),
        )

    def _rules_hash(self, resolved: GameSettings) -> str:
        settings: dict[str, Any] = asdict(resolved)
        for field in _REWARD_ONLY:
            del settings[field]
        return content_hash({"name": self.name, "version": self.version, "settings": settings})
