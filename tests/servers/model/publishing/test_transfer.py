"""Files on their way to and from the Model service."""

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from mazemesh.client.model import CHUNK_BYTES, ModelClient
from mazemesh.errors import InvalidArgument
from mazemesh.v1 import model_pb2 as pb
from mazemesh.v1.model_pb2_grpc import ModelServiceStub
from tests.onnx_policies import Network
from tests.servers.cutting_proxy import CuttingProxy
from tests.servers.model_policies import NETWORK, numbers, publish
from tests.servers.model_server import RunningModel
from tests.servers.running import eventually


def messages(*parts: pb.PublishPolicyHeader | bytes) -> Iterator[pb.PublishPolicyRequest]:
    for part in parts:
        if isinstance(part, bytes):
            yield pb.PublishPolicyRequest(chunk=part)
        else:
            yield pb.PublishPolicyRequest(header=part)


HEADER = NETWORK.header(sha256="0" * 64, size_bytes=2 * CHUNK_BYTES)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([], "has no header"),
        ([b"chunk"], "has no header"),
        ([HEADER, HEADER], "has no chunk"),
        ([HEADER, bytes(CHUNK_BYTES + 1)], "at most 1048576"),
        ([HEADER, bytes(10)], "but 10 bytes came"),
    ],
)
def test_a_wrong_order_of_messages(
    model: RunningModel, parts: list[pb.PublishPolicyHeader | bytes], message: str
) -> None:
    stub = ModelServiceStub(model.client.channel)
    with pytest.raises(InvalidArgument) as caught:
        model.client._call(stub.PublishPolicy, messages(*parts))
    assert message in str(caught.value)
    assert model.uploads() == []


def big_network() -> Network:
    return Network(observation_size=1000, hidden=800, seed=3)  # 3.2 MB, four chunks


def test_a_download_from_an_offset(client: ModelClient) -> None:
    network = big_network()
    data = network.file()
    client.publish(network.header(), data)
    stub = ModelServiceStub(client.channel)

    def download(offset: int) -> list[pb.GetPolicyResponse]:
        request = pb.GetPolicyRequest(policy="race", offset=offset)
        return list(client._stream(stub.GetPolicy, request, 10))

    for offset in (0, 1, CHUNK_BYTES, len(data) - 1, len(data)):
        first, *rest = download(offset)
        assert first.policy.version == 1
        assert b"".join(response.chunk for response in rest) == data[offset:]
        assert all(len(response.chunk) <= CHUNK_BYTES for response in rest)
    for offset in (-1, len(data) + 1):
        with pytest.raises(InvalidArgument, match=f"offset is {offset}; expected 0..{len(data)}"):
            download(offset)


def test_a_download_that_is_cut_goes_on_with_the_same_version(model: RunningModel) -> None:
    """Cut twice in the middle, and `latest` moves each time."""
    network = big_network()
    data = network.file()
    model.client.publish(network.header(), data)
    budgets = [1_500_000, 1_200_000]
    with (
        CuttingProxy(model.address, budgets, lambda: publish(model.client)) as proxy,
        closing(ModelClient(proxy.address)) as client,
    ):
        version, got = client.get("race:latest")
        assert (version.version, got == data, proxy.cuts) == (1, True, 2)
        assert client.describe("race:latest").version == 3


def test_a_download_goes_on_with_the_version_it_began(model: RunningModel) -> None:
    network = big_network()
    model.client.publish(network.header(), network.file())
    stub = ModelServiceStub(model.client.channel)
    stream = stub.GetPolicy(pb.GetPolicyRequest(policy="race"), timeout=20)
    assert next(stream).policy.version == 1
    parts = [next(stream).chunk]
    publish(model.client, seed=1)
    parts += [response.chunk for response in stream]
    assert b"".join(parts) == network.file()


def test_an_upload_that_is_cancelled_leaves_nothing(model: RunningModel) -> None:
    stub = ModelServiceStub(model.client.channel)
    arrived, cancelled = threading.Event(), threading.Event()

    def half() -> Iterator[pb.PublishPolicyRequest]:
        yield from messages(HEADER, bytes(CHUNK_BYTES))
        arrived.set()
        cancelled.wait(20)

    call = stub.PublishPolicy.future(half(), timeout=20)
    assert arrived.wait(10)
    call.cancel()
    cancelled.set()
    eventually(lambda: model.metric("publishes_total", result="failed") == 1)
    eventually(lambda: model.uploads() == [])  # a thread may still be at it
    assert numbers(model.client, include_all_states=True) == []
