"""Experiments at two Model processes on one PostgreSQL database."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mazemesh.client.model import ModelClient
from mazemesh.client.policies.experiments import Experiments
from mazemesh.v1 import model_pb2 as pb
from tests.postgresql import postgresql
from tests.servers.model.inference.test_infer import LONG, seen
from tests.servers.model.test_instances import two
from tests.servers.model_policies import publish
from tests.servers.running import eventually

SESSIONS = [f"game-{number}" for number in range(120)]


def served(client: ModelClient) -> list[int]:
    """The version of each session."""
    return [
        client.infer(
            "race:champion", seen(1), outputs=["value"], session=one, deadline=LONG
        ).version
        for one in SESSIONS
    ]


@pytest.mark.slow
async def test_both_serve_count_and_end_the_same(tmp_path: Path) -> None:
    with postgresql() as server:
        async with two(server.new_schema(), tmp_path) as instances:
            await asyncio.to_thread(_served_by_both, *instances.clients)


def _served_by_both(first: ModelClient, second: ModelClient) -> None:
    for seed in range(2):
        publish(first, seed=seed, snapshot=True)
    first.set_alias("race", "champion", 1, 0)
    mesh, other = Experiments(first), Experiments(second)
    rules = pb.ExperimentRules(max_score_loss=0.0)
    mesh.ab("race:champion", ["race:2"], weight=3.0, experiment_id="both", rules=rules)
    here = served(first)
    assert set(here) == {1, 2}
    eventually(lambda: served(second) == here, LONG)

    assert other.weights("both", [1.0, 3.0]).revision == 2
    there = served(second)
    assert all(new >= old for old, new in zip(here, there, strict=True))
    assert sum(there) > sum(here)
    eventually(lambda: served(first) == there, LONG)

    assert first.assign("race:champion", "match-1") == second.assign("race:champion", "match-1")
    scores = {f"s{n}": float(n % 2) for n in range(600)}
    versions = {session: 1 + int(score) for session, score in scores.items()}
    better = {session: 1.0 - score for session, score in scores.items()}
    assert mesh.record("both", better, versions) == 600
    assert other.record("both", better, versions) == 0
    for one in (mesh, other):
        eventually(lambda one=one: one.get("both").state == pb.EXPERIMENT_STATE_ROLLED_BACK, LONG)
    for client in (first, second):
        eventually(lambda client=client: set(served(client)) == {1}, LONG)
    found = other.get("both")
    calls = sum(arm.calls for arm in found.figures)
    assert calls >= 3 * len(SESSIONS)
    assert [arm.outcomes for arm in found.figures] == [300, 300]
