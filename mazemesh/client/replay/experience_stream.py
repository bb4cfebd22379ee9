"""Batches of experience one after the other, from one service or several."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Self

import numpy.typing as npt

from mazemesh.wire.experience_batch import ExperienceBatch


class ExperienceStream(Iterator[ExperienceBatch], ABC):
    """An endless iterator of batches, which `close` ends; also a context manager."""

    @abstractmethod
    def receive(self, timeout: float | None = None) -> ExperienceBatch | None:
        """The next batch; None when none came within `timeout` seconds, or after `close`.

        Raises:
            MazemeshError: it could not be drawn; InvalidArgument for another signature than the
                table's.
        """

    @abstractmethod
    def update_priorities(self, keys: npt.NDArray[Any], priorities: npt.ArrayLike) -> None:
        """Sends new priorities along with the next request, before its rows are drawn."""

    @abstractmethod
    def close(self) -> None:
        """Cancels what is requested; the iteration ends. Batches that were received are dropped."""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> ExperienceBatch:
        batch = self.receive()
        if batch is None:
            raise StopIteration
        return batch

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
