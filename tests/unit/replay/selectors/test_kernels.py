import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.replay.selectors import tree_kernels as kernels


class Tree:
    """The tree kernels beside the brute force that they must equal."""

    def __init__(self, capacity: int, exponent: float) -> None:
        self.leaves = 1 << (capacity - 1).bit_length()
        self.sums = np.zeros(2 * self.leaves)
        self.maxima = np.zeros(2 * self.leaves)
        self.exponent = exponent
        self.priorities = np.zeros(capacity)

    def set(self, slots: list[int], priorities: list[float]) -> None:
        kernels.set_priorities(
            self.sums, self.maxima, np.array(slots, np.int64), np.array(priorities), self.exponent
        )
        for slot, priority in zip(slots, priorities, strict=True):
            self.priorities[slot] = priority

    def check(self) -> None:
        weights = np.where(self.priorities > 0, self.priorities**self.exponent, 0.0)
        present = self.sums[self.leaves : self.leaves + len(weights)]
        np.testing.assert_allclose(present, weights, rtol=1e-14)
        # Every parent is the sum of its children to the last bit, so nothing can have drifted.
        children = self.sums[2:].reshape(-1, 2)
        np.testing.assert_array_equal(self.sums[1 : self.leaves], children.sum(axis=1))
        np.testing.assert_allclose(self.sums[1], weights.sum(), rtol=1e-12)
        assert self.maxima[1] == self.priorities.max()


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_tree_equals_brute_force(data):
    capacity = data.draw(st.integers(1, 40))
    tree = Tree(capacity, data.draw(st.sampled_from([0.0, 0.6, 1.0, 2.5])))
    slot = st.integers(0, capacity - 1)
    priority = st.one_of(st.just(0.0), st.floats(1e-6, 1e6))
    for updates in data.draw(
        st.lists(st.lists(st.tuples(slot, priority), min_size=1, max_size=20), max_size=8)
    ):
        slots, priorities = zip(*updates, strict=True)
        tree.set(list(slots), list(priorities))
        tree.check()


def test_two_million_random_updates_do_not_drift():
    rng = np.random.default_rng(5)
    tree = Tree(100_000, 0.6)
    for _ in range(200):
        slots = rng.integers(0, 100_000, 10_000)
        priorities = 10.0 ** rng.uniform(-9, 9, 10_000) * (rng.random(10_000) > 0.1)
        kernels.set_priorities(tree.sums, tree.maxima, slots, priorities, 0.6)
        tree.priorities[slots] = priorities
    tree.check()
    everything = np.arange(100_000)
    kernels.clear_priorities(tree.sums, tree.maxima, everything)
    assert tree.sums[1] == 0.0
    assert tree.maxima[1] == 0.0


@pytest.mark.parametrize("tiny", [0.0, 5e-324, 1e-300])
def test_a_leaf_without_weight_is_never_entered(tiny):
    # Huge and tiny weights side by side leave remainders that rounding pushes over the edge.
    tree = Tree(64, 1.0)
    priorities = np.zeros(64)
    priorities[::7] = 1e17
    priorities[3::7] = tiny
    priorities[5::7] = 0.1
    tree.set(list(range(64)), priorities.tolist())
    uniforms = np.concatenate(
        [np.linspace(0, 1, 20_001)[:-1], [np.nextafter(1.0, 0.0)], np.full(5, 0.0)]
    )
    nodes = np.empty(len(uniforms), np.int64)
    kernels._descend(tree.sums, uniforms, nodes)
    assert (tree.sums[nodes] > 0).all()


def test_a_positive_priority_keeps_a_weight_when_its_power_underflows():
    tree = Tree(2, 4.0)
    tree.set([0, 1], [1e-200, 0.0])
    assert tree.sums[1] > 0


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 30), max_size=80))
def test_members_are_a_set(flips):
    members, places = np.zeros(31, np.int32), np.zeros(31, np.int32)
    size, model = 0, set()
    for slot in flips:
        change = kernels.remove_members if slot in model else kernels.add_members
        size = change(members, places, size, np.array([slot], np.int64))
        model ^= {slot}
        assert set(members[:size].tolist()) == model
        assert size == len(model)
