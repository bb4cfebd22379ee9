"""A file that was trained elsewhere: made whole, or refused by one line that mends the export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto, helper

from learner.network.architecture import Architecture, initial_parameters
from learner.network.export.onnx_policy import to_onnx
from mazemesh.errors import InvalidArgument
from mazemesh.games import GameSettings, get_game
from mazemesh.policy.file.policy_file import read_policy
from mazemesh.policy.publishing import prepare
from mazemesh.wire.tensors import from_tensor
from tests.onnx_policies import Network, RecurrentNetwork

SPEC = get_game("solo").spec(GameSettings())
NETWORK = Network(SPEC.observation_size, SPEC.num_actions)


def saved(folder: Path, model: ModelProto) -> Path:
    path = folder / "policy.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def test_weights_beside_the_file_are_put_into_it(tmp_path: Path) -> None:
    """As torch leaves them by default."""
    path = tmp_path / "policy.onnx"
    model = NETWORK.model()
    onnx.save_model(
        model, path, save_as_external_data=True, location="policy.onnx.data", size_threshold=0
    )
    assert (tmp_path / "policy.onnx.data").exists()
    found = onnx.load_model_from_string(read_policy(path, SPEC).data)
    assert not any(one.external_data for one in found.graph.initializer)
    whole = {one.name: onnx.numpy_helper.to_array(one) for one in found.graph.initializer}
    np.testing.assert_array_equal(whole["w1"], NETWORK.weights["w1"])
    (tmp_path / "policy.onnx.data").unlink()
    with pytest.raises(InvalidArgument, match=r"lie in another file.*external_data=False"):
        read_policy(path, SPEC)


def two_unknown_names(model: ModelProto) -> None:
    model.graph.input[0].name = "obs"
    model.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, ["b", 1]))


def other_width(model: ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 3


def a_loop(model: ModelProto) -> None:
    model.graph.node.append(helper.make_node("Loop", ["h"], ["more"]))


def no_logits(model: ModelProto) -> None:
    del model.graph.output[0]


@pytest.mark.parametrize(
    ("wrong", "mend"),
    [
        (two_unknown_names, r"inputs \['action_mask', 'more', 'obs'\].*input_names="),
        (other_width, r"observation has shape \['batch', 3\]; this game has"),
        (a_loop, r"operator 'Loop'.*; unroll it"),
        (no_logits, r"outputs \['value'\]; expected \['logits', 'value'\].*output_names="),
    ],
)
def test_what_model_would_refuse_is_said_with_what_mends_it(
    tmp_path: Path, wrong: Callable[[ModelProto], None], mend: str
) -> None:
    model = NETWORK.model()
    wrong(model)
    with pytest.raises(InvalidArgument, match=mend) as caught:
        read_policy(saved(tmp_path, model), SPEC)
    assert "\n" not in str(caught.value)


def test_a_symbolic_state_is_refused_with_what_mends_it(tmp_path: Path) -> None:
    model = RecurrentNetwork(SPEC.observation_size, SPEC.num_actions).model()
    state = next(one for one in model.graph.input if one.name == "state")
    state.type.tensor_type.shape.dim[1].dim_param = "hidden"
    with pytest.raises(InvalidArgument, match=r"state has shape .*'hidden'.*should be a number"):
        read_policy(saved(tmp_path, model), SPEC)


def test_what_is_no_graph_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "policy.onnx"
    path.write_bytes(b"no graph")
    with pytest.raises(InvalidArgument, match="is no ONNX file"):
        read_policy(path, SPEC)


@pytest.mark.parametrize("network", [Network, RecurrentNetwork])
def test_expected_answers_are_computed_by_another_program(
    tmp_path: Path, network: type[Network]
) -> None:
    path = saved(tmp_path, network(SPEC.observation_size, SPEC.num_actions).model())
    found = prepare(path, "mine", "solo")
    header, data, by = found.header, found.data, found.expected_from
    assert by == "ONNX's reference implementation"
    assert header.parity.HasField("state") == (network is RecurrentNetwork)
    observation = from_tensor(header.parity.observation, "observation")
    assert len(observation) == 32
    assert data == path.read_bytes()


def test_how_it_is_played_belongs_to_the_file_or_the_flag(tmp_path: Path) -> None:
    path = tmp_path / "policy.onnx"
    for head in ("dueling", "actor-critic"):
        shape = Architecture(head, SPEC.observation_size, SPEC.num_actions, (8,))
        path.write_bytes(to_onnx(shape, initial_parameters(shape, 0)))
        header = prepare(path, "mine", "solo").header
        assert header.q_values == (head == "dueling")
        assert prepare(path, "mine", "solo", q_values=True).header.q_values
        assert not prepare(path, "mine", "solo", q_values=False).header.q_values
