"""What alerts are for happens to real services, and their pages make the alerts fire."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from learner.record.metrics import LearnerMetrics
from learner.settings import LearnerSettings
from mazemesh.errors import FailedPrecondition
from mazemesh.process.metrics import create_registry
from mazemesh.v1 import replay_pb2 as pb
from services.elo.bind import bind as bind_elo
from services.elo.settings import EloSettings
from services.game.settings import GameServiceSettings
from services.matchmaker.settings import MatchmakerSettings
from services.model.settings import ModelSettings
from services.replay.bind import bind as bind_replay
from services.replay.settings import ReplaySettings
from tests.onnx_policies import Network
from tests.servers.access.guarded_probe import tls
from tests.servers.game_matches import play_match
from tests.servers.game_server import FakeElo, race, running_game
from tests.servers.model_policies import NETWORK
from tests.servers.model_server import running_model
from tests.servers.observing.promtool import Series, changed, fires, page
from tests.servers.replay_rows import QUEUE, SIGNATURE, rows
from tests.servers.running import RunningService, eventually


def test_a_service_that_is_gone(tmp_path: Path) -> None:
    others: Series = {}
    for kind in (GameServiceSettings, MatchmakerSettings, ModelSettings, ReplaySettings):
        others |= page(create_registry(kind(data_dir=tmp_path)), kind.component)
    elo = RunningService(EloSettings(data_dir=tmp_path, port=0), bind_elo)
    all_five = others | page(elo.registry, "elo")
    elo.close()
    assert not fires(tmp_path, "MazemeshServiceDown", 10, all_five, all_five)
    assert fires(tmp_path, "MazemeshServiceDown", 10, all_five, others)


def test_ratings_that_two_fit(tmp_path: Path) -> None:
    elo = RunningService(EloSettings(data_dir=tmp_path, port=0), bind_elo)
    one = page(elo.registry, "a")
    two = one | page(elo.registry, "b")
    elo.close()
    assert not fires(tmp_path, "MazemeshNobodyFits", 15, one, one)
    assert fires(tmp_path, "MazemeshNobodyFits", 15, one, two)


def test_a_limiter_that_is_stuck(tmp_path: Path) -> None:
    from mazemesh.client.replay.replay import ReplayClient

    service = RunningService(ReplaySettings(data_dir=tmp_path, port=0), bind_replay)
    client = ReplayClient(service.address)
    client.create_table(QUEUE)
    client.record("queue", "w", 1, _wire(4))
    moving = page(service.registry)
    request = pb.GetExperienceBatchRequest(table="queue", batch_size=50)
    call = client._stub.GetExperienceBatch.future(request, timeout=60)
    eventually(lambda: client.list_tables()[0].waiting_samples == 1)
    stuck = page(service.registry)
    call.cancel()
    service.close()
    client.close()
    assert not fires(tmp_path, "MazemeshReplayLimiterStuck", 20, moving, moving)
    assert fires(tmp_path, "MazemeshReplayLimiterStuck", 20, moving, stuck)


def _wire(count: int):
    from mazemesh.wire.tensors import to_columns

    return to_columns(SIGNATURE, rows(range(count)))


def test_versions_that_are_rejected(tmp_path: Path) -> None:
    with running_model(tmp_path) as model:
        before = page(model.registry)
        for seed in (5, 6):
            with pytest.raises(FailedPrecondition):
                model.client.publish(NETWORK.header(), Network(seed=seed).file())
        after = page(model.registry)
    assert not fires(tmp_path, "MazemeshVersionsRejected", 10, before, before)
    assert fires(tmp_path, "MazemeshVersionsRejected", 10, before, after)


def test_a_policy_that_is_asked_what_it_was_not_validated_on(tmp_path: Path) -> None:
    with running_model(tmp_path) as model:
        parity = NETWORK.parity(rows=400)
        model.client.publish(NETWORK.header(parity=parity, snapshot=True), NETWORK.file())
        before = page(model.registry)
        dark = {
            "observation": np.zeros((64, NETWORK.observation_size), np.uint8),
            "action_mask": np.ones((64, NETWORK.num_actions), np.uint8),
        }
        while not model.metric("drifted", policy="race:1"):
            model.client.infer("race", dark, deadline=60.0)
        after = page(model.registry)
    assert not fires(tmp_path, "MazemeshDrift", 30, before, before)
    assert fires(tmp_path, "MazemeshDrift", 30, before, after)


def test_a_mirror_that_is_behind(tmp_path: Path) -> None:
    with running_model(tmp_path, mlflow_registry_uri="http://127.0.0.1:1") as model:
        before = page(model.registry)
        model.client.publish(NETWORK.header(snapshot=True), NETWORK.file())
        eventually(lambda: model.metric("mirror_age_seconds") > 0)
        waits = page(model.registry)
    age = "mazemesh_model_mirror_age_seconds"
    assert not fires(tmp_path, "MazemeshMirrorBehind", 30, before, waits)
    assert fires(tmp_path, "MazemeshMirrorBehind", 30, before, changed(waits, age, 3601.0))


def test_results_that_do_not_reach_elo(tmp_path: Path) -> None:
    elo = FakeElo()
    elo.down = True
    with running_game(tmp_path, elo) as game:
        play_match(game.client, race("m"))
        eventually(lambda: game.metric("outbox_results") == 1)
        assert 0 < game.metric("outbox_age_seconds") < 60
        waits = page(game.registry)
        elo.refused.add("m")
        elo.down = False
        eventually(lambda: game.metric("refused_results") == 1)
        assert game.metric("outbox_age_seconds") == 0
        refused = page(game.registry)
    late = changed(waits, "mazemesh_game_outbox_age_seconds", 301.0)
    assert not fires(tmp_path, "MazemeshOutboxNotDraining", 15, waits, waits)
    assert fires(tmp_path, "MazemeshOutboxNotDraining", 15, waits, late)
    assert not fires(tmp_path, "MazemeshResultsRefused", 10, waits, waits)
    assert fires(tmp_path, "MazemeshResultsRefused", 10, waits, refused)


def test_a_certificate_that_expires(tmp_path: Path) -> None:
    files = tls(tmp_path / "keys", days=1)
    settings = EloSettings(data_dir=tmp_path, port=0, keys="off", **files)
    elo = RunningService(settings, bind_elo)
    shown = page(elo.registry)
    elo.close()
    name = "mazemesh_tls_certificate_expiry_seconds"
    # Time begins at 0 in promtool.
    left = next(value for series, value in shown.items() if series.startswith(name)) - time.time()
    assert 0 < left <= 86_400
    soon, later = changed(shown, name, left), changed(shown, name, left + 30 * 86_400)
    assert not fires(tmp_path, "MazemeshCertificateExpires", 10, later, later)
    for alert in ("MazemeshCertificateExpires", "MazemeshCertificateExpiresSoon"):
        assert fires(tmp_path, alert, 10, soon, soon)


def test_a_disk_that_is_full_and_a_mesh_that_costs_too_much(tmp_path: Path) -> None:
    settings = EloSettings(data_dir=tmp_path / "to/be/made", port=0, dollars_an_hour=2.0)
    shown = page(create_registry(settings))
    roomy = changed(changed(shown, "mazemesh_data_disk_bytes", 100.0), _FREE, 50.0)
    full = changed(roomy, _FREE, 4.0)
    assert not fires(tmp_path, "MazemeshDiskFull", 15, roomy, roomy)
    assert fires(tmp_path, "MazemeshDiskFull", 15, roomy, full)
    cheap = changed(shown, "mazemesh_dollars_per_hour", 0.1)
    assert not fires(tmp_path, "MazemeshCost", 60, cheap, cheap)
    assert fires(tmp_path, "MazemeshCost", 60, cheap, shown)


_FREE = "mazemesh_data_disk_free_bytes"


def test_a_learner_that_is_behind_and_one_that_learns_nothing(tmp_path: Path) -> None:
    registry = create_registry(LearnerSettings(data_dir=tmp_path))
    metrics = LearnerMetrics(registry)
    metrics.lag_versions.set(2)
    before = page(registry)
    metrics.lag_versions.set(12)
    metrics.agent_steps.inc(100)
    after = page(registry)
    assert not fires(tmp_path, "MazemeshPolicyLag", 20, before, before)
    assert fires(tmp_path, "MazemeshPolicyLag", 20, before, after)
    assert not fires(tmp_path, "MazemeshNothingLearned", 25, before, after, at=12)
    assert fires(tmp_path, "MazemeshNothingLearned", 60, before, after)


def test_a_database_that_is_full_counts_who_waits(tmp_path: Path) -> None:
    from services._harness.sql.database import Database

    async def work() -> None:
        database = Database(f"sqlite:///{tmp_path / 'full.sqlite'}")
        begun, go_on = threading.Event(), threading.Event()

        def hold(session: object) -> None:
            begun.set()
            assert go_on.wait(20)

        first = asyncio.create_task(database.run(hold))
        await asyncio.to_thread(begun.wait, 20)
        others = [asyncio.create_task(database.run(lambda session: None)) for _ in range(2)]
        await asyncio.sleep(0)
        usage = database.usage
        assert (usage.connections, usage.busy, usage.waiting) == (1, 1, 2)
        others[0].cancel()
        await asyncio.gather(others[0], return_exceptions=True)
        go_on.set()
        await asyncio.gather(first, others[1])
        await database.close()
        assert (usage.busy, usage.waiting, usage.transactions) == (0, 0, 2)
        assert usage.waited_seconds > 0
        assert usage.busy_seconds > 0

    asyncio.run(work())
