"""Curves from journals as learners write them, also killed and resumed ones."""

import json

import numpy as np
import pytest

from mazemesh.analysis.journal import read_curves, read_probes


def line(time: float, steps: int, version: int, **statistics: float) -> str:
    counters = {"time": time, "agent_steps": steps, "samples": steps // 32, "version": version}
    return json.dumps({**counters, "training_step": steps // 100, **statistics})


def test_columns_and_speed() -> None:
    curves = read_curves(
        [line(100, 1000, 2, entropy=1.5), line(105, 3500, 4), line(115, 8500, 9, entropy=1.0)]
    )
    np.testing.assert_array_equal(curves.agent_steps, [1000, 3500, 8500])
    np.testing.assert_array_equal(curves.statistics["entropy"], [1.5, np.nan, 1.0])
    assert set(curves.statistics) == {"entropy"}
    np.testing.assert_array_equal(curves.agent_steps_per_second, [np.nan, 500, 500])


def test_a_pause_is_neither_speed_nor_running_time() -> None:
    curves = read_curves([line(0, 100, 2), line(5, 200, 3), line(5000, 300, 4), line(5010, 600, 5)])
    np.testing.assert_array_equal(curves.agent_steps_per_second, [np.nan, 20, np.nan, 30])
    np.testing.assert_array_equal(curves.running_seconds, [0, 5, 5, 15])


def test_steps_that_were_learned_twice_count_once() -> None:
    killed = [line(0, 100, 2, kl=1), line(5, 200, 3, kl=2), line(10, 300, 4, kl=3)]
    resumed = [line(20, 150, 3, kl=4), line(25, 250, 4, kl=5)]
    curves = read_curves(killed + resumed)
    np.testing.assert_array_equal(curves.agent_steps, [100, 150, 250])
    np.testing.assert_array_equal(curves.statistics["kl"], [1, 4, 5])


def test_lines_cut_by_a_kill_are_passed_over_and_counted() -> None:
    whole = line(5, 200, 3)
    curves = read_curves([line(0, 100, 2), whole[:20] + whole, line(10, 300, 4), '{"time": 1', ""])
    np.testing.assert_array_equal(curves.agent_steps, [100, 300])
    assert curves.unreadable == 2


def test_an_idle_learner_is_slow_and_not_left_out() -> None:
    curves = read_curves([line(0, 100, 2), line(5, 100, 2), line(10, 200, 3)])
    np.testing.assert_array_equal(curves.agent_steps_per_second, [np.nan, 0, 20])


def test_steps_behind_a_version() -> None:
    curves = read_curves([line(0, 1000, 3), line(5, 2000, 5), line(10, 2500, 5), line(15, 4000, 7)])
    assert curves.steps_at(1) == 0
    assert curves.steps_at(3) == 1000
    assert curves.steps_at(4) == 1500
    assert curves.steps_at(7) == 4000


def test_nothing_written_yet() -> None:
    curves = read_curves([])
    assert len(curves.time) == len(curves.agent_steps_per_second) - 1 == 0
    assert curves.steps_at(5) == 0


def probe(policy: str, rate: float) -> str:
    return json.dumps({"event": "snapshot probed", "policy": policy, "success_rate": rate})


def test_probes_of_one_policy_by_version() -> None:
    noise = [json.dumps({"event": "starting", "policy": "solo:9"}), "not json"]
    found = read_probes(
        [probe("solo:21", 0.5), *noise, probe("solo:1", 0.0), probe("race:3", 1.0)], "solo"
    )
    assert [(one.version, one.success_rate) for one in found] == [(1, 0.0), (21, 0.5)]


@pytest.mark.parametrize("policy", ["ol", "solo:21", ""])
def test_names_are_not_matched_by_parts(policy: str) -> None:
    assert read_probes([probe("solo:21", 0.5)], policy) == []
