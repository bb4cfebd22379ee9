"""Where a run's network comes from: a list of layers, or a torch module, be it the user's own.

What needs no gradient (first weights, version 1, the published files) asks here; of layers it
follows without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from learner.network.architecture import (
    Architecture,
    ByteArray,
    Evaluation,
    FloatArray,
    ObservationArray,
    Observed,
    Parameters,
    evaluate,
    initial_parameters,
)
from learner.network.export.onnx_policy import to_onnx

if TYPE_CHECKING:
    from learner.network.export.exporting import Traced
    from learner.network.network import Network


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
        observation: Observed,
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
    return _Layers(architecture) if architecture.plain else _Module(architecture)


class _Layers:
    """All of it follows from the list of layers."""

    def __init__(self, architecture: Architecture) -> None:
        self._architecture = architecture

    def initial(self, seed: int) -> dict[str, FloatArray]:
        return initial_parameters(self._architecture, seed)

    def evaluate(
        self,
        parameters: Parameters,
        observation: Observed,
        action_mask: ByteArray,
        state: FloatArray | None = None,
    ) -> Evaluation:
        vector = cast("ObservationArray", observation)
        return evaluate(self._architecture, parameters, vector, action_mask, state)

    def to_onnx(self, parameters: Parameters) -> bytes:
        return to_onnx(self._architecture, parameters)


class _Module:
    """A torch module says; its file is traced once."""

    def __init__(self, architecture: Architecture) -> None:
        self._architecture = architecture
        self._traced: Traced | None = None

    def initial(self, seed: int) -> dict[str, FloatArray]:
        network = self._make(seed)
        self._file(network)  # now, as a run that cannot publish should not begin
        return network.parameters_as_arrays()

    def evaluate(
        self,
        parameters: Parameters,
        observation: Observed,
        action_mask: ByteArray,
        state: FloatArray | None = None,
    ) -> Evaluation:
        network = self._make(0)
        network.load(parameters)
        return network.answer(observation, action_mask, state)

    def to_onnx(self, parameters: Parameters) -> bytes:
        return self._file().filled(parameters)

    def _make(self, seed: int) -> Network:
        from learner.network.networks import make

        return make(self._architecture, seed)

    def _file(self, network: Network | None = None) -> Traced:
        from learner.network.export.exporting import Traced

        if self._traced is None:
            own = self._architecture.own
            name = "the network" if own is None else f"network {own.factory}"
            self._traced = Traced(network or self._make(0), name)
        return self._traced
