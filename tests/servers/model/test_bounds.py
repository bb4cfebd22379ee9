"""What the largest messages cost Model's event loop, and a hostile file those beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import grpc
import numpy as np
import pytest
from onnx import helper

from mazemesh.client.model import ModelClient
from mazemesh.errors import (
    Conflict,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    ResourceExhausted,
)
from mazemesh.games import GameSettings, get_game
from mazemesh.v1 import model_pb2 as pb
from mazemesh.wire.tensors import to_tensor
from services.model.settings import ModelSettings
from tests.onnx_policies import Network
from tests.servers.event_loop_lag import event_loop_lag
from tests.servers.model_policies import NETWORK, publish
from tests.servers.model_server import RunningModel, running_model
from tests.servers.running import eventually
from tests.unit.model.validation.test_validators import endless

MEBIBYTE = 1024 * 1024
ALLOWED = ModelSettings.max_request_bytes - 64


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningModel]:
    with running_model(tmp_path_factory.mktemp("model")) as model:
        publish(model.client, "warm")
        yield model


def raw(client: ModelClient, method: str, messages: Iterable[bytes]) -> grpc.StatusCode:
    """Calls with bytes that no client of ours would send; the status that comes back."""
    call = client.channel.stream_unary(
        f"/mazemesh.v1.ModelService/{method}",
        request_serializer=lambda message: message,
        response_deserializer=lambda message: message,
    )
    try:
        call(iter(messages), timeout=60)
    except grpc.RpcError as error:
        status: grpc.StatusCode = error.code()
        return status
    return grpc.StatusCode.OK


def header_of(field: int, content: bytes) -> bytes:
    """A publish whose header has one field of bytes."""
    inside = _delimited(field, content)
    return _delimited(1, inside)


def _delimited(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


SMALLEST_ENTRY = _delimited(10, b"")
"""Of the header's metadata: an entry of two bytes."""

HOSTILE: dict[str, Callable[[], bytes]] = {
    # As many elements as the message has room for, each of them two bytes.
    "metadata": lambda: _delimited(1, SMALLEST_ENTRY * (ALLOWED // 2)),
    "pool": lambda: header_of(7, _delimited(9, b"") * ((ALLOWED - 8) // 2)),
    "name": lambda: header_of(2, b"a" * (ALLOWED - 8)),
    "parity": lambda: header_of(11, parity(ALLOWED - 4096)),
}


def parity(size: int) -> bytes:
    rows = 4096
    width = size // rows
    message = pb.ParityCheck(
        observation=to_tensor(np.zeros((rows, width - 24), np.uint8)),
        action_mask=to_tensor(np.ones((rows, 4), np.uint8)),
        logits=to_tensor(np.zeros((rows, 4), np.float32)),
        value=to_tensor(np.zeros(rows, np.float32)),
    )
    return message.SerializeToString()


@pytest.mark.parametrize("field", HOSTILE)
def test_the_largest_header_holds_the_loop_for_a_moment(model: RunningModel, field: str) -> None:
    message = HOSTILE[field]()
    assert MEBIBYTE < len(message) <= ModelSettings.max_request_bytes
    with event_loop_lag(model.thread) as lag:
        status = raw(model.client, "PublishPolicy", [message])
    assert status is grpc.StatusCode.INVALID_ARGUMENT
    lag.check()


def test_a_larger_message_is_not_even_read(model: RunningModel) -> None:
    message = header_of(2, b"a" * ModelSettings.max_request_bytes)
    with event_loop_lag(model.thread) as lag:
        assert raw(model.client, "PublishPolicy", [message]) is grpc.StatusCode.RESOURCE_EXHAUSTED
    lag.check()


def test_the_largest_page_ends_at_a_mebibyte_and_holds_the_loop_for_a_moment(
    tmp_path: Path,
) -> None:
    metadata = {f"{number:03}": "x" * 60 for number in range(1000)}
    with running_model(tmp_path) as model:
        for seed in range(40):
            publish(model.client, seed=seed, metadata=metadata, snapshot=True)
        with event_loop_lag(model.thread) as lag:
            found = list(model.client.list("race"))
        assert [one.version for one in found] == list(range(40, 0, -1))
        lag.check()
        page = model.stub.ListPolicies(pb.ListPoliciesRequest(page_size=1000), timeout=10)
        assert 0 < len(page.policies) < 40
        assert page.ByteSize() < 2 * MEBIBYTE


def test_the_largest_file_holds_the_loop_for_a_moment(model: RunningModel) -> None:
    data = bytes(32 * MEBIBYTE)
    with event_loop_lag(model.thread) as lag, pytest.raises(FailedPrecondition, match="'onnx'"):
        model.client.publish(NETWORK.header("large"), data)
    lag.check()


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"metadata": {str(number): "" for number in range(1001)}}, "1001 keys"),
        ({"request_id": "r" * 129}, "request_id has 129 characters"),
        ({"name": "n" * 20_000}, "name = 'n"),
    ],
)
def test_what_is_too_much_is_named(
    model: RunningModel, header: dict[str, object], message: str
) -> None:
    with pytest.raises(InvalidArgument, match=message):
        model.client.publish(NETWORK.header(**header), NETWORK.file())


def test_a_long_name_gets_its_answer_and_not_one_of_the_transport(model: RunningModel) -> None:
    """Messages of errors travel in headers, of which gRPC takes 8 KiB."""
    for ask in (model.client.describe, lambda name: next(model.client.watch(name))):
        with pytest.raises((InvalidArgument, NotFound)) as caught:
            ask("n" * 20_000)
        assert len(str(caught.value)) < 1_000


def test_a_file_that_never_ends_is_rejected_while_others_publish(tmp_path: Path) -> None:
    with running_model(tmp_path, validation_cpu_seconds=2.0) as model, ThreadPoolExecutor(1) as one:
        publish(model.client, "before")
        slow = one.submit(lambda: model.client.publish(NETWORK.header("slow"), endless()))
        published = 0
        while not slow.done():
            publish(model.client, "fast", seed=published)
            published += 1
        with pytest.raises(FailedPrecondition, match=r"slow:1 is rejected: check 'limits'"):
            slow.result()
        assert published > 1
        assert model.client.describe("slow:1").rejection


def test_a_burst_is_refused_beyond_the_queue(tmp_path: Path) -> None:
    bounds = {"validators": 1, "waiting_validations": 1, "validation_cpu_seconds": 1.0}
    with running_model(tmp_path, **bounds) as model, ThreadPoolExecutor(4) as many:
        publish(model.client, "before")
        burst = [
            many.submit(lambda: model.client.publish(NETWORK.header("slow"), endless()))
            for _ in range(4)
        ]
        errors = [type(one.exception()) for one in burst]
        assert set(errors) == {FailedPrecondition, ResourceExhausted}
        publish(model.client, "after")


def test_uploads_are_bounded(tmp_path: Path) -> None:
    size = len(NETWORK.file())
    with running_model(tmp_path, max_upload_bytes=size, upload_seconds=2.0) as model:

        def begun() -> Iterator[pb.PublishPolicyRequest]:
            header = NETWORK.header("waits", sha256="0" * 64, size_bytes=size)
            yield pb.PublishPolicyRequest(header=header)
            yield pb.PublishPolicyRequest(chunk=b"a")
            stay.result(60)

        stay: Future[None] = Future()
        waiting = model.stub.PublishPolicy.future(begun(), timeout=60)
        eventually(lambda: bool(model.uploads()))
        with pytest.raises(ResourceExhausted, match="1 files of"):
            publish(model.client)
        # It does not come in its time, and makes room.
        assert waiting.exception(60).code() is grpc.StatusCode.DEADLINE_EXCEEDED
        stay.set_result(None)
        publish(model.client)


def test_a_loop_in_a_function_is_refused_at_once(model: RunningModel) -> None:
    graph = NETWORK.model()
    body = helper.make_graph([], "body", [], [])
    loop = helper.make_node("Loop", ["trips", "go"], ["out"], body=body)
    graph.functions.append(
        helper.make_function("own", "f", ["trips", "go"], ["out"], [loop], graph.opset_import)
    )
    with pytest.raises(FailedPrecondition, match=r"check 'graph' failed: operator 'Loop'"):
        model.client.publish(NETWORK.header("loops"), graph.SerializeToString())


def test_a_name_is_held_over_the_wire(model: RunningModel) -> None:
    def hold(owner: str, **wanted: object) -> int:
        request = pb.HoldNameRequest(name="held", owner=owner, run_id=f"run-{owner}", **wanted)
        return model.client.hold_name(request).fence

    fence = hold("a")
    with pytest.raises(Conflict, match="held by run 'run-a'"):
        hold("b")
    with pytest.raises(Conflict, match="publish under another name"):
        publish(model.client, "held")
    assert publish(model.client, "held", fence=fence).version == 1
    taken = hold("b", take_over=True)
    with pytest.raises(Conflict, match="taken over by run 'run-b'"):
        publish(model.client, "held", seed=1, fence=fence)
    assert publish(model.client, "held", seed=1, fence=taken).version == 2
    with pytest.raises(InvalidArgument, match="owner is empty"):
        hold("")


def test_what_was_compared_and_how_it_is_played_stays_with_a_version(model: RunningModel) -> None:
    collection = pb.Collection(game="solo", transition=pb.TransitionCollection(n_step=1))
    stranger = Network(hidden=7)  # of a graph that was not checked before
    said = model.client.publish(stranger.header("greedy", q_values=True), stranger.file())
    assert said.q_values
    assert "batch of 64" in said.checked
    found = model.client.describe("greedy")
    assert (found.q_values, found.checked) == (said.q_values, said.checked)
    assert not model.client.describe("warm").q_values
    spec = get_game("solo").spec(GameSettings())
    network = Network(spec.observation_size, spec.num_actions)
    header = network.header("collected", collection=collection)
    assert model.client.publish(header, network.file()).q_values
