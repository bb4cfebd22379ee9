"""Names of games as text: how long they may be, how lists of them are written."""

from __future__ import annotations

import json
import re

from mazemesh.errors import InvalidArgument

MAX_NAME_LENGTH = 64
_MAX_SHOWN = 80

EXTERNAL = "external:"
"""How names of games begin that simulators play by themselves (ExternalEpisodes)."""

_EXTERNAL = re.compile(rf"{EXTERNAL}[a-z0-9][a-z0-9._-]{{0,47}}")


def is_external(name: str) -> bool:
    """Whether a name is meant to be one of a game that a simulator plays by itself."""
    return name.startswith(EXTERNAL)


def check_external_name(name: str, field: str = "game") -> str:
    """The name, if it can be one of such a game.

    Raises:
        InvalidArgument: it cannot; names `field` and what would be right.
    """
    if not _EXTERNAL.fullmatch(name):
        raise InvalidArgument(
            f"{field}: {shown(name)} should be {EXTERNAL}NAME, NAME being 1..48 lower-case "
            "letters, digits, '-', '_' or '.', a letter or digit first"
        )
    return name


def check_game_name(name: str, field: str = "game") -> str:
    """The name, if it can be one of a game: 1..64 printable characters, arguments included.

    Whether there is such a game is not looked at.

    Raises:
        InvalidArgument: it cannot; names `field` and shows at most 80 characters of the value.
    """
    if not name:
        raise InvalidArgument(f"{field}: it is empty; name a game, such as race")
    if len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise InvalidArgument(
            f"{field}: {shown(name)} has {len(name)} characters; 1..{MAX_NAME_LENGTH} printable "
            "ones are right. A package can give its game a short name in the entry-point group "
            "'mazemesh.games'"
        )
    return name


def shown(name: str) -> str:
    """A name of any length as a message quotes it."""
    return repr(name if len(name) <= _MAX_SHOWN else f"{name[:_MAX_SHOWN]}...")


def split_game_names(text: str) -> tuple[str, ...]:
    """The names in a setting: `race,solo`, names separated by white space, or a list in JSON.

    Where a name has arguments (a question mark), commas belong to them and white space alone
    separates; `json.dumps` of a list of names is read back whatever the names are.

    Raises:
        InvalidArgument: a list in JSON that is none, or that holds something else than strings.
    """
    if text.lstrip().startswith("["):
        try:
            names = json.loads(text)
        except ValueError as error:
            raise InvalidArgument(f"games: {shown(text)} is no list in JSON: {error}") from error
        if not all(isinstance(name, str) for name in names):
            raise InvalidArgument(f"games: {shown(text)} should be a list of strings")
        return tuple(names)
    separator = r"\s+" if "?" in text else r"[,\s]+"
    return tuple(filter(None, re.split(separator, text)))
