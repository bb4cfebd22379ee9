"""The KServe v2 protocol over a real socket, by tritonclient and by messages."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from mazemesh.kserve import inference_pb2 as pb
from mazemesh.kserve.inference_pb2_grpc import GRPCInferenceServiceStub
from tests.servers.model.inference.test_infer import LONG, seen
from tests.servers.model_policies import NETWORK
from tests.servers.model_server import RunningModel

SCRIPT = Path(__file__).with_name("triton_calls.py")
OBSERVATION = seen(3)["observation"]


@pytest.fixture
def stub(model: RunningModel) -> GRPCInferenceServiceStub:
    return GRPCInferenceServiceStub(model.client.channel)


@pytest.fixture(scope="module")
def told(model: RunningModel) -> dict[str, Any]:
    pytest.importorskip("tritonclient", reason="asks the Model service")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), model.address, json.dumps(OBSERVATION.tolist())],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_tritonclient_is_answered(told: dict[str, Any]) -> None:
    logits, value = NETWORK.answer(OBSERVATION, np.ones((3, NETWORK.num_actions), np.uint8))
    assert (told["live"], told["ready"], told["model_ready"]) == (True, True, [True, False])
    assert told["served"] == ["race", "1", "r-1"]
    np.testing.assert_allclose(told["logits"], logits, atol=1e-5)
    np.testing.assert_allclose(told["value"], value, atol=1e-5)
    assert len(told["action"]) == 3
    assert told["only"] == ["value"]


def test_tritonclient_is_told_what_a_model_is(told: dict[str, Any]) -> None:
    assert told["server"]["name"] == "mazemesh"
    metadata, config = told["metadata"], told["config"]
    assert (metadata["name"], metadata["versions"]) == ("race", ["1"])
    seen_, mask = metadata["inputs"]
    assert seen_ == {"name": "observation", "datatype": "UINT8", "shape": ["-1", "12"]}
    assert mask["name"] == "action_mask"
    assert [one["name"] for one in metadata["outputs"]] == ["action", "logits", "value"]
    assert config["platform"] == metadata["platform"] == "onnxruntime_onnx"
    assert config["max_batch_size"] == 4096
    assert config["input"][0] == {"name": "observation", "data_type": "TYPE_UINT8", "dims": ["12"]}
    assert config["dynamic_batching"]["max_queue_delay_microseconds"] == "2000"
    assert config["parameters"]["version"]["string_value"] == "1"
    (one,) = told["statistics"]["model_stats"]
    assert (one["name"], one["version"]) == ("race", "1")
    assert (one["inference_count"], one["execution_count"]) == ("6", "2")
    assert one["inference_stats"]["success"]["count"] == "2"
    assert int(one["last_inference"]) > 1_700_000_000_000


def test_tritonclient_is_told_what_is_wrong(told: dict[str, Any]) -> None:
    refused = told["refused"]
    invalid, missing = "StatusCode.INVALID_ARGUMENT", "StatusCode.UNIMPLEMENTED"
    assert refused["no_model"][0] == "StatusCode.NOT_FOUND"
    assert "no policy is named 'nobody'" in refused["no_model"][1]
    for name, text in (
        ("no_input", "inputs has 0"),
        ("shape", "9 bytes of 'observation'; expected 36"),
        ("dtype", "'observation' of float32; expected uint8"),
        ("parameter", "parameters has 'colour'"),
    ):
        assert refused[name][0] == invalid, name
        assert text in refused[name][1], name
    for name in ("repository", "load", "shared_memory"):
        assert refused[name][0] == missing, name
    assert "ListPolicies" in refused["repository"][1]


def test_tritonclient_has_sequences_and_streams(told: dict[str, Any]) -> None:
    first, second, third, anew = told["sequence"]
    assert len({first, second, third}) == 3
    assert anew == pytest.approx(first, abs=1e-6)
    value = told["value"]
    before, error, after = told["stream"]
    np.testing.assert_allclose([before, after], [value, value], atol=1e-5)
    assert error.startswith("[NOT_FOUND]")


def request(**given: Any) -> pb.ModelInferRequest:
    one = pb.ModelInferRequest.InferInputTensor(
        name="observation", datatype="UINT8", shape=OBSERVATION.shape
    )
    fields: dict[str, Any] = {"model_name": "race", "inputs": [one], **given}
    message = pb.ModelInferRequest(**fields)
    if "raw_input_contents" not in given and not given.get("inputs"):
        message.raw_input_contents.append(OBSERVATION.tobytes())
    return message


def test_typed_contents_are_those_of_bytes(stub: GRPCInferenceServiceStub) -> None:
    raw = stub.ModelInfer(request(), timeout=LONG)
    tensors = [
        pb.ModelInferRequest.InferInputTensor(
            name=name,
            datatype="UINT8",
            shape=array.shape,
            contents=pb.InferTensorContents(uint_contents=array.reshape(-1).tolist()),
        )
        for name, array in (
            ("observation", OBSERVATION),
            ("action_mask", np.ones((3, NETWORK.num_actions), np.uint8)),
        )
    ]
    typed = stub.ModelInfer(request(inputs=tensors), timeout=LONG)
    outputs = {one.name: index for index, one in enumerate(raw.outputs)}
    for name in ("logits", "value"):
        index = outputs[name]
        assert raw.raw_output_contents[index] == typed.raw_output_contents[index]
        assert not raw.outputs[index].HasField("contents")


def tensor(**given: Any) -> pb.ModelInferRequest.InferInputTensor:
    fields: dict[str, Any] = {"name": "observation", "datatype": "UINT8", "shape": [1, 12], **given}
    return pb.ModelInferRequest.InferInputTensor(**fields)


PARAMETER = pb.InferParameter
HUGE = (1 << 63) - 1


@pytest.mark.parametrize(
    ("hostile", "told"),
    [
        (request(model_name="a/b"), "model_name = 'a/b' is wrong"),
        (request(model_name="race", model_version="1:2"), "is wrong"),
        (request(model_version="0" * 3000), "is wrong"),
        (request(inputs=[tensor()] * 1025), "inputs has 1025"),
        (request(inputs=[tensor(shape=[])]), "0 dimensions"),
        (request(inputs=[tensor(shape=[1] * 33)]), "33 dimensions"),
        (request(inputs=[tensor(shape=[HUGE, HUGE])]), f"has {HUGE} rows"),
        (request(inputs=[tensor(shape=[-1, 12])]), "has -1 rows"),
        (request(inputs=[tensor(shape=[1, HUGE])]), "0 uint_contents elements"),
        (request(inputs=[tensor(datatype="BYTES")]), "datatype 'BYTES'"),
        (request(inputs=[tensor(), tensor(shape=[2, 12])]), "one before it 1"),
        (request(raw_input_contents=[b""] * 2), "raw_input_contents has 2"),
        (
            request(
                inputs=[tensor(contents=pb.InferTensorContents(uint_contents=[256] * 12))],
            ),
            "an element that is none of UINT8",
        ),
        (
            request(inputs=[tensor(parameters={"shared_memory_region": PARAMETER(int64_param=1)})]),
            "shared memory is not served",
        ),
        (request(parameters={"seed": PARAMETER(int64_param=-1)}), "seed is no whole number"),
        (request(parameters={"temperature": PARAMETER(string_param="x")}), "temperature is 'x'"),
        (request(parameters={"temperature": PARAMETER(double_param=1e9)}), "expected 0..1000"),
        (request(parameters={"timeout": PARAMETER(int64_param=-5)}), "timeout is no number"),
        (
            request(parameters={"sequence_id": PARAMETER(string_param="ä" * 300)}),
            "remembers nothing",
        ),
        (request(id="x" * 129), "id has 129 characters"),
        (request(outputs=[pb.ModelInferRequest.InferRequestedOutputTensor()] * 257), "outputs"),
    ],
)
def test_hostile_messages_are_refused(
    stub: GRPCInferenceServiceStub, hostile: pb.ModelInferRequest, told: str
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        stub.ModelInfer(hostile, timeout=LONG)
    assert caught.value.code() in (
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.FAILED_PRECONDITION,
    )
    assert told in str(caught.value.details())


BEYOND_TRITON = {"inference.ModelMetadataResponse.properties"}
"""Of KServe's Open Inference Protocol alone; Triton's client passes over it."""


def test_the_protocol_is_that_of_the_public_client() -> None:
    """Every field and method of ours has the number, the name and the type of tritonclient's."""
    pytest.importorskip("tritonclient", reason="has the published protocol")
    program = """
import json, sys
from tritonclient.grpc import model_config_pb2, service_pb2
def told(message):
    found[message.full_name] = {f.name: [f.number, f.type, f.is_repeated] for f in message.fields}
    for nested in message.nested_types:
        told(nested)
found = {}
for file in (service_pb2, model_config_pb2):
    for message in file.DESCRIPTOR.message_types_by_name.values():
        told(message)
service = service_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"]
methods = {m.name: [m.input_type.full_name, m.output_type.full_name] for m in service.methods}
print(json.dumps([found, methods]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    theirs, methods = json.loads(done.stdout)

    def check(message: Any) -> None:
        published = theirs[message.full_name]
        for one in message.fields:
            if one.full_name in BEYOND_TRITON:
                continue
            assert [one.number, one.type, one.is_repeated] == published[one.name], one.full_name
        for nested in message.nested_types:
            if not nested.GetOptions().map_entry:
                check(nested)

    for message in pb.DESCRIPTOR.message_types_by_name.values():
        check(message)
    (service,) = pb.DESCRIPTOR.services_by_name.values()
    for method in service.methods:
        types = [method.input_type.full_name, method.output_type.full_name]
        assert types == methods[method.name]


def test_what_a_version_is_run_on_is_told(stub: GRPCInferenceServiceStub) -> None:
    told = stub.ModelMetadata(pb.ModelMetadataRequest(name="race"), timeout=LONG)
    assert "CPUExecutionProvider" in told.properties["providers"]
    assert "inference_processor is auto" in told.properties["providers_reason"]
    config = stub.ModelConfig(pb.ModelConfigRequest(name="race"), timeout=LONG).config
    assert config.parameters["providers"].string_value == told.properties["providers"]


def test_a_variant_that_is_none_is_refused(stub: GRPCInferenceServiceStub) -> None:
    wrong = {"variant": pb.InferParameter(string_param="int4")}
    with pytest.raises(grpc.RpcError, match="variant has 'int4'; expected some of fp16"):
        stub.ModelInfer(request(parameters=wrong), timeout=LONG)
    # `race` has no variants, so the file itself answers.
    right = {"variant": pb.InferParameter(string_param="int8")}
    assert stub.ModelInfer(request(parameters=right), timeout=LONG).model_name == "race"
