"""The one grammar of names: what every service takes, stores and passes on.

A name that one service accepts is accepted by all others, so nothing is refused further down the
road: what CreateGames takes, RecordResults takes. Names never contain spaces or control characters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mazemesh.errors import InvalidArgument

LATEST = "latest"
"""The alias that moves by itself to the newest ready version."""

CHAMPION = "champion"
PREVIOUS = "previous"
"""The alias that stands where the champion stood before it moved."""

MOST_PARTICIPANTS = 64
"""Participants of a match."""

_SHOWN = 200

_NAME = r"[a-z0-9._-]{1,64}"
_VERSION = r"[1-9][0-9]{0,17}"
_BOT = rf"bot/{_NAME}"
_PERSON = r"player/[A-Za-z0-9._@-]{1,64}"
_FOREIGN = r"foreign/[!-~]{1,120}"
# All of ASCII that can be seen, which leaves out the space.
_VISIBLE = "[!-~]"


@dataclass(frozen=True, slots=True)
class Grammar:
    """The form of one kind of names.

    Attributes:
        pattern: Matches a whole name.
        right: What is right, in words that follow "must be".
    """

    pattern: re.Pattern[str]
    right: str

    def accepts(self, name: str) -> bool:
        """Whether a name has this form."""
        return self.pattern.fullmatch(name) is not None

    def check(self, field: str, name: str) -> str:
        """Returns the name as it is.

        Args:
            field: Where it stands, for the message.
            name: What stands there.

        Raises:
            InvalidArgument: it has another form.
        """
        if not self.accepts(name):
            raise InvalidArgument(f"{field} = {shown(name)} is wrong: must be {self.right}")
        return name


def shown(text: str) -> str:
    """A text from outside as messages quote it: its beginning, where it is long."""
    return repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}... ({len(text)} characters)"


def _grammar(pattern: str, right: str) -> Grammar:
    return Grammar(re.compile(pattern), right)


def _visible(most: int) -> Grammar:
    return _grammar(
        f"{_VISIBLE}{{1,{most}}}", f"1..{most} visible characters of ASCII, without spaces"
    )


POLICY = _grammar(_NAME, "1..64 characters of a-z, 0-9, '-', '_', '.'")
"""A policy without a version: "race"."""

ALIAS = _grammar(
    r"(?![0-9]+\Z)[a-z0-9_-]{1,64}",
    "1..64 characters of a-z, 0-9, '-', '_', not digits only, which is a version's number",
)
"""What points to a version: "champion"."""

PLAYER = _grammar(
    f"{_NAME}:{_VERSION}|{_BOT}|{_PERSON}",
    '"name:version", "bot/name" or "player/name": name of 1..64 characters of a-z, 0-9, \'-\', '
    "'_', '.' (of a player also A-Z, '@'), version from 1 to 10^18 - 1",
)
"""Who takes part in a match of the mesh and is rated: "race:12", "bot/random", "player/zoe"."""

RATED = _grammar(
    f"{PLAYER.pattern.pattern}|{_FOREIGN}",
    f'{PLAYER.right}; or "foreign/" and 1..120 visible characters of ASCII',
)
"""Who may stand on a ladder: players, and those whose matches were imported."""

IMPORTED = _grammar(
    f"{_BOT}|{_FOREIGN}",
    '"foreign/" and 1..120 visible characters of ASCII, or "bot/name", name of 1..64 characters '
    "of a-z, 0-9, '-', '_', '.'",
)
"""Who takes part in a match that was played elsewhere; never a version of the mesh."""

IMPORT_PREFIX = "import/"
"""Begins the ids of imported matches, and of no others."""

SEEKER = _grammar(
    f"{_NAME}:{_VERSION}|{_PERSON}",
    "\"name:version\" or \"player/name\": name of 1..64 characters of a-z, 0-9, '-', '_', '.' "
    "(of a player also A-Z, '@'), version from 1 to 10^18 - 1",
)
"""A player that is no bot, so one who can ask for a match."""

PERSON = _grammar(
    _PERSON, "\"player/name\", name of 1..64 characters of a-z, A-Z, 0-9, '-', '_', '.', '@'"
)
"""A person: "player/zoe"."""

OPPONENT = _grammar(
    f"{_NAME}:(?:{_VERSION}|{LATEST})|{_BOT}",
    f'"name:version", "name:{LATEST}" or "bot/name", names of 1..64 characters of a-z, 0-9, '
    "'-', '_', '.'",
)
"""Whom a student meets in training: "race:12", "race:latest", "bot/random"."""

GAME = _visible(64)
"""A game: "race", "pettingzoo:MODULE"."""

LADDER = _visible(128)
"""A leaderboard: a game's name, with a suffix where settings differ."""

MATCH_ID = _visible(128)
"""A match, unique for ever."""

_SETTINGS = re.compile(r"-(?:[0-9]+x[0-9]+|[0-9a-f]{8})")


def is_ladder_of(ladder: str, game: str) -> bool:
    """Whether a ladder has this name of a game, or that and a suffix for settings."""
    return ladder.startswith(game) and (
        len(ladder) == len(game) or _SETTINGS.fullmatch(ladder, len(game)) is not None
    )


GATE_ID = _visible(96)
"""A gate; a match of it is "id/number"."""

TOURNAMENT_ID = _visible(96)
"""A tournament; a match of it is "id/encounter/number"."""

ENTRANT = _visible(128)
"""Who takes part in a tournament: a player, or a team under a name of its own."""

GAME_ID = _visible(160)
"""A game of a match: the match's id and a suffix."""

TABLE = _grammar(
    r"[A-Za-z0-9\-_./]{1,128}", "1..128 characters of A-Z, a-z, 0-9, '-', '_', '.', '/'"
)
"""A table of Replay."""

REQUEST_ID = _visible(128)
"""What makes a repeated request the same request."""

WORKER_ID = _visible(128)
"""An actor or evaluator."""

TICKET_ID = _visible(128)
"""One who waits for a match."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A policy version: `name:number`, or `name:alias` with number 0."""

    name: str
    number: int
    alias: str


def parse_reference(text: str, field: str = "policy") -> Reference:
    """Reads `name:number`, `name:alias`, or `name`, which stands for `name:latest`.

    Raises:
        InvalidArgument: neither of the three.
    """
    name, colon, rest = text.partition(":")
    POLICY.check(field, name)
    if not colon:
        return Reference(name, 0, LATEST)
    if re.fullmatch(_VERSION, rest):
        return Reference(name, int(rest), "")
    if rest.isdigit():
        raise InvalidArgument(
            f"{field} = {shown(text)} is wrong: versions are numbered from 1 to 10^18 - 1, without "
            "leading zeros"
        )
    return Reference(name, 0, ALIAS.check(field, rest))
