"""ONNX files of modules that torch has to trace: once a run, and then only the weights change.

Tracing takes half a second and more, a version every other second is published. So the file is
made once, and the weights are put into it by their names. For that no two of them may be equal when
it is traced: the exporter would keep one for both, as for the zeros of two biases.
"""

from __future__ import annotations

import copy
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import structlog
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from learner.network.architecture import Architecture, FloatArray, Parameters
from learner.network.networks import Network, answered
from learner.network.onnx_policy import OPSET
from mazemesh.errors import InvalidArgument
from mazemesh.policy.graph import check_graph
from mazemesh.policy.onnx_policy import OnnxPolicy
from mazemesh.policy.policy_file import Q_VALUES
from mazemesh.policy.rejection import Rejection

log = structlog.get_logger("learner.network.exporting")

INPUTS, OUTPUTS = ("observation", "action_mask"), ("logits", "value")
TOLERANCE = 1e-3
"""Of answers, relative to the largest, between torch and the file."""

_PREFIX = "network."
_ROWS = 2


class Traced:
    """The ONNX file of a network without memory, for whatever weights."""

    def __init__(self, network: Network, name: str) -> None:
        """Traces it on the processor; `name` is for messages.

        Raises:
            InvalidArgument: torch cannot export it, policies may not be made of its operators, or
                the file does not answer as the network does.
        """
        self._architecture = network.architecture
        model = _export(_Answering(_disturbed(network, 0)), self._architecture, name)
        if self._architecture.dueling:
            model.metadata_props.add(key=Q_VALUES, value="true")
        try:
            check_graph(model)
        except Rejection as error:
            raise InvalidArgument(f"{name} cannot be published: {error.reason}") from error
        self._weights = [
            one.name
            for one in model.graph.initializer
            if one.name.removeprefix(_PREFIX) in network.state_dict()
        ]
        self._model = model
        _compare(self, _disturbed(network, 1), name)

    def filled(self, parameters: Parameters) -> bytes:
        """The file with these weights."""
        model = onnx.ModelProto()
        model.CopyFrom(self._model)
        there = {one.name: one for one in model.graph.initializer}
        for name in self._weights:
            value = np.ascontiguousarray(parameters[name.removeprefix(_PREFIX)])
            there[name].CopyFrom(numpy_helper.from_array(value, name))
        return model.SerializeToString()


class _Answering(nn.Module):
    """A policy's inputs and outputs as model.proto says."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, observation: Tensor, action_mask: Tensor) -> tuple[Tensor, Tensor]:
        outputs = self.network.outputs(observation)
        return answered(outputs, action_mask.bool(), self.network.architecture)


def _disturbed(network: Network, seed: int) -> Network:
    """A copy with other weights, no two of them equal; those that are positive stay so."""
    made, rng = copy.deepcopy(network).cpu(), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in made.state_dict().values():
            if value.is_floating_point():
                noise = torch.rand(2, *value.shape, generator=rng)
                value.mul_(1 + 0.1 * noise[0]).add_(0.01 * noise[1])
    return made


def _export(module: nn.Module, shape: Architecture, name: str) -> onnx.ModelProto:
    """By the exporter that traces, else by torch's newer one, which takes a quarter of a minute."""
    kind = torch.uint8 if shape.observation_dtype == "uint8" else torch.float32
    example = (
        torch.ones(_ROWS, shape.observation_size, dtype=kind),
        torch.ones(_ROWS, shape.num_actions, dtype=torch.uint8),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is old, and what tracing cannot see
        try:
            return traced(module, example)
        except Exception as first:  # of torch's many; a later torch may have no such exporter
            log.warning(
                "not traced; the slower exporter is tried", network=name, reason=_line(first)
            )
            try:
                return captured(module, example)
            except Exception as error:
                raise InvalidArgument(
                    f"{name} cannot be exported to ONNX by torch.onnx: {_line(first)}"
                ) from error


def traced(module: nn.Module, example: tuple[Tensor, ...]) -> onnx.ModelProto:
    """`torch.onnx.export` by running the module once; half a second."""
    options: Any = {
        "input_names": INPUTS,
        "output_names": OUTPUTS,
        "dynamic_axes": {name: {0: "batch"} for name in (*INPUTS, *OUTPUTS)},
        "opset_version": OPSET,
        "do_constant_folding": False,  # what is made of weights must follow them
        "dynamo": False,
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "policy.onnx")
        torch.onnx.export(module, example, file, **options)
        return onnx.load_model(file)


def captured(module: nn.Module, example: tuple[Tensor, ...]) -> onnx.ModelProto:
    """`torch.onnx.export` by `torch.export`, which needs onnxscript."""
    batch = torch.export.Dim("batch")
    program: Any = torch.onnx.export(
        module,
        example,
        input_names=INPUTS,
        output_names=OUTPUTS,
        dynamic_shapes=({0: batch}, {0: batch}),
        dynamo=True,
        verbose=False,
        optimize=False,
    )
    model: onnx.ModelProto = program.model_proto
    return model


def _compare(file: Traced, network: Network, name: str) -> None:
    """Raises InvalidArgument: with other weights and rows the file answers otherwise."""
    shape, rng = network.architecture, np.random.default_rng(0)
    policy = OnnxPolicy(f"{name}:0", file.filled(network.parameters_as_arrays()))
    for rows in (1, _ROWS + 3):
        observation = rng.integers(0, 256, (rows, shape.observation_size))
        observed = observation.astype(shape.observation_dtype)
        mask = np.ones((rows, shape.num_actions), np.uint8)
        expected = network.answer(observed, mask)
        try:
            logits, value, _ = policy.infer(observed, mask)
        except Exception as error:  # onnxruntime has several
            raise InvalidArgument(f"{_differs(name, rows)}: {_line(error)}") from error
        for found, wanted in ((logits, expected.logits), (value, expected.value)):
            _check_equal(found, wanted, _differs(name, rows))


def _check_equal(found: FloatArray, wanted: FloatArray, told: str) -> None:
    bound = TOLERANCE * max(1.0, float(np.abs(wanted).max()))
    if found.shape != wanted.shape or not np.abs(found - wanted).max() <= bound:
        raise InvalidArgument(told)


def _differs(name: str, rows: int) -> str:
    return (
        f"{name}: its ONNX file answers otherwise than the module, to {rows} observations with "
        "other weights than it was exported with. Let no number of rows be fixed (x.shape[0] or "
        "-1, not len(x)), and nothing be decided by a tensor's values in Python"
    )


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
