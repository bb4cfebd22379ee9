from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mazemesh.errors import InvalidArgument
from mazemesh.games import Purpose, seeds

NUMBER = st.integers(0, 2**61 - 1)


@given(st.sampled_from(Purpose), NUMBER)
def test_a_seed_knows_its_purpose_and_fits_int64(purpose: Purpose, number: int) -> None:
    seed = seeds.seed(purpose, number)
    assert 0 <= seed < 2**63
    assert seeds.purpose_of(seed) is purpose


@given(st.permutations(list(Purpose)), NUMBER, NUMBER)
def test_purposes_share_no_seed(purposes: list[Purpose], one: int, other: int) -> None:
    assert seeds.seed(purposes[0], one) != seeds.seed(purposes[1], other)


@pytest.mark.parametrize("number", [-1, 2**61])
def test_a_number_out_of_range_is_refused(number: int) -> None:
    with pytest.raises(InvalidArgument, match=str(number)):
        seeds.seed(Purpose.TEST, number)


@pytest.mark.parametrize("seed", [-1, 3 * 2**61, 2**64 - 1])
def test_a_seed_without_purpose_is_refused(seed: int) -> None:
    with pytest.raises(InvalidArgument, match=str(seed)):
        seeds.purpose_of(seed)
