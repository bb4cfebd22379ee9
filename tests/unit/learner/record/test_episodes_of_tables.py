"""What a learner makes of the sums that Replay keeps of episodes."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from learner.record.episodes import EpisodesOfTable
from mazemesh.errors import Unavailable
from mazemesh.v1 import replay_pb2 as pb
from tests.unit.learner.fakes import FakeReplay


@dataclass
class Parts(FakeReplay):
    """Parts of a table `pole`, beside another one.

    Attributes:
        sums: Of each: ended, reward, steps, successes; None when Replay is away.
        timeouts: Seconds that the answers were waited for.
    """

    sums: list[tuple[int, float, int, int]] | None = field(default_factory=list)
    timeouts: list[float] = field(default_factory=list)

    def list_tables(self, timeout: float = 10.0) -> list[pb.TableInfo]:
        self.timeouts.append(timeout)
        if self.sums is None:
            raise Unavailable("replay is away")
        other = pb.TableInfo(table=pb.Table(name="other"))
        other.episodes.ended = 1000
        parts = [other]
        for ended, reward, steps, successes in self.sums:
            info = pb.TableInfo(table=pb.Table(name="pole"))
            info.episodes.ended, info.episodes.reward = ended, reward
            info.episodes.steps, info.episodes.successes = steps, successes
            parts.append(info)
        return parts


@pytest.fixture
def replay() -> Parts:
    """With episodes of a run before."""
    return Parts(sums=[(10, -500.0, 100, 4)])


def figures(replay: Parts, *, winnable: bool = True) -> EpisodesOfTable:
    found = EpisodesOfTable(replay, "pole", winnable=winnable)
    assert found.take() == {}
    return found


def test_what_came_since_the_line_before(replay: Parts) -> None:
    found = figures(replay)
    replay.sums = [(14, -520.0, 140, 7)]
    assert found.take() == {"episode_reward": -5.0, "episode_steps": 10.0, "episode_success": 0.75}
    assert found.take() == {}
    replay.sums = [(15, -521.0, 142, 7)]
    assert found.take() == {"episode_reward": -1.0, "episode_steps": 2.0, "episode_success": 0.0}


def test_of_games_that_cannot_be_won_no_success_is_told(replay: Parts) -> None:
    found = figures(replay, winnable=False)
    replay.sums = [(11, -501.0, 101, 4)]
    assert found.take() == {"episode_reward": -1.0, "episode_steps": 1.0}


def test_sums_that_went_down_began_anew(replay: Parts) -> None:
    found = figures(replay)
    replay.sums = [(2, 8.0, 6, 1)]
    assert found.take() == {"episode_reward": 4.0, "episode_steps": 3.0, "episode_success": 0.5}
    replay.sums = [(0, 0.0, 0, 0)]
    assert found.take() == {}
    replay.sums = [(3, 3.0, 3, 3)]
    assert found.take()["episode_reward"] == 1.0


def test_a_replay_that_is_away_tells_nothing_and_nothing_is_lost(replay: Parts) -> None:
    found = figures(replay)
    there, replay.sums = replay.sums, None
    assert found.take() == {}
    assert there is not None
    replay.sums = [(12, -510.0, 120, 4)]
    assert found.take()["episode_reward"] == -5.0


def test_parts_of_a_table_are_added_up(replay: Parts) -> None:
    replay.sums = [(10, 0.0, 10, 0), (5, 0.0, 5, 0)]
    found = figures(replay)
    # One service goes on, the other began anew.
    replay.sums = [(12, 6.0, 14, 1), (2, 2.0, 4, 1)]
    assert found.take() == {"episode_reward": 2.0, "episode_steps": 2.0, "episode_success": 0.5}
    # One is away, and comes back with what was told of before.
    replay.sums = [(13, 7.0, 15, 1)]
    assert found.take() == {}
    replay.sums = [(13, 7.0, 15, 1), (2, 2.0, 4, 1)]
    assert found.take() == {}
    replay.sums = [(14, 9.0, 16, 1), (3, 4.0, 6, 2)]
    assert found.take()["episode_reward"] == 2.0


def test_a_replay_that_hangs_holds_up_the_learner_for_a_second_at_most(replay: Parts) -> None:
    figures(replay).take()
    assert len(replay.timeouts) == 2
    assert max(replay.timeouts) <= 1.0
