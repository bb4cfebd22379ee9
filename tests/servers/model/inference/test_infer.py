"""Infer over a real socket, with the process that runs files."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import numpy as np
import psutil
import pytest

from mazemesh.client.model import ModelClient
from mazemesh.errors import (
    Conflict,
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    ResourceExhausted,
)
from mazemesh.v1 import model_pb2 as pb
from mazemesh.v1 import tensor_pb2
from tests.onnx_policies import Network, RecurrentNetwork
from tests.redis_process import redis_process
from tests.servers.model_policies import NETWORK, publish
from tests.servers.model_server import RunningModel, running_model
from tests.servers.running import eventually

LONG = 60.0
ROWS = 6


def seen(rows: int = ROWS, seed: int = 5) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    mask = (rng.random((rows, NETWORK.num_actions)) < 0.6).astype(np.uint8)
    mask[:, 0] = 1
    observation = rng.integers(0, 256, (rows, NETWORK.observation_size), dtype=np.uint8)
    return {"observation": observation, "action_mask": mask}


def runner() -> psutil.Process:
    """The process that runs files of the service that was asked first lately."""
    mine = [
        child
        for child in psutil.Process().children()
        if child.status() != psutil.STATUS_ZOMBIE
        and any("inference.runner" in part for part in child.cmdline())
    ]
    return max(mine, key=lambda child: (child.create_time(), child.pid))


def test_answers_are_those_of_the_network(client: ModelClient) -> None:
    columns = seen()
    told = client.infer("race", columns, outputs=("logits", "value", "action"), temperature=0.0)
    logits, value = NETWORK.answer(columns["observation"], columns["action_mask"])
    assert told.reference == "race:1"
    np.testing.assert_allclose(told["logits"], logits, atol=1e-5)
    np.testing.assert_allclose(told["value"], value, atol=1e-5)
    assert told["action"].tolist() == logits.argmax(axis=1).tolist()
    assert list(told.columns) == ["logits", "value", "action"]
    for policy in ("race:1", "race:latest"):
        usual = client.infer(policy, columns)
        assert list(usual.columns) == ["action", "value"]
        assert (columns["action_mask"][np.arange(ROWS), usual["action"]] == 1).all()


def test_masks_may_be_left_out(client: ModelClient) -> None:
    columns = seen()
    free = client.infer("race", {"observation": columns["observation"]}, outputs=["logits"])
    everything = np.ones_like(columns["action_mask"])
    expected, _ = NETWORK.answer(columns["observation"], everything)
    np.testing.assert_allclose(free["logits"], expected, atol=1e-5)


def test_a_seed_has_its_actions_whatever_they_are_run_with(client: ModelClient) -> None:
    columns = seen(64)
    alone = client.infer("race", columns, seed=7)["action"].tolist()
    with ThreadPoolExecutor(8) as callers:
        calls = [
            callers.submit(client.infer, "race", columns, seed=seed, deadline=LONG)
            for seed in (7, 8) * 8
        ]
        found = [call.result()["action"].tolist() for call in calls]
    assert found[0::2] == [alone] * 8
    assert alone not in found[1::2]


def test_the_signature_tells_what_is_taken_and_given(client: ModelClient) -> None:
    told = client.policy_signature("memory", LONG)
    assert (told.name, told.version, told.state_size) == ("memory", 1, NETWORK.hidden)
    assert [one.name for one in told.inputs.columns] == ["observation", "action_mask", "state"]
    assert list(told.optional_inputs) == ["action_mask", "state"]
    names = [one.name for one in told.outputs.columns]
    assert names == ["action", "logits", "value", "next_state"]


def test_a_session_remembers(client: ModelClient) -> None:
    columns = seen(2)
    states = np.zeros((2, NETWORK.hidden), np.float32)
    for step in range(3):
        told = client.infer("memory", columns, outputs=["value"], sessions=["a", "b"])
        by_hand = client.infer(
            "memory", {**columns, "state": states}, outputs=["value", "next_state"]
        )
        states = by_hand["next_state"]
        np.testing.assert_allclose(told["value"], by_hand["value"], atol=1e-6)
        assert told.begun == ((0, 1) if step == 0 else ())
    first = client.infer("memory", columns, outputs=["value"])["value"]
    begun = client.infer("memory", columns, outputs=["value"], sessions=["b", "a"], begin=[1])
    assert begun.begun == (1,)
    np.testing.assert_allclose(begun["value"][1], first[1], atol=1e-6)
    assert not np.allclose(begun["value"][0], first[0])
    client.reset_sessions("memory", ["a", "b", "nobody"])
    assert client.infer("memory", columns, sessions=["a", "b"]).begun == (0, 1)


def test_sessions_are_shared_by_instances_over_redis(tmp_path: Path) -> None:
    memory = RecurrentNetwork()
    columns = seen(1)
    with redis_process() as redis:
        with (
            running_model(tmp_path / "a", redis_url=redis.url) as one,
            running_model(tmp_path / "b", redis_url=redis.url) as other,
        ):
            for model in (one, other):
                model.client.publish(memory.header("memory"), memory.file())
            clients = (one.client, other.client) * 2
            told = [client.infer("memory", columns, sessions=["a"]) for client in clients]
            other.client.reset_sessions("memory", ["a"])
            again = one.client.infer("memory", columns, sessions=["a"])
        assert [one.begun for one in told] == [(0,), (), (), ()]
        assert again.begun == (0,)
        np.testing.assert_allclose(again["value"], told[0]["value"])
        assert not np.allclose(told[1]["value"], told[0]["value"])


def message(name: str = "observation", rows: int = 1, **given: object) -> pb.InferRequest:
    data = bytes(NETWORK.observation_size)
    column = tensor_pb2.NamedColumn(name=name, dtype=tensor_pb2.DATA_TYPE_UINT8, data=data)
    fields: dict[str, object] = {"policy": "race", "rows": rows, "columns": [column], **given}
    return pb.InferRequest(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (message("other"), "columns has no 'observation'"),
        (message(rows=-1), "rows is -1"),
        (message(rows=2**31 - 1, columns=[]), "rows is 2147483647; expected 1..4096"),
        (message(columns=[tensor_pb2.NamedColumn()] * 1025), "columns has 1025; at most 1024"),
        (message(outputs=["a"] * 257), "outputs has 257 names"),
        (message(outputs=["nothing"]), "outputs has 'nothing'"),
        (message(temperature=-1.0), "temperature is -1; expected 0..1000"),
        (message(temperature=float("nan")), "temperature is nan"),
        (message(begin_rows=[0]), "begin_rows is set and session_ids is not"),
        (message(policy="../etc/passwd"), "policy = '../etc/passwd' is wrong"),
        (message(policy="race:" + "9" * 5000), "policy = "),
        (message(policy="memory", session_ids=["a\0"]), "session_ids has 'a\\x00'"),
    ],
)
def test_hostile_sizes_and_names_are_refused(
    model: RunningModel, request_: pb.InferRequest, told: str
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        model.stub.Infer(request_, timeout=LONG)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert told in str(caught.value.details())
    assert len(str(caught.value.details())) < 2100


def test_what_does_not_exist_or_remembers_nothing(client: ModelClient) -> None:
    for policy in ("race:9", "race:champion", "nobody"):
        with pytest.raises(NotFound, match="does not exist"):
            client.infer(policy, seen())
    with pytest.raises(FailedPrecondition, match="without session_ids"):
        client.infer("race", seen(1), sessions=["a"])
    with pytest.raises(InvalidArgument, match="has 'observatoin'; expected 'observation'"):
        client.infer("race", {**seen(), "observatoin": np.zeros((ROWS, 1), np.uint8)})


def test_the_process_that_runs_files_may_open_nothing(client: ModelClient) -> None:
    client.infer("race", seen(), deadline=LONG)
    process = runner()
    limits = Path(f"/proc/{process.pid}/limits")
    if not limits.exists():
        pytest.skip("told by Linux alone")
    lines = {line[:25].strip(): line[25:].split() for line in limits.read_text().splitlines()}
    for what in ("Max open files", "Max file size", "Max core file size", "Max processes"):
        assert lines[what][:2] == ["0", "0"], what
    assert lines["Max address space"][0] != "unlimited"


def test_a_process_that_dies_is_replaced_and_no_call_fails(
    model: RunningModel, client: ModelClient
) -> None:
    client.infer("race", seen(), deadline=LONG)
    before = model.metric("inference_process_starts_total")
    process = runner()
    os.kill(process.pid, signal.SIGKILL)
    told = client.infer("race", seen(), outputs=["logits"], deadline=LONG)
    assert told.reference == "race:1"
    assert model.metric("inference_process_starts_total") == before + 1
    assert client.infer("memory", seen(), deadline=LONG).reference == "memory:1"


def test_a_policy_that_takes_too_long_is_stopped_alone(tmp_path: Path) -> None:
    with running_model(tmp_path, inference_run_seconds=4.0) as model:
        publish(model.client, "slow")
        publish(model.client, "race", seed=2)
        for name in ("slow", "race"):
            model.client.infer(name, seen(), deadline=LONG)
        runner().suspend()  # a batch without an end
        with pytest.raises(FailedPrecondition, match=r"slow:1 .* took more than 4 s"):
            model.client.infer("slow", seen(), deadline=LONG)
        with pytest.raises(
            FailedPrecondition, match=r"slow:1 is not run for another \d+ s"
        ) as told:
            model.client.infer("slow", seen(), deadline=LONG)
        assert told.value.retry_after
        assert model.client.infer("race", seen(), deadline=LONG).reference == "race:1"
        assert model.metric("inference_stopped_total") == 1


def test_a_call_whose_time_is_over_is_not_run(tmp_path: Path) -> None:
    with running_model(tmp_path) as model:
        publish(model.client)
        model.client.infer("race", seen(), deadline=LONG)
        process = runner()
        process.suspend()
        try:
            with ThreadPoolExecutor(2) as callers:
                first = callers.submit(model.client.infer, "race", seen(), deadline=LONG)
                eventually(lambda: model.metric("inference_calls") == 1, LONG)
                with pytest.raises(DeadlineExceeded):
                    model.client.infer("race", seen(64), deadline=0.2)
                eventually(lambda: model.metric("inference_calls") == 1, LONG)
                process.resume()
                first.result()
        finally:
            process.resume()
        model.client.infer("race", seen(3), deadline=LONG)
        rows = model.registry.get_sample_value("mazemesh_model_inference_batch_rows_sum")
        assert rows == ROWS + ROWS + 3


def test_more_calls_than_may_wait_are_refused_with_a_time(tmp_path: Path) -> None:
    with running_model(tmp_path, inference_calls=2) as model:
        publish(model.client)
        model.client.infer("race", seen(), deadline=LONG)
        process = runner()
        process.suspend()
        try:
            with ThreadPoolExecutor(2) as callers:
                calls = [
                    callers.submit(model.client.infer, "race", seen(), deadline=LONG)
                    for _ in range(2)
                ]
                eventually(lambda: model.metric("inference_calls") == 2, LONG)
                with pytest.raises(ResourceExhausted, match=r"2 calls .* wait") as caught:
                    model.client.infer("race", seen())
                assert caught.value.retry_after
                process.resume()
                assert {call.result().reference for call in calls} == {"race:1"}
        finally:
            process.resume()
        assert model.metric("inference_refused_total") == 1


def test_two_calls_of_one_session_at_once_are_refused(
    model: RunningModel, client: ModelClient
) -> None:
    client.infer("memory", seen(1), sessions=["c"], deadline=LONG)
    process = runner()
    process.suspend()
    try:
        with ThreadPoolExecutor(1) as callers:
            first = callers.submit(client.infer, "memory", seen(1), sessions=["c"], deadline=LONG)
            eventually(lambda: model.metric("inference_calls") == 1, LONG)
            with pytest.raises(Conflict, match="session 'c'"):
                client.infer("memory", seen(1), sessions=["c"])
            process.resume()
            assert first.result().begun == ()
    finally:
        process.resume()


def test_a_flipped_byte_in_a_stored_file_is_refused(tmp_path: Path) -> None:
    network = Network(observation_size=NETWORK.observation_size, hidden=NETWORK.hidden, seed=9)
    with running_model(tmp_path) as model:
        model.client.publish(network.header("race", snapshot=True), network.file())
    stored = list((tmp_path / "blobs").glob("*/*"))
    if stored:
        path = stored[0]
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.chmod(0o600)
        path.write_bytes(content)
    else:
        flip_row(tmp_path / "model.sqlite")
    with running_model(tmp_path) as model:
        with pytest.raises(FailedPrecondition, match="race:1 is damaged: it hashes to"):
            model.client.infer("race", seen(), deadline=LONG)
        assert model.metric("inference_loaded_versions") == 0


def flip_row(database: Path) -> None:
    """Of a file that is kept with its row."""
    import sqlite3

    with sqlite3.connect(database) as connection:
        ((sha256, content),) = connection.execute("SELECT sha256, content FROM policy_files")
        flipped = bytearray(content)
        flipped[len(flipped) // 2] ^= 1
        connection.execute(
            "UPDATE policy_files SET content = ? WHERE sha256 = ?", (bytes(flipped), sha256)
        )
    connection.close()
