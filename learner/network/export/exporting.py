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

from learner.network.architecture import (
    Architecture,
    ByteArray,
    FloatArray,
    ObservationArray,
    Observed,
    Parameters,
)
from learner.network.export.onnx_policy import OPSET
from learner.network.network import Network
from mazemesh.errors import InvalidArgument
from mazemesh.games.spaces import Box, Discrete, MultiDiscrete, columns
from mazemesh.policy.file.graph import check_graph
from mazemesh.policy.file.policy_file import Q_VALUES
from mazemesh.policy.file.rejection import Rejection
from mazemesh.policy.file.space_text import ACTION_SPACE, space_text
from mazemesh.policy.heads import ACTION_DISTRIBUTION, heads, output_widths
from mazemesh.policy.onnx_policy import OnnxPolicy

log = structlog.get_logger("learner.network.export.exporting")

TOLERANCE = 1e-3
"""Of answers, relative to the largest, between torch and the file."""

_PREFIX = "network."
_ROWS = 2


class Traced:
    """The ONNX file of a network, for whatever weights."""

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
        if self._architecture.spaces is not None:
            actions = space_text(self._architecture.action_space)
            model.metadata_props.add(key=ACTION_SPACE, value=actions)
        if any(head.continuous for head in heads(self._architecture.action_space)):
            drawn = self._architecture.actions
            model.metadata_props.add(key=f"mazemesh.{ACTION_DISTRIBUTION}", value=drawn)
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


class _Names:
    """Inputs and outputs of an architecture's file, as model.proto says."""

    def __init__(self, shape: Architecture) -> None:
        self.observed = columns("observation", shape.observation_space)
        self.masks = columns("action_mask", shape.action_space)
        self.widths = output_widths(shape.action_space)
        remembers = shape.state_size > 0
        self.inputs = [name for name, _ in (*self.observed, *self.masks)] + ["state"] * remembers
        self.outputs = [*self.widths, "value"] + ["next_state"] * remembers


class _Answering(nn.Module):
    """A policy's inputs and outputs as model.proto says."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self._names = _Names(network.architecture)

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        given = dict(zip(self._names.inputs, inputs, strict=True))
        seen = {name: given[name] for name, _ in self._names.observed}
        masks = [given[name].bool() for name, _ in self._names.masks]
        first = next(iter(seen.values()))
        mask = torch.cat(masks, dim=1) if len(masks) > 1 else (masks[0] if masks else first)
        logits, value, state = self.network.policy(
            first if len(seen) == 1 else seen, mask, given.get("state")
        )
        widths = list(self._names.widths.values())
        answers = [*logits.split(widths, dim=1)] if len(widths) > 1 else [logits]
        return (*answers, value, state) if "state" in given else (*answers, value)


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
    names = _Names(shape)
    example = tuple(
        torch.ones(_ROWS, *space.shape, dtype=getattr(torch, space.dtype))
        for _, space in names.observed
    )
    example += tuple(
        torch.ones(_ROWS, space.mask_size, dtype=torch.uint8) for _, space in names.masks
    )
    if shape.state_size:
        example += (torch.ones(_ROWS, shape.state_size),)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is old, and what tracing cannot see
        try:
            return traced(module, example, names.inputs, names.outputs)
        except Exception as first:  # of torch's many; a later torch may have no such exporter
            log.warning(
                "not traced; the slower exporter is tried", network=name, reason=_line(first)
            )
            try:
                return captured(module, example, names.inputs, names.outputs)
            except Exception as error:
                raise InvalidArgument(
                    f"{name} cannot be exported to ONNX by torch.onnx: {_line(first)}"
                ) from error


def traced(
    module: nn.Module, example: tuple[Tensor, ...], inputs: list[str], outputs: list[str]
) -> onnx.ModelProto:
    """`torch.onnx.export` by running the module once; half a second."""
    options: Any = {
        "input_names": inputs,
        "output_names": outputs,
        "dynamic_axes": {name: {0: "batch"} for name in (*inputs, *outputs)},
        "opset_version": OPSET,
        "do_constant_folding": False,  # what is made of weights must follow them
        "dynamo": False,
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "policy.onnx")
        torch.onnx.export(module, example, file, **options)
        return onnx.load_model(file)


def captured(
    module: nn.Module, example: tuple[Tensor, ...], inputs: list[str], outputs: list[str]
) -> onnx.ModelProto:
    """`torch.onnx.export` by `torch.export`, which needs onnxscript."""
    batch = torch.export.Dim("batch")
    program: Any = torch.onnx.export(
        module,
        example,
        input_names=inputs,
        output_names=outputs,
        # Those of `*inputs`, which is one argument.
        dynamic_shapes=(tuple({0: batch} for _ in inputs),),
        dynamo=True,
        verbose=False,
        optimize=False,
    )
    model: onnx.ModelProto = program.model_proto
    return model


def _compare(file: Traced, network: Network, name: str) -> None:
    """Raises InvalidArgument: with other weights and rows the file answers otherwise."""
    rng = np.random.default_rng(0)
    policy = OnnxPolicy(
        f"{name}:0",
        file.filled(network.parameters_as_arrays()),
        action_space=network.architecture.action_space,
    )
    for rows in (1, _ROWS + 3):
        observed, mask, state = _random(network.architecture, rows, rng)
        expected = network.answer(observed, mask, state)
        try:
            answers = policy.infer(observed, mask, state)
        except Exception as error:  # onnxruntime has several
            raise InvalidArgument(f"{_differs(name, rows)}: {_line(error)}") from error
        for found, wanted in zip(answers, expected, strict=True):
            _check_equal(found, wanted, _differs(name, rows))


def _random(
    shape: Architecture, rows: int, rng: np.random.Generator
) -> tuple[Observed, ByteArray, FloatArray | None]:
    """Observations, masks that forbid nothing, and states."""
    names = _Names(shape)
    observed: dict[str, ObservationArray] = {}
    for name, space in names.observed:
        most = space.n if isinstance(space, Discrete) else 2
        if isinstance(space, MultiDiscrete):
            most = min(space.counts)
        elif isinstance(space, Box):
            most = 128 if space.dtype == "int8" else 256
        observed[name] = rng.integers(0, most, (rows, *space.shape)).astype(space.dtype)
    mask = np.ones((rows, sum(space.mask_size for _, space in names.masks)), np.uint8)
    state = rng.random((rows, shape.state_size), np.float32) if shape.state_size else None
    return next(iter(observed.values())) if len(observed) == 1 else observed, mask, state


def _check_equal(found: FloatArray, wanted: FloatArray, told: str) -> None:
    bound = TOLERANCE * max(1.0, float(np.abs(wanted).max(initial=0.0)))
    if found.shape != wanted.shape or not np.abs(found - wanted).max(initial=0.0) <= bound:
        raise InvalidArgument(told)


def _differs(name: str, rows: int) -> str:
    return (
        f"{name}: its ONNX file answers otherwise than the module, to {rows} observations with "
        "other weights than it was exported with. Let no number of rows be fixed (x.shape[0] or "
        "-1, not len(x)), and nothing be decided by a tensor's values in Python"
    )


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
