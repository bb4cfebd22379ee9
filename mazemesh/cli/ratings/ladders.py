"""Ratings of a ladder, as the Elo service tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mazemesh.analysis.ratings import History, Pairing, RatedPlayer

if TYPE_CHECKING:
    from mazemesh.client.elo import EloClient
    from mazemesh.v1.elo_pb2 import HeadToHead, PlayerRating

_PAGE = 1000
_COMPARED = 64


class LadderSource(Protocol):
    """One ladder, to be read."""

    def players(self) -> list[RatedPlayer]:
        """Everybody with a result, best first."""
        ...

    def history(self, player: str) -> History:
        """A player's online rating; `NotFound` without a result."""
        ...

    def pairings(self, players: Sequence[str]) -> list[Pairing]:
        """Results between at most 64 players, each pair that has met once."""
        ...


class ServedLadder:
    """A ladder of an Elo service."""

    def __init__(self, elo: EloClient, ladder: str) -> None:
        self._elo, self._ladder = elo, ladder

    def players(self) -> list[RatedPlayer]:
        """See `LadderSource.players`."""
        found: list[RatedPlayer] = []
        token = ""
        while True:
            page = self._elo.leaderboard(self._ladder, page_size=_PAGE, page_token=token)
            found += map(rated_player, page.players)
            token = page.next_page_token
            if not token:
                return found

    def history(self, player: str) -> History:
        """See `LadderSource.history`."""
        points = [point.online_rating for point in self._elo.history(self._ladder, player)]
        return History(player, np.array(points, np.float64))

    def pairings(self, players: Sequence[str]) -> list[Pairing]:
        """See `LadderSource.pairings`."""
        if len(players) < 2:
            return []
        found = self._elo.head_to_head(self._ladder, players[:_COMPARED])
        return [pairing(pair) for pair in found]


def ladder_of(description: Mapping[str, Any]) -> str:
    """Name of the ladder that a run's snapshots are rated on, from its `run.json`."""
    from mazemesh.games import GameSettings, open_game
    from mazemesh.games.ladder import ladder

    return ladder(open_game(description["game"]), GameSettings(**description["game_settings"]))


def rated_player(row: PlayerRating) -> RatedPlayer:
    """A row of the leaderboard."""
    return RatedPlayer(row.player, row.rating, row.low, row.high, row.games)


def pairing(pair: HeadToHead) -> Pairing:
    """What is known of two players."""
    return Pairing(pair.player, pair.opponent, pair.games, pair.score)
