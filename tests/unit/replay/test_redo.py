"""What was done to a table, done again from any moment on, makes the same table."""

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.replay.journal import records
from services.replay.table.image import Diverged, TableImage
from services.replay.table.operations import (
    DropOlder,
    Insert,
    Operation,
    Restart,
    Serve,
    SetLimiter,
    SetPriorities,
)
from services.replay.table.row_copy import RowCopy, RowSlice
from services.replay.table.spec import LimiterSpec, SelectorKind
from services.replay.table.table import Table
from tests.replay_tables import SIGNATURE, batch, spec


class Life:
    """A table to which random things happen, and the list of them."""

    def __init__(self, table: Table, seed: int) -> None:
        self.table = table
        self.done: list[Operation] = []
        self._rng = np.random.default_rng(seed)
        self._next = 0
        self._sequences: Counter[str] = Counter()
        self._keys = np.zeros(0, np.uint64)

    def go_on(self) -> None:
        kind = self._rng.choice(["insert", "insert", "sample", "sample", "update", "drop", "limit"])
        getattr(self, f"_{kind}")()

    def _insert(self) -> None:
        count = int(self._rng.integers(1, 6))
        writer = f"writer {self._rng.integers(3)}"
        self._sequences[writer] += 1
        new = batch(
            range(self._next, self._next + count),
            writer_id=writer,
            sequence=self._sequences[writer],
            priorities=self._rng.choice([0.0, 0.5, 1.0, 3.0], count).tolist()
            if self._rng.random() < 0.7
            else None,
            policy_versions=self._rng.integers(0, 9, count).tolist()
            if self._rng.random() < 0.5
            else None,
        )
        inserted = self.table.insert(new)
        self._next += count
        self._keys = np.concatenate([self._keys[-20:], inserted.keys])
        self.done.append(Insert(new, int(inserted.keys[0])))

    def _sample(self) -> None:
        count = int(self._rng.integers(1, 6))
        if self.table.sample(count) is not None:
            self.done.append(Serve(count))

    def _update(self) -> None:
        keys = self._rng.permutation(self._keys)[:7]
        priorities = self._rng.choice([0.0, 0.1, 1.0, 2.0], len(keys))
        self.table.update_priorities(keys, priorities)
        self.done.append(SetPriorities(keys, priorities))

    def _drop(self) -> None:
        version = int(self._rng.integers(0, 3))
        if self.table.drop_older(version):
            self.done.append(DropOlder(version))

    def _limit(self) -> None:
        limiter = LimiterSpec(1, float(self._rng.uniform(0.5, 2)), -np.inf, np.inf)
        self.table.set_limiter(limiter)
        self.done.append(SetLimiter(limiter))


def contents(table: Table) -> tuple[str, dict[str, list], dict[int, bytes]]:
    """Everything that a table holds, to be compared."""
    image, rows = table.image()
    held = {
        int(slot): b"".join(column[row].tobytes() for column in part.columns)
        for part in slices(rows)
        for row, slot in enumerate(part.slots)
    }
    table.end_image()
    arrays = {name: array.tolist() for name, array in image.arrays.items()}
    for name in ("sampler", "remover"):
        if (tickets := arrays.pop(f"{name}_tickets", None)) is not None:
            # Their order counts, not the numbers.
            arrays[name] = [slot for _, slot in sorted(zip(tickets, arrays[name], strict=True))]
    arrays["priorities"] = [image.arrays["priorities"][slot] for slot in sorted(held)]
    return json.dumps([image.scalars, str(image.spec)], default=str), arrays, held


def slices(rows: RowCopy) -> list[RowSlice]:
    parts = []
    while (part := rows.next()) is not None:
        parts.append(part)
    return parts


def through_the_log(done: list[Operation]) -> list[Operation]:
    bodies = [b"".join(records.encode(operation, SIGNATURE)) for operation in done]
    return [records.decode(memoryview(body), SIGNATURE) for body in bodies]


def through_json(image: TableImage) -> TableImage:
    scalars = json.loads(json.dumps(image.scalars))
    return TableImage(image.spec, image.original_spec, scalars, image.arrays)


@settings(max_examples=40, deadline=None)
@given(
    sampler=st.sampled_from(list(SelectorKind)),
    remover=st.sampled_from(list(SelectorKind)),
    limit=st.sampled_from([0, 0, 1, 3]),
    capacity=st.integers(6, 40),
    seed=st.integers(0, 2**32),
    before=st.integers(0, 60),
)
def test_an_image_and_what_was_done_since_make_the_same_table(
    sampler, remover, limit, capacity, seed, before
):
    exponent = 0.6 if sampler is SelectorKind.PRIORITIZED else 0.0
    definition = spec(
        sampler, exponent=exponent, remover=remover, capacity=capacity, max_times_sampled=limit
    )
    life = Life(Table(definition, np.random.default_rng(seed)), seed)
    for _ in range(before):
        life.go_on()
    life.done.clear()
    image, rows = life.table.image()
    rows._step = 4
    parts = []
    # Some rows are copied at once, some later, some only after others took their place.
    for _ in range(60):
        life.go_on()
        if life._rng.random() < 0.1 and (part := rows.next()) is not None:
            parts.append(part)
    parts += slices(rows)
    life.table.end_image()

    again = Table.from_image(through_json(image), parts)
    for operation in through_the_log(life.done):
        again.redo(operation)
    assert contents(again) == contents(life.table)
    for _ in range(100):
        ours, theirs = life.table.sample(1), again.sample(1)
        assert (ours is None) == (theirs is None)
        if ours is not None:
            np.testing.assert_array_equal(ours.keys, theirs.keys)
            np.testing.assert_array_equal(ours.columns[0], theirs.columns[0])
            assert ours.probabilities == theirs.probabilities


def test_what_does_not_fit_the_state_is_refused():
    first = Life(Table(spec(), np.random.default_rng(1)), 1)
    other = Table(spec(), np.random.default_rng(2))
    for _ in range(10):
        first.go_on()
    insert = next(each for each in first.done if isinstance(each, Insert))
    with pytest.raises(Diverged, match=r"batch 1 of writer 'writer \d' began with key 0x"):
        other.redo(insert)


def test_rows_after_a_restart_have_keys_of_their_own():
    table = Table(spec(capacity=8), np.random.default_rng(1))
    lost = Table(spec(capacity=8), np.random.default_rng(1))
    for each in (table, lost):
        each.insert(batch([0, 1], writer_id="w", sequence=1))
    never_stored = lost.insert(batch([2, 3], writer_id="w", sequence=2)).keys
    table.redo(Restart(12345))
    fresh = table.insert(batch([4, 5], writer_id="w", sequence=2)).keys
    assert not set(fresh.tolist()) & set(never_stored.tolist())
    assert table.update_priorities(never_stored, np.ones(2)) == (0, 2)
    assert table.update_priorities(fresh, np.ones(2)) == (2, 0)


@pytest.mark.parametrize("body", [b"", b"\x00", b"\x63abc"])
def test_records_of_another_version_are_refused(body):
    with pytest.raises(ValueError, match="unknown kind"):
        records.decode(memoryview(body), SIGNATURE)
