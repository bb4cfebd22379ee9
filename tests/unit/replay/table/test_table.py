from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mazemesh.errors import AlreadyExists, FailedPrecondition, InvalidArgument, OutOfRange
from services.replay.table.fingerprint import Fingerprint
from services.replay.table.operations import Insert
from services.replay.table.spec import LimiterSpec, SelectorKind
from services.replay.table.table import Table
from services.replay.table.writers import Writers
from tests.replay_tables import UNLIMITED, Rows, batch, indices_of, prioritized, queue, spec


def new_table(definition, seed=1):
    return Table(definition, np.random.default_rng(seed))


def test_rows_come_back_whole_with_all_that_is_told_about_them():
    table = new_table(prioritized(exponent=0.6))
    keys = table.insert(
        batch([300, 301, 302], priorities=[1.0, 2.0, 0.0], policy_versions=[7, 8, 9])
    ).keys
    sample = table.sample(1000)
    rows = np.array(indices_of(sample)) - 300
    weights = np.array([1.0, 2.0**0.6, 0.0])
    np.testing.assert_array_equal(sample.keys, keys[rows])
    np.testing.assert_allclose(sample.probabilities, (weights / weights.sum())[rows], rtol=1e-14)
    np.testing.assert_array_equal(sample.priorities, np.array([1.0, 2.0])[rows])
    np.testing.assert_array_equal(sample.policy_versions, np.array([7, 8])[rows])
    for row in (0, 1):
        counts = sample.times_sampled[rows == row]
        np.testing.assert_array_equal(counts, np.arange(1, len(counts) + 1))
    assert sample.table_size == 3


@pytest.mark.parametrize(
    "kind", [SelectorKind.UNIFORM, SelectorKind.PRIORITIZED, SelectorKind.FIFO, SelectorKind.LIFO]
)
def test_a_batch_equals_single_inserts_and_draws(kind):
    exponent = 0.6 if kind is SelectorKind.PRIORITIZED else 0.0
    # Evictions reorder the uniform selector's slots, so that the same random numbers choose others.
    capacity = 25 if kind is SelectorKind.UNIFORM else 10
    definition = spec(kind, exponent=exponent, capacity=capacity)
    priorities = np.random.default_rng(0).uniform(0, 3, 25).tolist()
    together, single = Rows(definition), Rows(definition)
    for start in range(0, 25, 5):
        together.insert(range(start, start + 5), priorities[start : start + 5])
        for index in range(start, start + 5):
            single.insert([index], priorities[index : index + 1])
        assert together.keys == single.keys
        changes = {start: 0.5, start + 3: 4.0, max(0, start - 7): 1.0}
        assert together.update(changes) == tuple(
            np.sum([single.update({index: value}) for index, value in changes.items()], axis=0)
        )
        drawn = together.sample(40)
        assert drawn == [index for _ in range(40) for index in single.sample(1)]


def test_a_full_table_pushes_out_the_oldest_and_late_priorities_change_nothing():
    rows = Rows(prioritized(capacity=4))
    rows.insert(range(4), [1.0] * 4)
    rows.insert([10, 11], [2.0, 2.0])
    assert rows.table.size == 4
    assert rows.table.limiter.deletes == 2
    assert set(rows.sample(400)) == {2, 3, 10, 11}
    # Slots of 0 and 1 now hold 10 and 11; updates for the old keys must not reach them.
    assert rows.update({0: 1e9, 1: 1e9, 2: 0.0}) == (1, 2)
    assert rows.table.stale_updates == 2
    assert set(rows.sample(400)) == {3, 10, 11}


def test_lifo_removal_spares_the_oldest():
    rows = Rows(spec(remover=SelectorKind.LIFO, capacity=4))
    rows.insert(range(4))
    rows.insert([10, 11])
    assert set(rows.sample(400)) == {0, 1, 10, 11}


def test_prioritized_removal_takes_no_row_without_weight():
    definition = spec(SelectorKind.UNIFORM, remover=SelectorKind.PRIORITIZED, capacity=4)
    rows = Rows(definition)
    rows.insert(range(4), [0.0, 1.0, 0.0, 1.0])
    rows.insert([10, 11], [0.0, 0.0])
    assert set(rows.sample(400)) == {0, 2, 10, 11}


def test_keys_that_were_never_given_are_stale():
    rows = Rows(prioritized())
    rows.insert(range(3))
    forged = np.array([0, 1, 2, 2**32, 2**63, 2**64 - 1, 16, 500], np.uint64)
    assert rows.table.update_priorities(forged, np.ones(8)) == (0, 8)


def test_keys_from_before_a_restart_are_stale():
    before, after = Rows(prioritized(), seed=1), Rows(prioritized(), seed=2)
    before.insert(range(8))
    after.insert(range(8))
    after.keys = before.keys
    assert after.update(dict.fromkeys(range(8), 5.0)) == (0, 8)


def test_rows_without_priority_take_the_highest_that_is_present():
    rows = Rows(prioritized(capacity=4))
    rows.insert([0, 1])
    assert set(rows.table.sample(50).priorities) == {1.0}
    rows.update({0: 7.0, 1: 3.0})
    rows.insert([2])
    rows.update({0: 0.0})
    priority = {row: p for row, p in _priorities(rows).items() if row != 0}
    assert priority == {1: 3.0, 2: 7.0}
    # The row with 7 leaves (0, 1 first); what is left decides.
    rows.insert([3, 4, 5], [1.0, 1.0, 1.0])
    rows.insert([6, 7])
    assert set(_priorities(rows).items()) <= {(4, 1.0), (5, 1.0), (6, 7.0), (7, 7.0)}


def _priorities(rows: Rows) -> dict[int, float]:
    sample = rows.table.sample(500)
    return dict(zip(indices_of(sample), sample.priorities.tolist(), strict=True))


@pytest.mark.parametrize("exponent", [0.0, 0.6, 1.0])
def test_priority_zero_is_never_drawn_unless_all_are_zero(exponent):
    rows = Rows(prioritized(exponent=exponent))
    rows.insert(range(4), [0.0, 1e-12, 0.0, 5.0])
    assert set(rows.sample(2000)) <= {1, 3}
    rows.update({1: 0.0, 3: 0.0})
    assert set(rows.sample(2000)) == {0, 1, 2, 3}


def test_a_priority_whose_weights_could_not_be_summed_is_refused_and_nothing_changes():
    rows = Rows(prioritized(exponent=4.0))
    rows.insert([0], [1.0])
    with pytest.raises(InvalidArgument, match=r"priorities has 1e\+100; expected at most"):
        rows.insert([1], [1e100])
    with pytest.raises(InvalidArgument, match="expected at most"):
        rows.update({0: 1e100})
    assert rows.table.size == 1
    assert rows.insert([1], [1e70])
    assert set(rows.sample(100)) == {1}


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("kind", list(SelectorKind))
def test_rows_leave_after_so_many_samples(kind, times):
    exponent = 1.0 if kind is SelectorKind.PRIORITIZED else 0.0
    rows = Rows(spec(kind, exponent=exponent, max_times_sampled=times))
    rows.insert(range(10))
    assert rows.table.sample(10 * times + 1) is None
    served = rows.sample(7) + rows.drain()
    assert sorted(served) == sorted(list(range(10)) * times)
    assert rows.table.size == 0
    assert rows.insert(range(10, 26))
    assert sorted(rows.drain()) == sorted(list(range(10, 26)) * times)


def test_evicted_rows_take_their_servings_along():
    rows = Rows(spec(SelectorKind.FIFO, capacity=4, max_times_sampled=2))
    rows.insert(range(4))
    assert rows.sample(1) == [0]
    rows.insert([4, 5])
    assert rows.table.sample(9) is None
    assert rows.sample(8) == [2, 2, 3, 3, 4, 4, 5, 5]


def test_rows_of_old_policies_are_dropped_and_do_not_clog_a_queue():
    rows = Rows(queue(6))
    rows.insert(range(4), policy_versions=[1, 2, 3, 1])
    rows.insert([4, 5])
    assert not rows.insert([6])
    assert rows.table.drop_older(2) == 4
    assert rows.table.drop_older(2) == 0
    assert rows.table.dropped == 4
    assert rows.insert([6, 7, 8, 9], policy_versions=[2, 9, 9, 9])
    assert rows.table.drop_older(3) == 2
    assert rows.sample(4) == [2, 7, 8, 9]
    assert rows.table.limiter.diff == 0
    assert rows.table.drop_older(100) == 0


def test_dropping_from_a_prioritized_table_is_a_delete_only():
    rows = Rows(prioritized())
    rows.insert(range(6), [1.0] * 6, policy_versions=[1, 5, 1, 5, 1, 5])
    diff = rows.table.limiter.diff
    assert rows.table.drop_older(4) == 3
    assert rows.table.limiter.diff == diff
    assert set(rows.sample(300)) == {1, 3, 5}


def test_a_duplicate_is_answered_again_and_inserts_nothing():
    table = new_table(spec())
    first = table.insert(batch([1, 2], writer_id="w", sequence=1))
    again = table.insert(batch([1, 2], writer_id="w", sequence=1))
    assert again.duplicate
    np.testing.assert_array_equal(again.keys, first.keys)
    table.insert(batch([3], writer_id="w", sequence=2))
    with pytest.raises(OutOfRange, match=r"sequence is 1; writer 'w' is at 2, .*; expected 2 or 3"):
        table.insert(batch([1, 2], writer_id="w", sequence=1))
    assert table.size == 3


def test_other_rows_under_a_used_sequence_are_refused():
    table = new_table(prioritized())
    first = table.insert(batch([1, 2], writer_id="w", sequence=1, policy_versions=[7, 7]))
    others = (
        batch([1, 3], writer_id="w", sequence=1, policy_versions=[7, 7]),
        batch([1, 2], writer_id="w", sequence=1, policy_versions=[7, 8]),
        batch([1, 2], writer_id="w", sequence=1),
        batch([1], writer_id="w", sequence=1, policy_versions=[7]),
    )
    for other in others:
        with pytest.raises(AlreadyExists, match="sequence is 1, under which writer 'w' inserted"):
            table.insert(other)
    # Priorities are a table's own: a batch may come again with others.
    again = batch([1, 2], writer_id="w", sequence=1, policy_versions=[7, 7], priorities=[3.0, 4.0])
    np.testing.assert_array_equal(table.insert(again).keys, first.keys)
    assert table.size == 2


def test_a_table_from_an_older_checkpoint_takes_a_batch_of_unknown_rows_for_the_same():
    table = new_table(spec())
    table.insert(batch([1, 2], writer_id="w", sequence=1))
    image, rows = table.image()
    older = [entry[:3] for entry in image.scalars["writers"]]
    image = replace(image, scalars={**image.scalars, "writers": older})
    again = Table.from_image(image, iter(rows.next, None))
    assert again.insert(batch([8, 9], writer_id="w", sequence=1)).duplicate


def test_keys_of_the_least_recent_answers_are_forgotten_and_their_batches_are_not():
    writers = Writers(limit=10, most_keys=5)
    for number in range(3):
        writers.remember(
            f"w{number}", 1, Fingerprint(number, [], None), np.arange(2, dtype=np.uint64)
        )
    assert [writers.answer(f"w{number}") is None for number in range(3)] == [True, False, False]
    assert writers.is_duplicate("w0", 1, Fingerprint(0, [], None))
    restored = Writers(limit=10, most_keys=5)
    restored.restore(*writers.image())
    assert restored.image()[0] == writers.image()[0]
    assert restored.answer("w0") is None
    np.testing.assert_array_equal(restored.answer("w2"), [0, 1])


def test_a_gap_names_the_expected_sequence_and_inserts_nothing():
    table = new_table(spec())
    table.insert(batch([1], writer_id="w", sequence=1))
    with pytest.raises(FailedPrecondition, match="sequence is 3; expected 2 from writer 'w'"):
        table.insert(batch([2], writer_id="w", sequence=3))
    assert table.size == 1


def test_an_unknown_writer_may_begin_anywhere():
    table = new_table(spec())
    assert not table.insert(batch([1], writer_id="w", sequence=41)).duplicate
    assert not table.insert(batch([2], writer_id="w", sequence=42)).duplicate
    with pytest.raises(FailedPrecondition, match="expected 43"):
        table.insert(batch([2], writer_id="w", sequence=44))


def test_what_can_never_be_inserted_or_sampled_at_once_is_refused():
    table = new_table(prioritized(limiter=LimiterSpec(2, 2.0, 0.0, 8.0)))
    with pytest.raises(InvalidArgument, match=r"columns\.rows is 17; the table holds at most 16"):
        table.insert(batch(range(17)))
    with pytest.raises(InvalidArgument, match=r"rows is 5; .* \[0, 8\] admits at most 4 rows"):
        table.insert(batch(range(5)))
    with pytest.raises(InvalidArgument, match="batch_size is 9"):
        table.sample(9)
    assert table.insert(batch(range(4))) is not None
    assert table.insert(batch(range(4, 8))) is None
    assert table.sample(8) is not None


def test_what_is_redone_asks_no_limiter():
    done, table = new_table(queue(2)), new_table(queue(2))
    for new in (
        batch([0, 1], writer_id="w", sequence=1),
        batch([2], writer_id="w", sequence=2),
    ):
        done.set_limiter(LimiterSpec(1, 1.0, 0.0, 9.0))
        table.redo(Insert(new, int(done.insert(new).keys[0])))
    assert table.insert(batch([2], writer_id="w", sequence=2)).duplicate
    assert indices_of(table.sample(2)) == [1, 2]


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.data())
def test_random_lives_of_a_table_equal_a_dictionary(data):
    capacity = data.draw(st.integers(1, 12))
    limit = data.draw(st.sampled_from([0, 2]))
    kind = data.draw(st.sampled_from(list(SelectorKind)))
    exponent = 1.0 if kind is SelectorKind.PRIORITIZED else 0.0
    rows = Rows(
        spec(kind, exponent=exponent, capacity=capacity, limiter=UNLIMITED, max_times_sampled=limit)
    )
    model: dict[int, tuple[float, int]] = {}
    served: dict[int, int] = {}
    next_index = 0
    for _ in range(data.draw(st.integers(1, 30))):
        action = data.draw(st.sampled_from(["insert", "sample", "update", "drop"]))
        if action == "insert":
            count = data.draw(st.integers(1, capacity))
            new = range(next_index, next_index + count)
            next_index += count
            priorities = data.draw(st.lists(st.floats(0.1, 10), min_size=count, max_size=count))
            versions = data.draw(st.lists(st.integers(0, 5), min_size=count, max_size=count))
            rows.insert(new, priorities, versions)
            for index, *known in zip(new, priorities, versions, strict=True):
                model[index] = tuple(known)
            for index in sorted(model)[: max(0, len(model) - capacity)]:
                del model[index]
        elif action == "sample" and model:
            sample = rows.table.sample(data.draw(st.integers(1, 6)))
            for row, index in enumerate(indices_of(sample) if sample else []):
                priority, version = model[index]
                served[index] = served.get(index, 0) + 1
                assert sample.priorities[row] == priority
                assert sample.policy_versions[row] == version
                assert sample.times_sampled[row] == served[index]
                assert sample.keys[row] == rows.keys[index]
                if served[index] == limit:
                    del model[index]
        elif action == "update" and rows.keys:
            changes = data.draw(
                st.dictionaries(st.sampled_from(sorted(rows.keys)), st.floats(0.1, 10), min_size=1)
            )
            present = changes.keys() & model.keys()
            assert rows.update(changes) == (len(present), len(changes) - len(present))
            model.update({index: (changes[index], model[index][1]) for index in present})
        elif action == "drop":
            version = data.draw(st.integers(1, 5))
            old = [index for index, known in model.items() if known[1] < version]
            assert rows.table.drop_older(version) == len(old)
            for index in old:
                del model[index]
        assert rows.table.size == len(model)
        if limit:
            left = sum(limit - served.get(index, 0) for index in model)
            assert (rows.table.sample(left + 1), left) == (None, rows.table._servings)
