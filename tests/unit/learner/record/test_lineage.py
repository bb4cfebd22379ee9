"""Which snapshots a run has published."""

from __future__ import annotations

from pathlib import Path

from learner.record.lineage import SNAPSHOTS, Lineage, read_snapshots
from mazemesh.v1.model_pb2 import PolicyVersion
from tests.full_disk import no_file_longer_than


def test_snapshots_grow_from_one_another_and_none_is_lost_on_a_full_disk(tmp_path: Path) -> None:
    lineage, path = Lineage(tmp_path), tmp_path / SNAPSHOTS

    def add(number: int) -> None:
        published = PolicyVersion(name="race", version=number, sha256="00")
        lineage.add(published, training_step=number, agent_steps=10 * number)

    add(1)
    with no_file_longer_than(path.stat().st_size + 20):
        add(2)
        add(3)
        assert len(read_snapshots(path)) == 1
    add(4)
    snapshots = read_snapshots(path)
    assert [one["policy"] for one in snapshots] == ["race:1", "race:2", "race:3", "race:4"]
    assert [one["parent"] for one in snapshots] == [None, "race:1", "race:2", "race:3"]
