"""What the largest messages of inference cost Model's event loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import grpc
import numpy as np
import pytest

from mazemesh.client.model import ModelClient
from mazemesh.kserve import inference_pb2 as kserve
from mazemesh.v1 import model_pb2 as pb
from mazemesh.v1 import tensor_pb2
from services.model.settings import ModelSettings
from tests.onnx_policies import Network, RecurrentNetwork
from tests.servers.event_loop_lag import event_loop_lag
from tests.servers.model.inference.test_infer import LONG, seen
from tests.servers.model_server import RunningModel, running_model

ALLOWED = ModelSettings.max_request_bytes - 64
INFER = "/mazemesh.v1.ModelService/Infer"
RESET = "/mazemesh.v1.ModelService/ResetSessions"
MODEL_INFER = "/inference.GRPCInferenceService/ModelInfer"
WIDE = Network(observation_size=250, hidden=8)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningModel]:
    with running_model(tmp_path_factory.mktemp("model")) as model:
        memory = RecurrentNetwork()
        model.client.publish(WIDE.header("wide"), WIDE.file())
        model.client.publish(memory.header("memory"), memory.file())
        model.client.infer("memory", seen(1), deadline=LONG)
        model.client.policy_signature("wide", LONG)
        yield model


def status(client: ModelClient, method: str, message: bytes) -> grpc.StatusCode:
    """Calls with bytes; the status that comes back."""
    call = client.channel.unary_unary(method)
    try:
        call(message, timeout=LONG)
    except grpc.RpcError as error:
        found: grpc.StatusCode = error.code()
        return found
    return grpc.StatusCode.OK


def repeated(field: int, content: bytes) -> bytes:
    """As many elements of a field as a message has room for."""
    one = bytes([field << 3 | 2, len(content)]) + content
    return one * (ALLOWED // len(one))


def rows(count: int = 4096) -> np.ndarray:
    return np.zeros((count, WIDE.observation_size), np.uint8)


def whole_call() -> bytes:
    column = tensor_pb2.NamedColumn(
        name="observation", dtype=tensor_pb2.DATA_TYPE_UINT8, data=rows().tobytes()
    )
    names = ["action", "logits", "value"]
    request = pb.InferRequest(policy="wide", rows=4096, columns=[column], outputs=names)
    return request.SerializeToString()


def sessions() -> bytes:
    data = bytes(1024 * 12)
    column = tensor_pb2.NamedColumn(name="observation", dtype=tensor_pb2.DATA_TYPE_UINT8, data=data)
    ids = [f"{number:0128}" for number in range(1024)]
    return pb.InferRequest(
        policy="memory", rows=1024, columns=[column], session_ids=ids, begin_rows=range(1024)
    ).SerializeToString()


def typed_contents() -> bytes:
    one = kserve.ModelInferRequest.InferInputTensor(
        name="observation",
        datatype="UINT8",
        shape=(4096, WIDE.observation_size),
        contents=kserve.InferTensorContents(uint_contents=rows().reshape(-1).tolist()),
    )
    return kserve.ModelInferRequest(model_name="wide", inputs=[one]).SerializeToString()


LEGAL: dict[str, tuple[str, Callable[[], bytes]]] = {
    "rows": (INFER, whole_call),
    "sessions": (INFER, sessions),
    "reset": (
        RESET,
        lambda: pb.ResetSessionsRequest(
            name="memory", session_ids=[f"{number:0128}" for number in range(1024)]
        ).SerializeToString(),
    ),
    "typed contents": (MODEL_INFER, typed_contents),
}

HOSTILE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "columns": (INFER, lambda: repeated(3, b"")),
    "outputs": (INFER, lambda: repeated(4, b"a")),
    "session ids": (INFER, lambda: repeated(7, b"a")),
    "begin rows": (INFER, lambda: repeated(8, bytes(100))),
    "ids to reset": (RESET, lambda: repeated(2, b"a")),
    "inputs": (MODEL_INFER, lambda: repeated(5, b"")),
    "parameters": (MODEL_INFER, lambda: repeated(4, b"\x0a\x01a")),
    "raw contents": (MODEL_INFER, lambda: repeated(7, b"")),
}


@pytest.mark.parametrize("what", LEGAL)
def test_the_largest_calls_hold_the_loop_for_a_moment(model: RunningModel, what: str) -> None:
    method, make = LEGAL[what]
    message = make()
    assert len(message) <= ModelSettings.max_request_bytes
    with event_loop_lag(model.thread) as lag:
        assert status(model.client, method, message) is grpc.StatusCode.OK
    lag.check()


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_too_much_holds_it_no_longer(model: RunningModel, what: str) -> None:
    method, make = HOSTILE[what]
    message = make()
    assert ALLOWED - 200 < len(message) <= ModelSettings.max_request_bytes
    with event_loop_lag(model.thread) as lag:
        assert status(model.client, method, message) is grpc.StatusCode.INVALID_ARGUMENT
    lag.check()
