import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from services.replay.selectors.kinds import make_selector
from services.replay.selectors.selector import REMOVE, Selector
from services.replay.table.spec import SelectorKind, SelectorSpec

CAPACITY = 24
KINDS = [
    SelectorSpec(SelectorKind.UNIFORM),
    SelectorSpec(SelectorKind.PRIORITIZED, 0.0),
    SelectorSpec(SelectorKind.PRIORITIZED, 0.6),
    SelectorSpec(SelectorKind.PRIORITIZED, 1.0),
    SelectorSpec(SelectorKind.FIFO),
    SelectorSpec(SelectorKind.LIFO),
]


def slots(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def filled(spec: SelectorSpec, priorities: np.ndarray) -> Selector:
    selector = make_selector(spec, CAPACITY)
    selector.add(np.arange(len(priorities)), priorities)
    return selector


def expected(spec: SelectorSpec, priorities: np.ndarray) -> np.ndarray:
    if spec.kind is SelectorKind.UNIFORM or not priorities.any():
        return np.full(len(priorities), 1 / len(priorities))
    weights = np.where(priorities > 0, priorities**spec.exponent, 0.0)
    return weights / weights.sum()


def assert_frequencies(drawn: np.ndarray, probabilities: np.ndarray) -> None:
    counts = np.bincount(drawn, minlength=len(probabilities))
    possible = probabilities > 0
    assert counts[~possible].sum() == 0
    result = stats.chisquare(counts[possible], probabilities[possible] * len(drawn))
    assert result.pvalue > 1e-4


@pytest.mark.parametrize("spec", KINDS[:4], ids=str)
def test_frequencies_follow_the_priorities_through_inserts_updates_and_removals(spec):
    rng = np.random.default_rng(11)
    priorities = rng.uniform(0.1, 5.0, CAPACITY)
    priorities[4] = 0.0
    selector = filled(spec, priorities)
    times = np.zeros(CAPACITY, np.int32)

    def check(present: np.ndarray) -> None:
        draw = selector.draw(200_000, rng, times, 0)
        wanted = np.zeros(CAPACITY)
        wanted[present] = expected(spec, priorities[present])
        assert_frequencies(draw.slots, wanted)
        np.testing.assert_allclose(draw.probabilities, wanted[draw.slots], rtol=1e-12)

    everything = np.arange(CAPACITY)
    check(everything)
    changed = slots(0, 5, 5, 23)
    priorities[[0, 5, 23]] = [9.0, 2.0, 0.0]
    selector.update(changed, np.array([9.0, 77.0, 2.0, 0.0]))
    check(everything)
    selector.remove(slots(0, 7, 11))
    check(np.delete(everything, [0, 7, 11]))
    priorities[7] = 3.0
    selector.add(slots(7), np.array([3.0]))
    check(np.delete(everything, [0, 11]))


@pytest.mark.parametrize("exponent", [0.0, 0.6, 1.0])
def test_zeros_only_are_drawn_uniformly(exponent):
    selector = filled(SelectorSpec(SelectorKind.PRIORITIZED, exponent), np.zeros(10))
    draw = selector.draw(50_000, np.random.default_rng(2), np.zeros(CAPACITY, np.int32), 0)
    assert_frequencies(draw.slots, np.full(10, 0.1))
    np.testing.assert_array_equal(draw.probabilities, 0.1)


@pytest.mark.parametrize("spec", KINDS, ids=str)
@pytest.mark.parametrize("limit", [0, 1, 3, REMOVE])
def test_a_batch_equals_single_draws(spec, limit):
    priorities = np.random.default_rng(3).uniform(0, 2, CAPACITY)
    priorities[::5] = 0.0
    count = CAPACITY if limit in (1, REMOVE) else 50
    together, times = filled(spec, priorities), np.zeros(CAPACITY, np.int32)
    batch = together.draw(count, np.random.default_rng(4), times, limit)
    one_by_one, single_times = filled(spec, priorities), np.zeros(CAPACITY, np.int32)
    rng = np.random.default_rng(4)
    single = [one_by_one.draw(1, rng, single_times, limit) for _ in range(count)]
    for field in ("slots", "probabilities", "spent"):
        np.testing.assert_array_equal(
            getattr(batch, field), np.concatenate([getattr(draw, field) for draw in single])
        )
    if limit != REMOVE:
        np.testing.assert_array_equal(batch.counts, np.concatenate([d.counts for d in single]))
    np.testing.assert_array_equal(times, single_times)


@pytest.mark.parametrize("spec", KINDS, ids=str)
@pytest.mark.parametrize("limit", [1, 3])
def test_the_limit_is_reached_exactly_and_probabilities_follow_the_removals(spec, limit):
    priorities = np.random.default_rng(6).uniform(0, 2, CAPACITY)
    priorities[::5] = 0.0
    selector, times = filled(spec, priorities), np.zeros(CAPACITY, np.int32)
    draw = selector.draw(limit * CAPACITY, np.random.default_rng(7), times, limit)
    assert (times == limit).all()
    assert sorted(draw.spent.tolist()) == list(range(CAPACITY))
    if spec.kind in (SelectorKind.FIFO, SelectorKind.LIFO):
        return
    drawn = np.zeros(CAPACITY, int)
    for slot, probability in zip(draw.slots, draw.probabilities, strict=True):
        present = np.flatnonzero(drawn < limit)
        wanted = expected(spec, priorities[present])[present.tolist().index(slot)]
        assert probability == pytest.approx(wanted, rel=1e-12)
        drawn[slot] += 1


@pytest.mark.parametrize("spec", KINDS[:4], ids=str)
def test_draws_without_replacement_have_the_right_frequencies(spec):
    priorities = np.array([1.0, 2.0, 4.0])
    wanted = expected(spec, priorities)
    second = np.array(
        [sum(wanted[j] * wanted[i] / (1 - wanted[j]) for j in range(3) if j != i) for i in range(3)]
    )
    rng = np.random.default_rng(8)
    first_two = np.empty((20_000, 2), int)
    for row in first_two:
        times = np.zeros(CAPACITY, np.int32)
        row[:] = filled(spec, priorities).draw(2, rng, times, REMOVE).slots
    assert_frequencies(first_two[:, 0], wanted)
    assert_frequencies(first_two[:, 1], second)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from([SelectorKind.FIFO, SelectorKind.LIFO]))
def test_order_equals_a_list(data, kind):
    capacity, limit = 8, data.draw(st.sampled_from([0, 1, 2, REMOVE]))
    selector = make_selector(SelectorSpec(kind), capacity)
    times = np.zeros(capacity, np.int32)
    model: list[int] = []
    served: dict[int, int] = {}
    for _ in range(data.draw(st.integers(1, 40))):
        absent = [slot for slot in range(capacity) if slot not in model]
        action = data.draw(st.sampled_from(["add", "remove", "draw"]))
        if action == "add" and absent:
            new = data.draw(st.permutations(absent))[: data.draw(st.integers(1, len(absent)))]
            times[new] = 0
            served.update(dict.fromkeys(new, 0))
            selector.add(np.array(new), np.ones(len(new)))
            model += new
        elif action == "remove" and model:
            gone = data.draw(st.sets(st.sampled_from(model), min_size=1))
            selector.remove(np.array(sorted(gone)))
            model = [slot for slot in model if slot not in gone]
        elif action == "draw" and model:
            count = data.draw(st.integers(1, len(model)))
            draw = selector.draw(count, np.random.default_rng(0), times, limit)
            for slot, drawn in zip(draw.slots.tolist(), draw.counts.tolist(), strict=True):
                assert slot == model[0 if kind is SelectorKind.FIFO else -1]
                served[slot] = served.get(slot, 0) + 1
                assert drawn == (0 if limit == REMOVE else served[slot])
                if limit == REMOVE or drawn == limit:
                    model.remove(slot)


@settings(max_examples=60, deadline=None)
@given(st.data())
@pytest.mark.parametrize("kind", [SelectorKind.MAX_HEAP, SelectorKind.MIN_HEAP])
def test_heaps_equal_a_sorted_list(kind, data):
    selector = make_selector(SelectorSpec(kind), CAPACITY)
    sign = -1 if kind is SelectorKind.MAX_HEAP else 1
    # Of each slot its rank, and when it was changed last: of equal ranks the oldest comes first.
    known: dict[int, tuple[float, int]] = {}
    times = np.zeros(CAPACITY, np.int32)
    for moment in range(data.draw(st.integers(1, 25))):
        free = sorted(set(range(CAPACITY)) - known.keys())
        action = data.draw(st.sampled_from(["add", "update", "remove", "draw", "take"]))
        if action == "add" and free:
            slot = data.draw(st.sampled_from(free))
            priority = data.draw(st.sampled_from([0.0, 1.0, 2.0]))
            selector.add(slots(slot), np.array([priority]))
            known[slot] = (sign * priority, moment)
        elif action == "update" and known:
            slot = data.draw(st.sampled_from(sorted(known)))
            priority = data.draw(st.sampled_from([0.0, 1.0, 2.0]))
            selector.update(slots(slot), np.array([priority]))
            known[slot] = (sign * priority, moment)
        elif action == "remove" and known:
            slot = data.draw(st.sampled_from(sorted(known)))
            selector.remove(slots(slot))
            del known[slot]
        elif action == "draw" and known:
            draw = selector.draw(3, np.random.default_rng(0), times, 0)
            assert draw.slots.tolist() == [min(known, key=known.__getitem__)] * 3
            assert draw.probabilities.tolist() == [1.0] * 3
        elif action == "take" and known:
            count = data.draw(st.integers(1, len(known)))
            draw = selector.draw(count, np.random.default_rng(0), times, REMOVE)
            wanted = sorted(known, key=known.__getitem__)[:count]
            assert draw.slots.tolist() == draw.spent.tolist() == wanted
            for slot in wanted:
                del known[slot]
        assert selector.mass() == len(known)
        highest = max((abs(rank) for rank, _ in known.values()), default=1.0)
        assert selector.highest_priority() == highest
