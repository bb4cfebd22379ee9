"""Which players are connected by results."""

from __future__ import annotations

import numpy as np

from services.elo.models.arrays import Indices


def components(first: Indices, second: Indices, players: int) -> Indices:
    """By player, the lowest of those that pairs [rows] connect it to.

    Shiloach and Vishkin (1982), An O(log n) Parallel Connectivity Algorithm: the higher of two
    roots is hung under the lower, then all paths are shortened.
    """
    roots = np.arange(players)
    while True:
        one, other = roots[first], roots[second]
        apart = one != other
        if not apart.any():
            return roots
        high, low = np.maximum(one, other)[apart], np.minimum(one, other)[apart]
        np.minimum.at(roots, high, low)
        while not np.array_equal(roots[roots], roots):
            roots = roots[roots]


def ranked_component(roots: list[int], bots: list[bool]) -> list[bool]:
    """By player, whether it belongs to the component that is ranked.

    That is the one with most bots, since they anchor the scale; without bots, or when several have
    as many, the largest; then the one with the player who came first.
    """
    bot_counts: dict[int, int] = {}
    sizes: dict[int, int] = {}
    for root, bot in zip(roots, bots, strict=True):
        bot_counts[root] = bot_counts.get(root, 0) + bot
        sizes[root] = sizes.get(root, 0) + 1
    # Dictionaries keep the order of first appearance, and max takes the first of equals.
    best = max(sizes, key=lambda root: (bot_counts[root], sizes[root]), default=None)
    return [root == best for root in roots]
