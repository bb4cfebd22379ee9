"""What a player's name says: of which kind it is, and which version it grew from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from itertools import pairwise

from services.elo.models.arrays import NO_PARENT

_VERSION = re.compile(r"(.+):([1-9][0-9]{0,17})")


class Kind(Enum):
    """Of a player; the value is how its name begins."""

    BOT = "bot/"
    PERSON = "player/"
    FOREIGN = "foreign/"
    POLICY = ""


def kind_of(player: str) -> Kind:
    """The kind of a player by its name."""
    return next(kind for kind in Kind if player.startswith(kind.value))


def is_bot(player: str) -> bool:
    """Whether the player is a built-in bot, one of those that anchor a ladder's scale."""
    return player.startswith("bot/")


def version_of(player: str) -> tuple[str, int] | None:
    """Name and version of a policy version such as "race:12"; None for bots and people.

    A foreign one may be named alike: what is known of versions holds for those of elsewhere, too.
    """
    found = _VERSION.fullmatch(player)
    return None if found is None else (found[1], int(found[2]))


def parents(players: Sequence[str]) -> list[int]:
    """By player, the index of the next lower version of the same name, or `NO_PARENT`."""
    families: dict[str, list[tuple[int, int]]] = {}
    for index, player in enumerate(players):
        version = version_of(player)
        if version is not None:
            families.setdefault(version[0], []).append((version[1], index))
    found = [NO_PARENT] * len(players)
    for family in families.values():
        for (_, parent), (_, child) in pairwise(sorted(family)):
            found[child] = parent
    return found
