"""Variants over a real socket: made at publish, fetched, served, and gone with their version."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
import pytest

from mazemesh.errors import FailedPrecondition, InvalidArgument, NotFound
from mazemesh.policy.cache import fetch_policy
from mazemesh.v1 import model_pb2 as pb
from tests.onnx_policies import Network
from tests.servers.model_server import RunningModel, running_model

LONG = 60.0
KINDS = ("fp16", "bf16", "int8")
ALL = [f"POLICY_VARIANT_{kind.upper()}" for kind in KINDS]
NETWORK = Network(observation_size=64, hidden=32)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningModel]:
    with running_model(tmp_path_factory.mktemp("model")) as model:
        model.client.publish(NETWORK.header(variants=ALL, snapshot=True), NETWORK.file())
        yield model


def seen(rows: int = 9) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    return {"observation": rng.integers(0, 256, (rows, 64), dtype=np.uint8)}


def test_what_was_made_is_told_with_its_figures(model: RunningModel) -> None:
    told = {one.variant: one for one in model.client.describe("race:1").variants}
    assert sorted(told) == [pb.POLICY_VARIANT_FP16, pb.POLICY_VARIANT_BF16, pb.POLICY_VARIANT_INT8]
    for one in told.values():
        assert not one.rejection
        assert 0 < one.largest_difference < 0.25
        assert 0.5 < one.same_choices <= 1
        assert one.rows == 8
        assert 0 < one.size_bytes < len(NETWORK.file())
        assert one.sha256 in model.blobs()


@pytest.mark.parametrize("kind", KINDS)
def test_a_variant_is_fetched_and_served(model: RunningModel, kind: str) -> None:
    client, columns = model.client, seen()
    version, file = client.get("race:latest", variant=kind)
    assert file is not None
    assert client.get("race:1", sha_of(version, kind), variant=kind)[1] is None
    policy = fetch_policy(client, "race", variant=kind)
    assert policy.reference == "race:1"
    mask = np.ones((9, NETWORK.num_actions), np.uint8)
    logits, _, _ = policy.infer(columns["observation"], mask)
    told = client.infer("race", columns, outputs=["logits"], variant=kind, deadline=LONG)
    assert (told.reference, told.variant) == ("race:1", kind)
    np.testing.assert_allclose(told["logits"], logits, atol=1e-5)
    whole = client.infer("race", columns, outputs=["logits"], deadline=LONG)
    assert whole.variant == ""
    assert (whole["logits"] != told["logits"]).any()


def sha_of(version: pb.PolicyVersion, kind: str) -> str:
    number = pb.PolicyVariant.Value(f"POLICY_VARIANT_{kind.upper()}")
    return next(one.sha256 for one in version.variants if one.variant == number)


def test_what_it_is_run_on_is_told(model: RunningModel) -> None:
    told = model.client.policy_signature("race", LONG, "int8")
    assert told.variant == pb.POLICY_VARIANT_INT8
    assert list(told.providers)[-1] == "CPUExecutionProvider"
    assert "inference_processor is auto" in told.providers_reason


def test_an_alias_that_moves_to_a_version_without_the_variant_goes_on_answering(
    model: RunningModel,
) -> None:
    client = model.client
    network = Network(observation_size=64, hidden=32, seed=1)
    client.publish(network.header("moving", variants=["POLICY_VARIANT_INT8"]), network.file())
    first = client.infer("moving", seen(), variant="int8", deadline=LONG)
    assert (first.version, first.variant) == (1, "int8")
    other = Network(observation_size=64, hidden=32, seed=2)
    client.publish(other.header("moving"), other.file())
    found = set()
    while (2, "") not in found:  # until the pointer has been swapped; no call fails meanwhile
        told = client.infer("moving", seen(), variant="int8", deadline=LONG)
        found.add((told.version, told.variant))
    assert found <= {(1, "int8"), (2, "")}
    with pytest.raises(NotFound, match="moving:2 has no variant int8; it has none"):
        client.get("moving", variant="int8")
    with pytest.raises(NotFound, match="moving:1 has no variant fp16; it has int8"):
        client.get("moving:1", variant="fp16")


def test_a_variant_that_answers_otherwise_is_told_and_the_version_is_ready(
    model: RunningModel,
) -> None:
    network = Network(observation_size=64, hidden=32)
    network.weights["wl"] *= 3000  # logits so large that eight bits are far off
    version = model.client.publish(
        network.header("loud", variants=["POLICY_VARIANT_INT8"], parity=network.parity()),
        network.file(),
    )
    (one,) = version.variants
    if not one.rejection:  # the relative difference may be small all the same
        assert one.largest_difference <= 0.25
    else:
        assert "int8 may by 0.25" in one.rejection
        assert not one.sha256
    assert version.state == pb.POLICY_STATE_READY
    small = Network(observation_size=4, hidden=4, num_actions=3)
    header = small.header("small", variants=["POLICY_VARIANT_INT8"])
    (told,) = model.client.publish(header, small.file()).variants
    assert "no constant matrix" in told.rejection


def test_wrong_kinds_are_refused(model: RunningModel) -> None:
    with pytest.raises(InvalidArgument, match="form of a file once"):
        model.client.publish(NETWORK.header("twice", variants=ALL[:1] * 2), NETWORK.file())
    unknown = pb.GetPolicySignatureRequest(policy="race")
    unknown.MergeFromString(b"\xf0\x01\x09")  # field 30 is 9
    with pytest.raises(grpc.RpcError, match="variant is 9"):
        model.stub.GetPolicySignature(unknown)
    with pytest.raises(InvalidArgument, match="fp64"):
        model.client.infer("race", seen(), variant="fp64")


def test_a_flipped_byte_in_a_stored_variant_is_told(model: RunningModel) -> None:
    network = Network(observation_size=64, hidden=32, seed=7)
    version = model.client.publish(network.header("flip", variants=ALL[:1]), network.file())
    (path,) = (model.data_dir / "blobs").rglob(version.variants[0].sha256)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)
    with pytest.raises(FailedPrecondition, match="stored fp16 file of flip:1 is damaged"):
        model.client.get("flip:1", variant="fp16")


def test_files_go_with_their_version_and_are_counted(tmp_path: Path) -> None:
    with running_model(tmp_path, keep_versions=1) as model:
        for seed in range(3):
            network = Network(observation_size=64, hidden=32, seed=seed)
            header = network.header(variants=["POLICY_VARIANT_INT8"])
            model.client.publish(header, network.file())
        kept = list(model.client.list("race"))
        wanted = {one.sha256 for one in kept}
        wanted |= {form.sha256 for one in kept for form in one.variants}
        assert model.blobs() == wanted
        assert len(wanted) == 4  # `latest`, and one more that is kept
