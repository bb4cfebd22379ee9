"""`mesh.elo.aio`: ratings, for asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mazemesh.client.aio.in_thread import all_in_thread, followed, in_thread

if TYPE_CHECKING:
    from mazemesh.client.elo import EloClient


class AsyncElo:
    """What people ask of `EloClient`, as coroutines; lists come whole.

    ```pycon
    >>> import asyncio
    >>> async def best(ladder):
    ...     board = await mesh.elo.aio.leaderboard(ladder, page_size=1)
    ...     return board.players[0].player
    >>> asyncio.run(best("race")) == mesh.elo.leaderboard("race").players[0].player
    True

    ```
    """

    def __init__(self, elo: EloClient) -> None:
        self.ladders = all_in_thread(elo.ladders)
        self.leaderboard = in_thread(elo.leaderboard)
        self.watch_leaderboard = followed(elo.watch_leaderboard)
        self.rating = in_thread(elo.rating)
        self.history = all_in_thread(elo.history)
        self.rating_curves = in_thread(elo.rating_curves)
        self.head_to_head = in_thread(elo.head_to_head)
        self.head_to_head_matrix = in_thread(elo.head_to_head_matrix)
        self.empirical_game = in_thread(elo.empirical_game)
        self.results = in_thread(elo.results)
        self.result_log = all_in_thread(elo.result_log)
        self.record = in_thread(elo.record)
        self.gate_path = in_thread(elo.gate_path)
