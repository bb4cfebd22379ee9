"""Small tables and batches for the tests of Replay."""

import numpy as np

from mazemesh.wire.tensors import Signature
from services.replay.selectors.selector import Reals
from services.replay.store import Checkpoint
from services.replay.table.image import TableImage
from services.replay.table.operations import Batch, Operation
from services.replay.table.row_copy import RowCopy
from services.replay.table.spec import LimiterSpec, SelectorKind, SelectorSpec, TableSpec
from services.replay.table.storage import Keys
from services.replay.table.table import Sample, Table

SIGNATURE = Signature.of(index=("int64", ()), observation=("uint8", (2, 3)))
"""`index` tells rows apart; `observation` repeats its lowest byte."""

UNLIMITED = LimiterSpec(1, 1.0, float("-inf"), float("inf"))


def spec(
    sampler: SelectorKind = SelectorKind.UNIFORM,
    *,
    exponent: float = 0.0,
    remover: SelectorKind = SelectorKind.FIFO,
    capacity: int = 16,
    limiter: LimiterSpec = UNLIMITED,
    max_times_sampled: int = 0,
    name: str = "table",
) -> TableSpec:
    return TableSpec(
        name=name,
        signature=SIGNATURE,
        capacity=capacity,
        sampler=SelectorSpec(sampler, exponent),
        remover=SelectorSpec(remover),
        limiter=limiter,
        max_times_sampled=max_times_sampled,
    )


def prioritized(exponent: float = 1.0, capacity: int = 16, **more: object) -> TableSpec:
    return spec(SelectorKind.PRIORITIZED, exponent=exponent, capacity=capacity, **more)  # type: ignore[arg-type]


def queue(capacity: int = 16) -> TableSpec:
    limiter = LimiterSpec(1, 1.0, 0.0, float(capacity))
    return spec(SelectorKind.FIFO, capacity=capacity, limiter=limiter, max_times_sampled=1)


def batch(
    indices: "list[int] | range",
    *,
    sequence: int = 1,
    writer_id: str | None = None,
    priorities: list[float] | None = None,
    policy_versions: list[int] | None = None,
) -> Batch:
    """Rows by their index; without a writer_id each batch comes from a writer of its own."""
    index = np.array(indices, np.int64)
    observation = np.repeat((index % 256).astype(np.uint8)[:, None], 6, axis=1)
    return Batch(
        writer_id=writer_id or f"writer of {list(indices)}",
        sequence=sequence,
        rows=len(index),
        columns=[index.tobytes(), observation.tobytes()],
        priorities=None if priorities is None else np.array(priorities, np.float64),
        policy_versions=None if policy_versions is None else np.array(policy_versions, np.int64),
    )


class Rows:
    """A table with the keys of what was inserted, seen through the `index` column."""

    def __init__(self, definition: TableSpec, seed: int = 1) -> None:
        self.table = Table(definition, np.random.default_rng(seed))
        self.keys: dict[int, int] = {}
        self._sequence = 0

    def insert(
        self,
        indices: "list[int] | range",
        priorities: list[float] | None = None,
        policy_versions: list[int] | None = None,
    ) -> bool:
        """Whether the limiter allowed it."""
        inserted = self.table.insert(
            batch(
                indices,
                sequence=self._sequence + 1,
                writer_id="writer",
                priorities=priorities,
                policy_versions=policy_versions,
            )
        )
        if inserted is None:
            return False
        self._sequence += 1
        assert inserted.keys is not None
        self.keys.update(zip(indices, inserted.keys.tolist(), strict=True))
        return True

    def sample(self, count: int) -> list[int] | None:
        sample = self.table.sample(count)
        return None if sample is None else indices_of(sample)

    def update(self, priorities: dict[int, float]) -> tuple[int, int]:
        keys: Keys = np.array([self.keys[index] for index in priorities], np.uint64)
        values: Reals = np.array(list(priorities.values()), np.float64)
        return tuple(self.table.update_priorities(keys, values))

    def drain(self) -> list[int]:
        """Everything that a table with max_times_sampled still serves."""
        served = []
        while (drawn := self.sample(1)) is not None:
            served += drawn
        return served


def indices_of(sample: Sample) -> list[int]:
    index = sample.columns[0].reshape(-1).view(np.int64)
    observation = sample.columns[1]
    assert (observation == (index % 256).astype(np.uint8)[:, None]).all()
    return index.tolist()


class ListLog:
    """A log in memory: what was done, in order. It is full while there is `trouble`."""

    tail_bytes = 0

    def __init__(self) -> None:
        self.done: list[Operation] = []
        self.trouble: Exception | None = None

    def check(self) -> None:
        if self.trouble is not None:
            raise self.trouble

    def check_backlog(self) -> None:
        pass

    def append(self, operation: Operation) -> None:
        self.done.append(operation)

    async def committed(self) -> None:
        pass

    async def checkpoint(self, image: TableImage, rows: RowCopy) -> Checkpoint:
        self.done.clear()
        return Checkpoint(1, 0)

    async def delete(self) -> None:
        self.done.clear()

    async def close(self) -> None:
        pass
