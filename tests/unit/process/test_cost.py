"""What a process tells of its costs."""

import pytest

from mazemesh.process.metrics import create_registry
from mazemesh.process.settings import ProcessSettings


class Settings(ProcessSettings):
    component = "shop"


@pytest.mark.parametrize(
    ("dollars", "rank", "told"), [(0.5, "", 0.5), (0.5, "0", 0.5), (0.5, "1", None), (0, "", None)]
)
def test_the_first_of_a_machines_ranks_tells_what_they_cost(
    monkeypatch: pytest.MonkeyPatch, dollars: float, rank: str, told: float | None
) -> None:
    monkeypatch.setenv("LOCAL_RANK", rank)
    monkeypatch.setenv("MAZEMESH_DOLLARS_AN_HOUR", str(dollars))
    assert create_registry(Settings()).get_sample_value("mazemesh_dollars_per_hour") == told
