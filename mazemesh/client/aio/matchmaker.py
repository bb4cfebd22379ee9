"""`mesh.matchmaker.aio`: matches and evaluators, for asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mazemesh.client.aio.in_thread import all_in_thread, followed, in_thread

if TYPE_CHECKING:
    from mazemesh.client.matchmaker import MatchmakerClient


class AsyncMatchmaker:
    """What people ask of `MatchmakerClient`, as coroutines; gates are at `mesh.gates.aio`.

    ```pycon
    >>> import asyncio
    >>> async def seat(player):
    ...     async for news in mesh.matchmaker.aio.find(player, "race", bot_after=0.5):
    ...         if news.HasField("matched"):
    ...             return news.matched.seat_token
    >>> len(asyncio.run(seat("player/ann"))) > 0
    True

    ```
    """

    def __init__(self, matchmaker: MatchmakerClient) -> None:
        self.find = followed(matchmaker.find)
        self.cancel = in_thread(matchmaker.cancel)
        self.training_records = in_thread(matchmaker.training_records)
        self.rating_rules = in_thread(matchmaker.rating_rules)
        self.workers = all_in_thread(matchmaker.workers)
        self.worker_events = all_in_thread(matchmaker.worker_events)
