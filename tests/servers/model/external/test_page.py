"""docs/external.md does what it says: its programs run as they stand there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.servers.external_run import World, external_world
from tests.servers.running import eventually

PAGE = Path(__file__).parents[4] / "docs" / "external.md"


class Over(Exception):
    """Enough was played."""


class Environment:
    """Ends after three steps, in turn by the rules and from outside."""

    def __init__(self, episodes: int) -> None:
        self._left, self._steps = episodes, 0

    def reset(self) -> np.ndarray:
        if not self._left:
            raise Over
        self._left -= 1
        self._steps = 0
        return np.zeros(4, np.float32)

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool]:
        assert action in (0, 1)
        self._steps += 1
        over = self._steps == 3
        odd = self._left % 2 == 1
        return np.full(4, self._steps, np.float32), 1.0, over and odd, over and not odd


def program(beginning: str) -> str:
    """The page's program in Python that imports something."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (found,) = [block for block in blocks if beginning in block]
    return str(found)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with external_world(tmp_path) as world:
        monkeypatch.setenv("MAZEMESH_MODEL_ADDRESS", world.model.address)
        monkeypatch.setenv("MAZEMESH_REPLAY_ADDRESS", world.replay.address)
        yield world


def spaces() -> str:
    (found,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return str(found)


def run(source: str, episodes: int) -> None:
    told: dict[str, Any] = {"env": Environment(episodes)}
    exec(source, told)


def test_a_simulator_plays_and_another_infers_by_itself(world: World) -> None:
    trained = world.begin("cartpole", spaces(), hyperparameters={"unroll_length": 4})
    with pytest.raises(Over):
        run(program("AgentKind"), 4)
    eventually(lambda: world.rows(trained) == 3)
    rows = world.sample(trained, 3)
    assert rows["reward"].tolist() == [[1] * 4] * 3
    assert rows["terminated"].sum() == 2
    assert rows["truncated"].sum() == 2

    run(program("fetch_policy"), 3)
    assert world.rows(trained) == 4
    rows = world.sample(trained, 1)
    assert rows["reward"].tolist() == [[1] * 4]
    assert rows["truncated"].tolist() == [[False, False, True, False]]
    assert not rows["terminated"].any()
    assert rows["bootstrap_value"][0, 2] != 0
    np.testing.assert_allclose(rows["behaviour_log_probability"], np.log(0.5), atol=0.1)
    np.testing.assert_array_equal(rows["last_observation"], [[1] * 4])
