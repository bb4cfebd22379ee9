"""An ONNX file of somebody's own as Model takes it: all in one, and of the right form.

What Model would refuse is said here first, by the line of the export that mends it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mazemesh.errors import InvalidArgument
from mazemesh.games.spaces import Discrete
from mazemesh.games.spaces.arrays import mask_columns, observation_columns
from mazemesh.policy.file.adapting import adapt
from mazemesh.policy.file.space_text import ACTION_SPACE, space_of, space_text
from mazemesh.policy.heads import ACTION_DISTRIBUTION, distribution_of, output_widths

if TYPE_CHECKING:
    import numpy.typing as npt
    from onnx import ModelProto, ValueInfoProto

    from mazemesh.games import GameSpec

Q_VALUES = "mazemesh.q_values"
"""Key of an ONNX file's own metadata (`metadata_props`); "true" where logits are Q-values."""

_NAMES = (
    "torch.onnx.export(..., input_names=['observation', 'action_mask'], "
    "output_names=['logits', 'value']); with memory, 'state' and 'next_state' are the third"
)
_AXES = "dynamic_axes={name: {0: 'batch'} for name in input_names + output_names}"


@dataclass(frozen=True)
class PolicyFile:
    """A file that can be published.

    Attributes:
        data: The ONNX model, its weights inside.
        q_values: Its logits are Q-values.
        changes: What was changed at the edges of what was read, in words.
    """

    data: bytes
    q_values: bool
    changes: tuple[str, ...] = ()

    def reference_answers(
        self, names: Sequence[str], inputs: dict[str, npt.NDArray[Any]]
    ) -> list[npt.NDArray[Any]] | None:
        """What ONNX's own reference implementation answers; None where it lacks an operator.

        It is another program than onnxruntime, in numpy, and slow.
        """
        import onnx
        from onnx.reference import ReferenceEvaluator

        try:
            evaluator = ReferenceEvaluator(onnx.load_model_from_string(self.data))
            return list(evaluator.run(list(names), inputs))
        except Exception:  # it has many ways to say so
            return None


def read_policy(
    path: Path,
    spec: GameSpec,
    names: Mapping[str, str] = MappingProxyType({}),
    q_values: bool | None = None,
) -> PolicyFile:
    """The file, with weights that lie beside it put in, in the form of a policy.

    Args:
        path: The file, of any library.
        spec: Of the game that it plays.
        names: Its own names of inputs and outputs, to those of a policy, where they cannot be told.
        q_values: Whether its logits are Q-values; None: as it says itself.

    Raises:
        InvalidArgument: it is no policy for this game; tells how to export it.
    """
    model = open_model(path)
    best = plays_best(model) if q_values is None else q_values
    changes = adapt(model, spec, names, q_values=best)
    _check_outputs(path, model, spec)
    _check_inputs(path, model, spec)
    _tell_actions(path, model, spec)
    return PolicyFile(model.SerializeToString(), best, tuple(changes))


def _tell_actions(path: Path, model: ModelProto, spec: GameSpec) -> None:
    """Writes into the file what its actions are, where they are not one number.

    Raises:
        InvalidArgument: it says itself that they are others, or drawn from what there is not.
    """
    told = {one.key: one.value for one in model.metadata_props}
    drawn = told.get(f"mazemesh.{ACTION_DISTRIBUTION}", "")
    distribution_of(drawn, str(path))
    if isinstance(spec.action_space, Discrete):
        return
    text = space_text(spec.action_space)
    if ACTION_SPACE not in told:
        model.metadata_props.add(key=ACTION_SPACE, value=text)
    elif space_of(told[ACTION_SPACE]) != spec.action_space:
        raise InvalidArgument(
            f"{path}: its {ACTION_SPACE} is {told[ACTION_SPACE][:200]}; this game has {text[:200]}"
        )


def plays_best(model: ModelProto) -> bool:
    """Whether the model's own metadata say that its logits are Q-values."""
    return any(one.key == Q_VALUES and one.value == "true" for one in model.metadata_props)


def open_model(path: Path) -> ModelProto:
    """The model in a file, with weights that lie beside it put in.

    Raises:
        InvalidArgument: it is none, or has what no policy needs.
    """
    model = _load(path)
    _check_operators(path, model)
    return model


def _load(path: Path) -> ModelProto:
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load(path, load_external_data=False)
    except DecodeError as error:
        raise InvalidArgument(f"{path} is no ONNX file: {error}") from error
    try:
        onnx.external_data_helper.load_external_data_for_model(model, str(path.parent))
    except (OSError, ValueError, onnx.checker.ValidationError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InvalidArgument(
            f"the weights of {path} lie in another file, which cannot be read: {reason}. Put it "
            "beside the model, or export with torch.onnx.export(..., external_data=False)"
        ) from error
    return model


def _check_operators(path: Path, model: ModelProto) -> None:
    from mazemesh.policy.file.graph import check_graph
    from mazemesh.policy.file.rejection import Rejection

    try:
        check_graph(model)
    except Rejection as error:
        raise InvalidArgument(f"{path}: {error.reason}") from error


def _check_inputs(path: Path, model: ModelProto, spec: GameSpec) -> None:
    from onnx import TensorProto

    seen, masks = observation_columns(spec.observation_space), mask_columns(spec.action_space)
    wanted = {
        column.name: (int(_element(column.dtype.name)), column.shape) for column in (*seen, *masks)
    }
    weights = {one.name for one in model.graph.initializer}
    inputs = {one.name: one for one in model.graph.input if one.name not in weights}
    if "action_mask" in wanted and "action_mask" not in inputs and len(inputs) == 1:
        raise InvalidArgument(
            f"{path} has the one input {next(iter(inputs))!r}; expected observation and "
            "action_mask. Let forward take both and answer "
            f"torch.where(action_mask.bool(), logits, -1e9), value; then {_NAMES}"
        )
    if not set(wanted) <= set(inputs) <= {*wanted, "state"}:
        told = "observation and action_mask"
        if set(wanted) != {"observation", "action_mask"}:
            told = f"{', '.join(wanted)}, as the game's columns are called"
        raise InvalidArgument(
            f"{path} has inputs {sorted(inputs)}; expected {told}. Name them by --map THEIRS=OURS, "
            f"or export with {_NAMES}"
        )
    for name, (element, row) in wanted.items():
        _check_tensor(path, inputs[name], element, row)
    if "state" in inputs:
        _check_tensor(path, inputs["state"], int(TensorProto.FLOAT), (0,))


def _element(dtype: str) -> int:
    """ONNX's number of an element type."""
    from onnx import TensorProto

    return int(getattr(TensorProto, "FLOAT" if dtype == "float32" else dtype.upper()))


def _check_tensor(path: Path, value: ValueInfoProto, element: int, row: tuple[int, ...]) -> None:
    """A size of 0 in the shape of a row is any number, but a number."""
    from onnx import TensorProto

    tensor = value.type.tensor_type
    name = value.name
    if tensor.elem_type != element:
        found, wanted = (
            TensorProto.DataType.Name(one).lower() for one in (tensor.elem_type, element)
        )
        raise InvalidArgument(
            f"{path}: {name} is {found}; this game has {wanted}. Export with an example "
            f"{name} of torch.{'float32' if wanted == 'float' else wanted}, and convert it in "
            f"forward ({name}.float())"
        )
    dims = list(tensor.shape.dim)[1:]
    shape = [one.dim_param or one.dim_value for one in tensor.shape.dim]
    fits = len(dims) == len(row) and all(
        size in (0, one.dim_value) for size, one in zip(row, dims, strict=True)
    )
    if not shape or not fits:
        told = ", ".join(["'batch'", *(str(size or "a number") for size in row)])
        raise InvalidArgument(
            f"{path}: {name} has shape {shape}; this game has [{told}]. "
            "Export with an example of that width, and reshape it in forward"
        )
    batch = tensor.shape.dim[0]
    if batch.HasField("dim_value"):
        raise InvalidArgument(
            f"{path}: the batch axis of {name} is fixed at {batch.dim_value}. Export with {_AXES}"
        )
    if not all(one.dim_value for one in dims):
        raise InvalidArgument(
            f"{path}: {name} has shape {shape}; its second axis should be a number, since actors "
            "keep that many for each seat. Leave it out of dynamic_axes (dynamic_shapes)"
        )


def _check_outputs(path: Path, model: ModelProto, spec: GameSpec) -> None:
    outputs = {one.name for one in model.graph.output}
    expected = {*output_widths(spec.action_space), "value"}
    if any(one.name == "state" for one in model.graph.input):
        expected.add("next_state")
    if outputs != expected:
        raise InvalidArgument(
            f"{path} has outputs {sorted(outputs)}; expected {sorted(expected)}. Name them by "
            f"--map THEIRS=OURS, or export with {_NAMES}"
        )
