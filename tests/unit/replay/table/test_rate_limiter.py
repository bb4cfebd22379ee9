import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.replay.table.rate_limiter import RateLimiter
from services.replay.table.spec import LimiterSpec, SelectorKind
from tests.replay_tables import Rows, queue, spec


class LimiterModel(RuleBasedStateMachine):
    """A table under random inserts, samples and deletions never leaves its limiter's range."""

    @initialize(
        min_size=st.integers(1, 6),
        ratio=st.sampled_from([0.25, 0.5, 1.0, 3.0, 7.5]),
        below=st.floats(1.0, 20.0),
        above=st.floats(1.0, 20.0),
        limit=st.sampled_from([0, 0, 1, 4]),
    )
    def start(self, min_size, ratio, below, above, limit):
        unit, target = max(1.0, ratio), min_size * ratio
        self.spec = LimiterSpec(min_size, ratio, target - below * unit, target + above * unit)
        self.rows = Rows(spec(capacity=8, limiter=self.spec, max_times_sampled=limit))
        self.next = 0
        self.inserts = self.samples = 0

    @property
    def diff(self) -> float:
        return self.inserts * self.spec.samples_per_insert - self.samples

    @rule(count=st.integers(1, 8))
    def insert(self, count):
        limiter = self.rows.table.limiter
        if not limiter.could_ever_insert(count):
            return
        free = self.rows.table.size + count <= self.spec.min_size_to_sample
        allowed = free or (
            (self.inserts + count) * self.spec.samples_per_insert - self.samples
            <= self.spec.max_diff
        )
        assert self.rows.insert(range(self.next, self.next + count)) == allowed
        if allowed:
            self.inserts += count
            self.next += count
            assert free or self.diff <= self.spec.max_diff

    @rule(count=st.integers(1, 8))
    def sample(self, count):
        table = self.rows.table
        if not table.limiter.could_ever_sample(count):
            return
        size = table.size
        drawn = self.rows.sample(count)
        if drawn is None:
            limit = table.spec.max_times_sampled
            assert (
                size < self.spec.min_size_to_sample
                or self.diff - count < self.spec.min_diff
                or (limit and table._servings < count)
            )
            return
        self.samples += count
        assert len(drawn) == count
        assert size >= self.spec.min_size_to_sample
        assert self.diff >= self.spec.min_diff

    @precondition(lambda self: hasattr(self, "rows"))
    @invariant()
    def counters_agree(self):
        table = self.rows.table
        limiter = table.limiter
        assert (limiter.inserts, limiter.samples) == (self.inserts, self.samples)
        assert limiter.diff == self.diff
        assert 0 <= table.size == limiter.inserts - limiter.deletes <= 8


TestLimiterModel = LimiterModel.TestCase
TestLimiterModel.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def test_reverb_semantics_by_hand():
    limiter = RateLimiter(LimiterSpec(4, 2.0, 4.0, 12.0))
    assert limiter.may_insert(4)
    assert not limiter.may_sample(1)
    limiter.inserts = 4
    # diff 8: four samples go down to 4, two rows go up to 12.
    assert limiter.may_sample(4)
    assert not limiter.may_sample(5)
    assert limiter.may_insert(2)
    assert not limiter.may_insert(3)
    limiter.samples = 4
    assert not limiter.may_sample(1)
    # A delete makes inserts free again, but changes no diff.
    limiter.deletes = 3
    assert limiter.diff == 4.0
    assert limiter.may_insert(3)
    assert not limiter.may_sample(1)


def test_what_could_never_happen_is_told_apart_from_what_must_wait():
    limiter = RateLimiter(LimiterSpec(10, 8.0, 72.0, 88.0))
    assert limiter.could_ever_insert(10)
    limiter.inserts = 10
    assert limiter.could_ever_insert(2)
    assert not limiter.could_ever_insert(3)
    assert limiter.could_ever_sample(16)
    assert not limiter.could_ever_sample(17)


def test_a_queue_takes_and_gives_in_order():
    rows = Rows(queue(4))
    assert rows.insert(range(4))
    assert not rows.insert([4])
    assert rows.sample(3) == [0, 1, 2]
    assert rows.insert([4, 5, 6])
    assert rows.sample(4) == [3, 4, 5, 6]
    assert rows.sample(1) is None
    assert rows.table.size == 0


def test_the_range_must_be_wide_enough_unless_it_is_a_queue():
    queue(1).check()
    with pytest.raises(ValueError, match=r"\[0, 3\] is 3 wide; expected at least 2 .* = 4"):
        spec(SelectorKind.FIFO, limiter=LimiterSpec(1, 2.0, 0.0, 3.0)).check()
