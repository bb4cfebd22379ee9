"""Where a run's network comes from: a list of layers, or a module of the user's own.

What needs no gradient (first weights, version 1, the published files) asks here; of layers it
follows without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from learner.network.architecture import (
    Architecture,
    ByteArray,
    Evaluation,
    FloatArray,
    ObservationArray,
    OwnModule,
    Parameters,
    evaluate,
    initial_parameters,
)
from learner.network.onnx_policy import to_onnx

if TYPE_CHECKING:
    from learner.network.exporting import Traced
    from learner.network.own import OwnNetwork


class Source(Protocol):
    """A network's weights, answers and files."""

    def initial(self, seed: int) -> dict[str, FloatArray]:
        """First weights, the same for the same seed.

        Raises:
            InvalidArgument: a module of the user's own cannot be trained or published.
        """
        ...

    def evaluate(
        self,
        parameters: Parameters,
        observation: ObservationArray,
        action_mask: ByteArray,
        state: FloatArray | None = None,
    ) -> Evaluation:
        """The policy's answer, as `architecture.evaluate` says."""
        ...

    def to_onnx(self, parameters: Parameters) -> bytes:
        """The file of a version; any thread may."""
        ...


def source_of(architecture: Architecture) -> Source:
    """The source of an architecture's network."""
    own = architecture.own
    return _Layers(architecture) if own is None else _Module(architecture, own)


class _Layers:
    """All of it follows from the list of layers."""

    def __init__(self, architecture: Architecture) -> None:
        self._architecture = architecture

    def initial(self, seed: int) -> dict[str, FloatArray]:
        return initial_parameters(self._architecture, seed)

    def evaluate(
        self,
        parameters: Parameters,
        observation: ObservationArray,
        action_mask: ByteArray,
        state: FloatArray | None = None,
    ) -> Evaluation:
        return evaluate(self._architecture, parameters, observation, action_mask, state)

    def to_onnx(self, parameters: Parameters) -> bytes:
        return to_onnx(self._architecture, parameters)


class _Module:
    """The module says; its file is traced once."""

    def __init__(self, architecture: Architecture, own: OwnModule) -> None:
        self._architecture, self._own = architecture, own
        self._traced: Traced | None = None

    def initial(self, seed: int) -> dict[str, FloatArray]:
        network = self._make(seed)
        self._file(network)  # now, as a run that cannot publish should not begin
        return network.parameters_as_arrays()

    def evaluate(
        self,
        parameters: Parameters,
        observation: ObservationArray,
        action_mask: ByteArray,
        state: FloatArray | None = None,
    ) -> Evaluation:
        network = self._make(0)
        network.load(parameters)
        # Copies: first observations are read-only, which torch forbids.
        return network.answer(np.array(observation), np.array(action_mask), state)

    def to_onnx(self, parameters: Parameters) -> bytes:
        return self._file().filled(parameters)

    def _make(self, seed: int) -> OwnNetwork:
        from learner.network.own import OwnNetwork

        return OwnNetwork(self._architecture, self._own, seed)

    def _file(self, network: OwnNetwork | None = None) -> Traced:
        from learner.network.exporting import Traced

        if self._traced is None:
            name = f"network {self._own.factory}"
            self._traced = Traced(network or self._make(0), name)
        return self._traced
