"""When inserts and samples may go on: the arithmetic of Reverb's rate limiter.

Cassirer et al. 2021, "Reverb: A Framework For Experience Replay", section 3.3.
"""

from __future__ import annotations

from services.replay.table.spec import LimiterSpec


class RateLimiter:
    """Counts rows that went in, were sampled and left, and says what may happen next.

    `diff` = inserts * samples_per_insert - samples is held within [min_diff, max_diff], except that
    inserts are free until the table holds `min_size_to_sample` rows.
    """

    def __init__(self, spec: LimiterSpec) -> None:
        self.spec = spec
        self.inserts = 0
        self.samples = 0
        self.deletes = 0

    @property
    def size(self) -> int:
        """Rows in the table."""
        return self.inserts - self.deletes

    @property
    def diff(self) -> float:
        """What is held against min_diff and max_diff."""
        return self._diff(self.inserts, self.samples)

    def may_sample(self, rows: int) -> bool:
        """Whether `rows` rows may be sampled now."""
        if self.size < self.spec.min_size_to_sample:
            return False
        return self._diff(self.inserts, self.samples + rows) >= self.spec.min_diff

    def may_insert(self, rows: int) -> bool:
        """Whether `rows` rows may be inserted now."""
        if self._is_free(rows):
            return True
        return self._diff(self.inserts + rows, self.samples) <= self.spec.max_diff

    def could_ever_insert(self, rows: int) -> bool:
        """Whether samples alone could make room for `rows` rows at once."""
        return self._is_free(rows) or rows * self.spec.samples_per_insert <= self.spec.width

    def could_ever_sample(self, rows: int) -> bool:
        """Whether inserts alone could allow sampling `rows` rows at once."""
        spec = self.spec
        highest = max(spec.max_diff, spec.min_size_to_sample * spec.samples_per_insert, self.diff)
        return rows <= highest - spec.min_diff

    def describe(self) -> str:
        """The state in words, for a caller that waited in vain."""
        spec = self.spec
        return (
            f"size {self.size} (sampling needs {spec.min_size_to_sample}), "
            f"diff {self.diff:g} in [{spec.min_diff:g}, {spec.max_diff:g}], "
            f"inserts {self.inserts}, samples {self.samples}, "
            f"samples_per_insert {spec.samples_per_insert:g}"
        )

    def _is_free(self, rows: int) -> bool:
        return self.size + rows <= self.spec.min_size_to_sample

    def _diff(self, inserts: int, samples: int) -> float:
        return inserts * self.spec.samples_per_insert - samples
