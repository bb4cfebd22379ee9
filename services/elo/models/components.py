"""Which players are connected by results, kept up to date pair by pair."""

from __future__ import annotations


class Components:
    """Disjoint sets of players 0..n-1 (Tarjan 1975), joined by size with halved paths."""

    def __init__(self) -> None:
        self._parents: list[int] = []
        self._sizes: list[int] = []

    def add(self) -> None:
        """Adds the next player, connected to nobody."""
        self._parents.append(len(self._parents))
        self._sizes.append(1)

    def join(self, first: int, second: int) -> None:
        """Connects two players, and so everyone connected to them."""
        first, second = self.root(first), self.root(second)
        if first == second:
            return
        if self._sizes[first] < self._sizes[second]:
            first, second = second, first
        self._parents[second] = first
        self._sizes[first] += self._sizes[second]

    def root(self, player: int) -> int:
        """The player that stands for its component."""
        while self._parents[player] != player:
            self._parents[player] = self._parents[self._parents[player]]
            player = self._parents[player]
        return player

    def roots(self) -> list[int]:
        """`root` of every player."""
        return [self.root(player) for player in range(len(self._parents))]


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
