"""`mesh.game.aio`: games and recordings, for asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mazemesh.client.aio.in_thread import all_in_thread, followed, in_thread

if TYPE_CHECKING:
    from mazemesh.client.game.game import GameClient


class AsyncGame:
    """What people ask of `GameClient`, as coroutines; lists come whole, games step by step.

    ```pycon
    >>> import asyncio
    >>> from mazemesh.v1 import game_pb2
    >>> async def watched(steps):
    ...     running = await mesh.game.aio.list_active(game_pb2.ACTIVE_GAME_KIND_TRAINING)
    ...     frames = mesh.game.aio.watch(running[0].game_id)
    ...     return [(await anext(frames)).step for _ in range(steps)]
    >>> len(asyncio.run(watched(3)))
    3

    ```
    """

    def __init__(self, game: GameClient) -> None:
        self.list_games = in_thread(game.list_games)
        self.spec = in_thread(game.spec)
        self.create = in_thread(game.create)
        self.list_active = all_in_thread(game.list_active)
        self.watch = followed(game.watch)
        self.list_replays = all_in_thread(game.list_replays)
        self.replay = in_thread(game.replay)
        self.watch_replay = followed(game.watch_replay)
        self.verify_replay = in_thread(game.verify_replay)
