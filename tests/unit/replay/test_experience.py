import numpy as np
import pytest

from mazemesh.errors import InvalidArgument
from mazemesh.wire.experience_batch import ExperienceBatch


def drawn(probabilities: list[float], table_size: int = 10) -> ExperienceBatch:
    count = len(probabilities)
    return ExperienceBatch(
        columns={},
        keys=np.arange(count, dtype=np.uint64),
        probabilities=np.array(probabilities),
        priorities=np.ones(count),
        policy_versions=np.full(count, -1),
        times_sampled=np.ones(count, np.int32),
        table_size=table_size,
        updated=0,
        stale=0,
        priority_mass=1.0,
    )


@pytest.mark.parametrize("beta", [0.0, 0.4, 1.0])
def test_importance_weights_are_those_of_the_paper(beta):
    batch = drawn([0.5, 0.1, 0.02, 0.02])
    weights = (10 * batch.probabilities) ** -beta
    ours = batch.importance_weights(beta)
    np.testing.assert_allclose(ours, weights / weights.max(), rtol=1e-6)
    assert ours.dtype == np.float32
    assert ours.max() == 1.0


@pytest.mark.parametrize("beta", [-0.1, 1.1, float("nan")])
def test_a_wrong_beta_is_refused(beta):
    with pytest.raises(InvalidArgument, match=r"beta is .*; expected 0\.\.1"):
        drawn([0.5]).importance_weights(beta)
