"""What a match is, before anybody plays: game, maze seed, who takes part, and its fence."""

from __future__ import annotations

from dataclasses import dataclass

from mazemesh.errors import InvalidArgument
from mazemesh.games import Game, GameSettings, Purpose, bot_code, bot_policy, is_bot, seeds
from mazemesh.games.bots import EXTERNAL, bot_name
from mazemesh.games.ladder import exhibition_ladder, is_time_trial, ladder
from mazemesh.names import GAME, MATCH_ID, MOST_PARTICIPANTS, PLAYER

MAX_PARTICIPANTS = 64


@dataclass(frozen=True, slots=True)
class MatchSetup:
    """One pairing on one maze; `settings` are resolved, `rotations` 0 is all of them.

    The result of an `exhibition` touches no rating but those of its own ladder.

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
    exhibition: bool = False
    backfill: bool = False

    def __post_init__(self) -> None:
        MATCH_ID.check("match_id", self.match_id)
        GAME.check("game", self.game.name)
        purpose = seeds.purpose_of(self.seed)
        if self.rated and purpose is not Purpose.EVALUATION:
            raise InvalidArgument(
                f"seed: {self.seed} is of the {purpose.name.lower()} range; a rated match takes a "
                "seed of the evaluation range"
            )
        if self.exhibition and not self.rated:
            raise InvalidArgument("exhibition: true needs rated, as its result goes to Elo's log")
        if self.fence < 0:
            raise InvalidArgument(f"fence: {self.fence} is negative")
        if self.backfill and self.rated:
            raise InvalidArgument("backfill: a rated match is played by those that it names")
        self._check_participants()
        if not 0 <= self.rotations <= self.most_rotations:
            raise InvalidArgument(
                f"rotations: {self.rotations} is outside 0..{self.most_rotations}, the "
                f"{'teams' if self.by_team else 'seats'}"
            )

    @property
    def ladder(self) -> str:
        """Where its result stands in Elo's log."""
        own = ladder(self.game, self.settings)
        return exhibition_ladder(own) if self.exhibition else own

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
    def by_team(self) -> bool:
        """Whether each participant holds all seats of a team.

        So it is when there are fewer participants than seats, one for each of several teams.
        """
        count = len(self.participants)
        return not self.time_trial and 1 < count < self.settings.seats and count == self.num_teams

    @property
    def num_teams(self) -> int:
        """Teams that play against each other; the seats where each plays for itself."""
        return len(set(self.teams)) or self.settings.seats

    @property
    def num_rotations(self) -> int:
        """How many rotations are played."""
        return self.rotations or self.most_rotations

    @property
    def most_rotations(self) -> int:
        """After which everybody has had every start place, or every team its every role."""
        return self.num_teams if self.by_team else self.settings.seats

    def teams_of(self, rotation: int) -> tuple[int, ...]:
        """By participant that holds one seat, its team in a rotation; empty without teams."""
        teams = self.teams
        return tuple(teams[(seat + rotation) % len(teams)] for seat in range(len(teams)))

    def _check_participants(self) -> None:
        names, seats = self.participants, self.settings.seats
        if self.time_trial and not 1 <= len(names) <= MOST_PARTICIPANTS:
            raise InvalidArgument(
                f"participants: {len(names)} take part; a time trial takes 1..{MOST_PARTICIPANTS}"
            )
        if not self.time_trial and len(names) != seats and not self.by_team:
            teams = f", or one for each of its {self.num_teams} teams" if self.teams else ""
            raise InvalidArgument(
                f"participants: {len(names)} take part, but the game has {seats} seats; name one "
                f"for each{teams}, or set settings.seats"
            )
        if self.rated and len(names) > MOST_PARTICIPANTS:
            raise InvalidArgument(
                f"participants: {len(names)} take part; a rated match takes 2..{MOST_PARTICIPANTS}"
            )
        for index, name in enumerate(names):
            if is_bot(name) and bot_name(name) not in self.game.bots:
                bots = ", ".join(map(bot_policy, self.game.bots))
                raise InvalidArgument(
                    f"participants[{index}]: {name} does not play {self.game.name}; its bots are "
                    f"{bots}"
                )
            if name.startswith("bot/") and not is_bot(name):
                raise InvalidArgument(
                    f"participants[{index}]: {name!r} is none of the bots of ListGames"
                )
            PLAYER.check(f"participants[{index}]", name)
        if self.rated and (len(names) < 2 or len(set(names)) < len(names)):
            raise InvalidArgument(
                f"participants: {', '.join(names)}; a rated match takes two or more, all different"
            )


def controller_of(participant: str) -> int:
    """The engine's controller of a seat: -1 for one who comes and plays, else the bot's code."""
    return bot_code(participant) if is_bot(participant) else EXTERNAL
