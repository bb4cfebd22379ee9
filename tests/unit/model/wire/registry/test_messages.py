"""Headers that are refused before a byte of the file is read."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mazemesh.errors import InvalidArgument
from mazemesh.games import get_game
from mazemesh.games.spaces import Box, Dict, Discrete, MultiDiscrete
from mazemesh.v1 import model_pb2 as pb
from mazemesh.wire.tensors import to_tensor
from services.model.wire.registry.messages import read_header
from services.model.wire.registry.parity_message import read_parity
from tests.onnx_policies import Network, RecurrentNetwork

SHA = "0" * 64


def read(**given: Any) -> Any:
    header = pb.PublishPolicyHeader(**{"name": "race", "sha256": SHA, "size_bytes": 10, **given})
    return read_header(header, max_bytes=1000)


def test_a_header_without_a_game() -> None:
    submission = read(metadata={"a": "b"}, training_step=7, snapshot=True)
    assert (submission.spec_hash, submission.training_step) == ("", 7)
    assert submission.metadata == {"a": "b"}


def test_a_header_keeps_its_game() -> None:
    submission = read(collection=pb.Collection(game="race"))
    assert pb.Collection.FromString(submission.collection).game == "race"


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"name": "Race"}, "'Race'"),
        ({"sha256": "abc"}, "'abc'"),
        ({"sha256": "A" * 64}, "sha256"),
        ({"size_bytes": 0}, "size_bytes is 0"),
        ({"size_bytes": 1001}, "size_bytes is 1001; expected 1..1000"),
        ({"training_step": -1}, "training_step is -1"),
        ({"parent_version": -2}, "parent_version is -2"),
        ({"run_id": "x" * 129}, "run_id has 129"),
        ({"request_id": "x" * 129}, "request_id has 129"),
        *(  # PostgreSQL takes no NUL in a text
            ({field: "a\0b"}, f"{field} has a NUL character")
            for field in ("run_id", "request_id", "code_version")
        ),
        ({"config": {"a\0b": "c"}}, "config's name has a NUL character"),
        ({"config": {"a": "b\0c"}}, "config['a'] has a NUL character"),
        ({"metadata": {"a": "b" * 70_000}}, "metadata has 70001"),
    ],
)
def test_wrong_fields_are_named_with_their_values(given: dict[str, Any], names: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        read(**given)
    assert names in str(caught.value)


def put(field: str, array: Any) -> Callable[[pb.ParityCheck], None]:
    return lambda parity: getattr(parity, field).CopyFrom(to_tensor(np.asarray(array)))


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (put("observation", np.zeros((0, 12), np.uint8)), "no rows"),
        (put("observation", np.zeros((8, 12), np.int8)), "observation is int8 [8, 12]"),
        (put("action_mask", np.ones((7, 5), np.uint8)), "action_mask is uint8 [7, 5]"),
        (put("action_mask", np.full((8, 5), 2, np.uint8)), "the value 2"),
        (put("action_mask", np.zeros((8, 5), np.uint8)), "no legal action"),
        (put("logits", np.zeros((8, 4), np.float32)), "logits is float32 [8, 4]"),
        (put("logits", np.full((8, 5), np.nan, np.float32)), "logits has values"),
        (put("value", np.zeros((8, 1), np.float32)), "value is float32 [8, 1]"),
        (put("value", np.full(8, np.inf, np.float32)), "value has values"),
        (put("state", np.zeros((8, 3), np.float32)), "parity.next_state"),
        (lambda parity: parity.ClearField("value"), "parity.value"),
        (lambda parity: parity.Clear(), "parity.observation"),
    ],
)
def test_wrong_parity_rows_are_named(change: Callable[[pb.ParityCheck], None], names: str) -> None:
    parity = Network().parity()
    change(parity)
    with pytest.raises(InvalidArgument) as caught:
        read_parity(parity, None)
    assert names in str(caught.value)


def test_parity_rows_must_fit_the_game() -> None:
    spec = get_game("race").spec()
    fitting = Network(observation_size=spec.observation_size).parity()
    assert len(read_parity(fitting, spec)) == 8
    with pytest.raises(InvalidArgument, match=rf"\[n, {spec.observation_size}\]"):
        read_parity(Network().parity(), spec)


def test_recurrent_rows() -> None:
    parity = read_parity(RecurrentNetwork().parity(), None)
    assert parity.expected["next_state"].shape == parity.given["state"].shape
    assert set(parity.inputs(slice(0, 2))) == {"observation", "action_mask", "state"}


SPACES = replace(
    get_game("race").spec(),
    observation_space=Dict(
        (("camera", Box((0.0,), (255.0,), (3, 3, 1), "uint8")), ("place", Discrete(4)))
    ),
    action_space=Dict((("move", MultiDiscrete((2, 3))), ("arm", Box((-1.0,), (1.0,), (2,))))),
)


def parity_by_column() -> pb.ParityCheck:
    inputs = {
        "observation.camera": np.zeros((4, 3, 3, 1), np.uint8),
        "observation.place": np.zeros(4, np.int8),
        "action_mask.move": np.ones((4, 5), np.uint8),
    }
    outputs = {
        "logits.move": np.zeros((4, 5), np.float32),
        "mean.arm": np.zeros((4, 2), np.float32),
        "log_std.arm": np.zeros((4, 2), np.float32),
    }
    message = pb.ParityCheck(value=to_tensor(np.zeros(4, np.float32)))
    for name, array in inputs.items():
        message.inputs[name].CopyFrom(to_tensor(array))
    for name, array in outputs.items():
        message.outputs[name].CopyFrom(to_tensor(array))
    return message


def test_parity_rows_of_several_leaves_go_by_column() -> None:
    parity = read_parity(parity_by_column(), SPACES)
    assert len(parity) == 4
    assert dict(parity.masks) == {"logits.move": "action_mask.move"}
    assert set(parity.expected) == {"logits.move", "mean.arm", "log_std.arm", "value"}
    assert set(read_parity(parity_by_column(), None).given) == set(parity.given)


@pytest.mark.parametrize(
    ("column", "array", "names"),
    [
        ("observation.camera", np.zeros((4, 3, 3, 2), np.uint8), "has uint8 [n, 3, 3, 1]"),
        ("observation.place", np.zeros(4, np.int32), "observation.place is int32 [4]"),
        ("observation.place", np.zeros(3, np.int8), "observation.place is [3]; expected [4, ...]"),
        (
            "observation.sound",
            np.zeros(4, np.int8),
            "has ['action_mask.move', 'observation.camera'",
        ),
        ("action_mask.move", np.array([[1, 1, 0, 0, 0]] * 4, np.uint8), "[0] has no legal action"),
        ("mean.arm", np.zeros((4, 3), np.float32), "has float32 [n, 2]"),
        ("log_std.arm", np.full((4, 2), np.inf, np.float32), "log_std.arm has values"),
    ],
)
def test_wrong_columns_are_named(column: str, array: Any, names: str) -> None:
    message = parity_by_column()
    fields = message.outputs if column in message.outputs else message.inputs
    fields[column].CopyFrom(to_tensor(array))
    with pytest.raises(InvalidArgument) as caught:
        read_parity(message, SPACES)
    assert names in str(caught.value)
