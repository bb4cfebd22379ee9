"""What is read from a trial's files, and ports for meshes side by side."""

import numpy as np
import pytest

from mazemesh.tuning.objectives import Target
from supervisor.running.layout import SERVICES
from supervisor.tuning.measure import Snapshot, latency, probed, up_to
from supervisor.tuning.ports import PortBlocks
from tests.onnx_policies import Network

SNAPSHOTS = [Snapshot(1, 4.9, 0.0), Snapshot(21, 33.2, 0.8), Snapshot(41, 52.0, 0.7)]


def test_the_first_snapshot_that_reached_the_target() -> None:
    shortfall, reached = up_to(Target("success", 0.7), SNAPSHOTS)
    assert reached == SNAPSHOTS[1]
    assert shortfall == pytest.approx(-0.1)


def test_how_far_the_best_stayed_below() -> None:
    assert up_to(Target("success", 0.9), SNAPSHOTS) == (pytest.approx(0.1), None)
    assert up_to(Target("rating", 900.0), []) == (900.0, None)
    assert up_to(Target("rating", 900.0), [Snapshot(1, 5.0, -100.0)]) == (1000.0, None)


def test_probes_of_a_summary() -> None:
    summary = {"success_history": [{"policy": "trial:21", "seconds": 33.2, "success_rate": 0.8}]}
    assert probed(summary) == [SNAPSHOTS[1]]


def test_blocks_of_ports_do_not_meet() -> None:
    ports = PortBlocks()
    with ports.block() as first, ports.block() as second:
        assert abs(first - second) >= len(SERVICES)


def test_the_latency_of_a_policy_as_learners_publish_it() -> None:
    milliseconds = latency(Network().model().SerializeToString(), rows=3)
    assert 0 < milliseconds < np.inf
