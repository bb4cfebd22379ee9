"""`mesh.model.aio`: versions and what they answer, for asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mazemesh.client.aio.in_thread import all_in_thread, followed, in_thread

if TYPE_CHECKING:
    from mazemesh.client.model import ModelClient


class AsyncModel:
    """What people ask of `ModelClient`, as coroutines; lists come whole, changes as they happen.

    ```pycon
    >>> import asyncio
    >>> async def newest(name):
    ...     return (await mesh.model.aio.describe(name)).version
    >>> asyncio.run(newest("race")) > 0
    True

    ```
    """

    def __init__(self, model: ModelClient) -> None:
        self.list = all_in_thread(model.list)
        self.describe = in_thread(model.describe)
        self.details = in_thread(model.details)
        self.get = in_thread(model.get)
        self.watch = followed(model.watch)
        self.alias = in_thread(model.alias)
        self.alias_history = all_in_thread(model.alias_history)
        self.set_alias = in_thread(model.set_alias)
        self.infer = in_thread(model.infer)
        self.policy_signature = in_thread(model.policy_signature)
        self.drift = in_thread(model.drift)
