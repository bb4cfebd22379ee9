"""The compiled draw follows the policy, and depends on key, step and row alone."""

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import chi2

from mazemesh.policy.kernels import draw

LOGITS = np.array(
    [
        [0.0, 1.0, -1e9, 2.0, -1e9],
        [-3.0, 5.0, 4.5, -1e9, -2.0],
        [80.0, 80.0, 79.0, 81.0, 78.5],
        [-200.0, -200.0, -200.0, -1e9, -1e9],
    ],
    np.float32,
)
MASK = (LOGITS > -1e8).astype(np.uint8)


def drawn(
    logits: npt.NDArray[np.float32], mask: npt.NDArray[np.uint8], key: int, step: int
) -> npt.NDArray[np.int8]:
    actions = np.full(len(logits), -1, np.int8)
    draw(logits, mask, key, step, actions)
    return actions


def statistic(counts: npt.NDArray[np.int64], shares: npt.NDArray[np.float64]) -> float:
    """Pearson's, over the actions that may come at all."""
    expected = counts.sum() * shares
    possible = shares > 0
    assert not counts[~possible].any()
    return float((np.square(counts - expected)[possible] / expected[possible]).sum())


@pytest.mark.parametrize("case", range(len(LOGITS)))
@pytest.mark.parametrize("over", ["rows", "steps", "keys"])
def test_draws_follow_the_softmax(case: int, over: str) -> None:
    """By any of the three that a draw depends on, with fixed seeds."""
    logits, mask = LOGITS[case : case + 1], MASK[case : case + 1]
    shares = np.exp(logits[0].astype(np.float64) - logits[0].max()) * mask[0]
    shares /= shares.sum()
    many, repeated = (np.repeat(one, 100_000, axis=0) for one in (logits, mask))
    if over == "rows":
        actions = drawn(many, repeated, 5, 6)
    else:
        actions = np.concatenate(
            [
                drawn(many[:4], repeated[:4], *((at, 7) if over == "keys" else (7, at)))
                for at in range(10_000)
            ]
        )
    counts = np.bincount(actions, minlength=5)
    freedom = int(mask.sum()) - 1
    assert statistic(counts, shares) < chi2.ppf(0.999, freedom)


def test_one_draw_tells_nothing_of_the_next() -> None:
    """Neighbours by row and by step: of four actions alike there are sixteen pairs alike."""
    logits, mask = np.zeros((2_000, 4), np.float32), np.ones((2_000, 4), np.uint8)
    steps = np.array([drawn(logits, mask, 11, step) for step in range(40)], np.int64)
    for first, second in ((steps[:, :-1], steps[:, 1:]), (steps[:-1], steps[1:])):
        counts = np.bincount((4 * first + second).ravel(), minlength=16)
        assert statistic(counts, np.full(16, 1 / 16)) < chi2.ppf(0.999, 15)


def test_a_draw_depends_on_key_step_and_row_alone() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(64, 5)).astype(np.float32)
    mask = np.ones((64, 5), np.uint8)
    whole = drawn(logits, mask, 1, 2)
    assert (drawn(logits[:20], mask[:20], 1, 2) == whole[:20]).all()
    assert (drawn(logits, mask, 1, 2) == whole).all()
    assert (drawn(logits, mask, 1, 3) != whole).any()
    assert (drawn(logits, mask, 2, 2) != whole).any()
    largest = 2**64 - 1
    assert (drawn(logits, mask, largest, largest) >= 0).all()


def test_the_mask_holds_whatever_the_logits_say() -> None:
    logits, mask = np.zeros((5_000, 3), np.float32), np.ones((5_000, 3), np.uint8)
    logits[:, 1], mask[:, 1] = 50.0, 0
    assert set(drawn(logits, mask, 3, 4)) == {0, 2}
    assert set(drawn(logits * 0, mask * 0, 3, 4)) == {0, 1, 2}  # nothing is legal: as if all were
    logits[:] = np.nan
    assert set(drawn(logits, mask, 3, 4)) <= {0, 2}
