"""What a match is, before anybody plays: game, maze seed, who takes part, and its fence."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mazemesh.errors import InvalidArgument
from mazemesh.games import Game, GameSettings, Purpose, bot_code, bot_policy, is_bot, seeds
from mazemesh.games.bots import EXTERNAL, bot_name
from mazemesh.games.ladder import is_time_trial

_MAX_MATCH_ID = 128
MAX_PARTICIPANTS = 64
_POLICY = re.compile(r"[a-z0-9._-]{1,64}:[0-9]{1,18}")
_PLAYER = re.compile(r"player/[A-Za-z0-9._@-]{1,64}")


@dataclass(frozen=True, slots=True)
class MatchSetup:
    """One pairing on one maze; `settings` are resolved, `rotations` 0 is all of them.

    Raises:
        InvalidArgument: at construction; a field is wrong, named.
    """

    match_id: str
    game: Game
    settings: GameSettings
    seed: int
    participants: tuple[str, ...]
    rated: bool
    rotations: int
    fence: int

    def __post_init__(self) -> None:
        if not 1 <= len(self.match_id) <= _MAX_MATCH_ID:
            raise InvalidArgument(
                f"match_id: {self.match_id!r} should have 1..{_MAX_MATCH_ID} characters"
            )
        purpose = seeds.purpose_of(self.seed)
        if self.rated and purpose is not Purpose.EVALUATION:
            raise InvalidArgument(
                f"seed: {self.seed} is of the {purpose.name.lower()} range; a rated match takes a "
                "seed of the evaluation range"
            )
        if self.fence < 0:
            raise InvalidArgument(f"fence: {self.fence} is negative")
        self._check_participants()
        if not 0 <= self.rotations <= self.settings.seats:
            raise InvalidArgument(
                f"rotations: {self.rotations} is outside 0..{self.settings.seats}, the seats"
            )

    @property
    def teams(self) -> tuple[int, ...]:
        """The team of each start place; empty where each plays for itself."""
        return self.game.spec(self.settings).teams

    @property
    def time_trial(self) -> bool:
        """Whether each participant plays a game of its own and holds all of its seats.

        So it is in games of one seat, and in rated matches where all players win and lose together.
        """
        alone = self.settings.seats == 1
        return alone or (self.rated and is_time_trial(self.settings.seats, self.teams))

    @property
    def num_rotations(self) -> int:
        """How many rotations are played."""
        return self.rotations or self.settings.seats

    def _check_participants(self) -> None:
        names, seats = self.participants, self.settings.seats
        if self.time_trial and not 1 <= len(names) <= MAX_PARTICIPANTS:
            raise InvalidArgument(
                f"participants: {len(names)} take part; a time trial takes 1..{MAX_PARTICIPANTS}"
            )
        if not self.time_trial and len(names) != seats:
            raise InvalidArgument(
                f"participants: {len(names)} take part, but the game has {seats} seats; name one "
                "for each, or set settings.seats"
            )
        for index, name in enumerate(names):
            if is_bot(name) and bot_name(name) not in self.game.bots:
                bots = ", ".join(map(bot_policy, self.game.bots))
                raise InvalidArgument(
                    f"participants[{index}]: {name} does not play {self.game.name}; its bots are "
                    f"{bots}"
                )
            if not (is_bot(name) or _POLICY.fullmatch(name) or _PLAYER.fullmatch(name)):
                raise InvalidArgument(
                    f"participants[{index}]: {name!r} should be name:version, player/name or "
                    "one of the bots of ListGames"
                )
        if self.rated and (len(names) < 2 or len(set(names)) < len(names)):
            raise InvalidArgument(
                f"participants: {', '.join(names)}; a rated match takes two or more, all different"
            )


def controller_of(participant: str) -> int:
    """The engine's controller of a seat: -1 for one who comes and plays, else the bot's code."""
    return bot_code(participant) if is_bot(participant) else EXTERNAL
