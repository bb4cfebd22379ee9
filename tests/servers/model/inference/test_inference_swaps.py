"""Versions that come and go under load: no call fails, each answer is by a READY version."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest

from mazemesh.client.model import ModelClient
from mazemesh.errors import ResourceExhausted
from mazemesh.v1 import model_pb2 as pb
from tests.onnx_policies import Network
from tests.servers.model.inference.test_infer import LONG, runner, seen
from tests.servers.model_policies import NETWORK, publish
from tests.servers.model_server import RunningModel, running_model
from tests.servers.running import eventually

SWAPS = int(os.environ.get("MAZEMESH_TEST_SWAPS", "40"))
"""200 take a quarter of a minute."""

CALLERS = 4


@contextmanager
def asked_all_the_time(client: ModelClient, policy: str) -> Iterator[list[tuple[int, list[float]]]]:
    """Callers until the block ends; versions and values of all answers. A failed call fails it."""
    over = threading.Event()
    answers: list[tuple[int, list[float]]] = []

    def ask() -> None:
        while not over.is_set():
            told = client.infer(policy, seen(), outputs=["value"], deadline=LONG)
            answers.append((told.version, told["value"].tolist()))

    with ThreadPoolExecutor(CALLERS) as callers:
        calls = [callers.submit(ask) for _ in range(CALLERS)]
        try:
            yield answers
        finally:
            over.set()
        for call in calls:
            call.result()


def swap(model: RunningModel, count: int) -> list[int]:
    """Publishes so many versions while `race` is asked; resident bytes of the runner after each."""
    client, resident = model.client, []
    publish(client, seed=0)
    client.infer("race", seen(), deadline=LONG)
    process = runner()
    ready = {1}
    with asked_all_the_time(client, "race") as answers:
        for seed in range(1, count + 1):
            ready.add(publish(client, seed=seed).version)
            if seed % 4 == 0:  # back, and forth again
                revision = client.alias("race", "latest")
                assert revision is not None
                client.set_alias("race", "latest", seed, revision.alias.revision)
            resident.append(process.memory_info().rss)
        eventually(lambda: len(answers) > 0 and answers[-1][0] >= count, LONG)
    assert {version for version, _ in answers} <= ready
    values = {n: Network(seed=n - 1).answer(**by_name())[1] for n, _ in answers}
    for version, value in answers:
        np.testing.assert_allclose(value, values[version], atol=1e-5)
    states = {one.version: one.state for one in client.list("race", include_all_states=True)}
    assert all(states[version] == pb.POLICY_STATE_READY for version, _ in answers)
    return resident


def by_name() -> dict[str, np.ndarray]:
    columns = seen()
    return {"observation": columns["observation"], "mask": columns["action_mask"]}


def test_versions_change_under_load_and_no_call_fails(tmp_path: Path) -> None:
    room = 8 * 2**20
    with running_model(tmp_path, keep_versions=1000, inference_memory_bytes=room) as model:
        resident = swap(model, SWAPS)
        assert model.metric("inference_swaps_total") >= 1
        assert model.metric("inference_failed_loads_total") == 0
        assert model.metric("inference_loaded_bytes") <= room
        assert model.metric("inference_evictions_total") > 0
    half = len(resident) // 2
    assert max(resident[half:]) < max(resident[:half]) + 32 * 2**20


def test_those_that_were_not_used_for_longest_make_room(tmp_path: Path) -> None:
    # Each is estimated at 1 MiB until it is loaded, and takes at least a quarter of one.
    with running_model(tmp_path, inference_memory_bytes=8 * 2**20) as model:
        client = model.client
        for seed in range(12):
            publish(client, f"race-{seed}", seed=seed)
        for name in [*(f"race-{seed}" for seed in range(12)), "race-0", "race-11", "race-0"]:
            told = client.infer(name, seen(), outputs=["value"], deadline=LONG)
            expected = Network(seed=int(name.partition("-")[2])).answer(**by_name())[1]
            np.testing.assert_allclose(told["value"], expected, atol=1e-5)
            assert model.metric("inference_loaded_bytes") <= 8 * 2**20
        loaded = model.metric("inference_loaded_versions")
        evicted = model.metric("inference_evictions_total")
        assert evicted == model.metric("inference_loads_total") - loaded


def test_a_version_that_does_not_fit_at_all_is_refused(tmp_path: Path) -> None:
    wide = Network(hidden=50_000)  # 12 * 50,000 weights and more: 3.6 MB, and three times that
    with running_model(tmp_path, inference_memory_bytes=8 * 2**20) as model:
        model.client.publish(wide.header("wide"), wide.file())
        with pytest.raises(ResourceExhausted, match=r"wide:1 needs about .* inference has 8388608"):
            model.client.infer("wide", seen(), deadline=LONG)


def test_a_retired_version_answers_nobody(tmp_path: Path) -> None:
    with running_model(tmp_path, keep_versions=1) as model:
        publish(model.client, seed=0)
        assert model.client.infer("race:1", seen(), deadline=LONG).version == 1
        for seed in range(1, 4):
            publish(model.client, seed=seed)
        assert model.client.describe("race:1").state == pb.POLICY_STATE_RETIRED

        def is_gone() -> bool:
            try:
                model.client.infer("race:1", seen(), deadline=LONG)
            except LookupError:
                return True
            return False

        eventually(is_gone, LONG)
        assert model.client.infer("race", seen(), deadline=LONG).version == 4


def test_one_file_is_loaded_once_whatever_it_is_called(tmp_path: Path) -> None:
    with running_model(tmp_path) as model:
        for name in ("race", "other"):
            model.client.publish(NETWORK.header(name), NETWORK.file())
        for name in ("race", "other", "race:1", "other:latest"):
            told = model.client.infer(name, seen(), deadline=LONG)
            assert told.name == name.partition(":")[0]
        assert model.metric("inference_loads_total") == 1


def test_processes_end_with_the_service(tmp_path: Path) -> None:
    with running_model(tmp_path, inference_processes=2, inference_threads=2) as model:
        publish(model.client, "race")
        publish(model.client, "other", seed=1)
        for name in ("race", "other"):
            model.client.infer(name, seen(), deadline=LONG)
        assert model.metric("inference_process_starts_total") == 2
        process = runner()
    assert not psutil.pid_exists(process.pid) or process.status() == psutil.STATUS_ZOMBIE
