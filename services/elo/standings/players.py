"""What a player's name says: policy version, bot or person, and which version it grew from."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

NO_PARENT = -1


def is_bot(player: str) -> bool:
    """Whether the player is a built-in bot, one of those that anchor a ladder's scale."""
    return player.startswith("bot/")


def version_of(player: str) -> tuple[str, int] | None:
    """Name and version of a policy version such as "race:12"; None for bots and people."""
    name, colon, version = player.rpartition(":")
    return (name, int(version)) if colon else None


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
