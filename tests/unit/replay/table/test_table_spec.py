from dataclasses import replace

import pytest

from mazemesh.errors import InvalidArgument
from services.replay.table.spec import LimiterSpec, SelectorKind, SelectorSpec
from tests.replay_tables import UNLIMITED, prioritized, spec


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": ""}, "table.name = ''"),
        ({"name": "a b"}, "table.name = 'a b'"),
        ({"name": "x" * 129}, "1..128 characters"),
        ({"capacity": 0}, "table.capacity is 0; expected 1"),
        ({"capacity": 2**31}, "table.capacity is 2147483648"),
        ({"max_times_sampled": -1}, "table.max_times_sampled is -1"),
        ({"sampler": SelectorSpec(SelectorKind.PRIORITIZED, 4.5)}, "table.sampler.exponent is 4.5"),
        ({"sampler": SelectorSpec(SelectorKind.PRIORITIZED, float("nan"))}, "exponent is nan"),
        ({"remover": SelectorSpec(SelectorKind.FIFO, 0.5)}, "table.remover.exponent is 0.5"),
        ({"limiter": replace(UNLIMITED, min_size_to_sample=0)}, "min_size_to_sample is 0"),
        ({"limiter": replace(UNLIMITED, min_size_to_sample=17)}, r"is 17; expected 1..16"),
        ({"limiter": replace(UNLIMITED, samples_per_insert=0.0)}, "samples_per_insert is 0.0"),
        ({"limiter": replace(UNLIMITED, samples_per_insert=float("inf"))}, "is inf"),
        ({"limiter": replace(UNLIMITED, max_diff=float("nan"))}, "expected numbers"),
        ({"limiter": LimiterSpec(2, 3.0, 6.5, 100.0)}, "min_diff is 6.5; expected at most .* = 6"),
    ],
)
def test_wrong_definitions_name_field_and_value(change, message):
    with pytest.raises(InvalidArgument, match=message):
        replace(prioritized(), **change).check()


def test_differences_name_each_field():
    differences = spec().differences(replace(spec(), capacity=3, max_times_sampled=2))
    assert differences == ["capacity: 16 != 3", "max_times_sampled: 0 != 2"]
    assert spec().differences(spec()) == []
