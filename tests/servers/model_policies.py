"""Policies for the tests of the Model service over sockets."""

from typing import Any

from mazemesh.client.model import ModelClient
from mazemesh.v1 import model_pb2 as pb
from mazemesh.v1.model_pb2_grpc import ModelServiceStub
from tests.onnx_policies import Network

NETWORK = Network()


def publish(
    client: ModelClient, name: str = "race", seed: int = 0, **given: Any
) -> pb.PolicyVersion:
    """Publishes a network of its own weights for each seed."""
    network = Network(seed=seed)
    return client.publish(network.header(name, **given), network.file())


def numbers(client: ModelClient, name: str = "race", **chosen: bool) -> list[int]:
    return [version.version for version in client.list(name, **chosen)]


def current_revision(client: ModelClient) -> int:
    stub = ModelServiceStub(client.channel)
    return stub.ListPolicies(pb.ListPoliciesRequest(page_size=1), timeout=10).revision
