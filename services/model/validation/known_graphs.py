"""Files whose graph was checked before: only their weights are new.

Everything that `validation.validate` tells of a graph (operators, signature, sizes, that rows do
not mix, that it answers alike with and without optimization) holds for all its weights. What the
weights decide is what it answers, and that is compared with the publisher's own answers each time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mazemesh.policy.file.rejection import Rejection
from mazemesh.policy.file.weights import Graph
from services.model.validation.parity import TOLERANCE, Parity
from services.model.validation.report import Report, Standards, Verdict
from services.model.validation.validation import compare, load, signature, validate

MOST_GRAPHS: Final = 8
MOST_BYTES: Final = 16 * 1024 * 1024
"""Of all graphs that are remembered, with room for weights."""


class KnownGraphs:
    """Checks files, and remembers the graphs of those that passed, the last ones used."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, _Known] = OrderedDict()

    def check(
        self,
        data: bytes,
        parity: Parity,
        standards: Standards = Standards(),  # noqa: B008  # it never changes
        report: Report | None = None,
    ) -> Verdict:
        """As `validation.validate`; of a known graph only what depends on the weights.

        Raises:
            Rejection: as there; check "finite" also for a weight.
        """
        for known in self._known.values():
            weights = known.graph.weights_of(data)
            if weights is not None and known.signature == signature(parity):
                self._known.move_to_end(known.graph.sha256)
                return known.check(weights, parity, report)
        verdict = validate(data, parity, standards, report)
        self._remember(data, parity)
        return verdict

    def _remember(self, data: bytes, parity: Parity) -> None:
        graph = Graph.of(data)
        if graph is None or len(data) > MOST_BYTES:
            return
        try:
            known = _Known(graph, data, parity)
            known.check(data_weights(graph, data), parity)
        except Exception:  # some operators want constants: such files are checked whole each time
            return
        self._known[graph.sha256] = known
        while (
            len(self._known) > MOST_GRAPHS
            or sum(len(one.graph.template) for one in self._known.values()) > MOST_BYTES
        ):
            self._known.popitem(last=False)


def data_weights(graph: Graph, data: bytes) -> bytes:
    """The weights of a file of the graph."""
    weights = graph.weights_of(data)
    assert weights is not None
    return weights


class _Known:
    """A graph with its session, into which weights go as inputs."""

    def __init__(self, graph: Graph, data: bytes, parity: Parity) -> None:
        self.graph = graph
        self.signature = signature(parity)
        model, self._shapes = _with_weights_as_inputs(graph, data)
        self._session = load(model, optimized=True)
        self._names = list(self.signature[1])

    def check(self, weights: bytes, parity: Parity, report: Report | None = None) -> Verdict:
        report = report or Report()
        values = np.frombuffer(weights, "<f4")
        with report.failing("finite", limit=0, unit="numbers"):
            wrong = np.flatnonzero(~np.isfinite(values))
            if len(wrong):
                raise Rejection(
                    "finite", f"weights[{wrong[0]}] is {values[wrong[0]]}", float(len(wrong))
                )
        report.passed("finite", 0, limit=0, unit="numbers", detail=f"{len(values)} numbers")
        rows = np.arange(len(parity))
        with report.failing("parity", limit=TOLERANCE):
            given = self._inputs(values)
            worst = compare(self._session, self._names, parity, rows, given=given)
        report.passed("parity", worst, limit=TOLERANCE, detail=f"{len(rows)} rows")
        words = (
            f"the publisher's answers to {len(rows)} observations, all at once; its graph "
            f"{self.graph.sha256[:16]} was checked with other weights before"
        )
        return Verdict(words, tuple(report.checks))

    def _inputs(self, values: npt.NDArray[np.float32]) -> Mapping[str, npt.NDArray[np.float32]]:
        given, position = {}, 0
        for name, shape in self._shapes.items():
            size = int(np.prod(shape))
            given[name] = values[position : position + size].reshape(shape)
            position += size
        return given


def _with_weights_as_inputs(graph: Graph, data: bytes) -> tuple[bytes, dict[str, tuple[int, ...]]]:
    """The model that takes its weights as inputs, and their shapes in the order of the weights."""
    import onnx
    from onnx import TensorProto, helper

    model: Any = onnx.load_model_from_string(data)
    inputs = {one.name for one in model.graph.input}
    kept, shapes = [], {}
    for one in model.graph.initializer:
        is_weights = (
            one.data_type == TensorProto.FLOAT
            and len(one.raw_data)
            and np.isfinite(np.frombuffer(one.raw_data, "<f4")).all()
        )
        if not is_weights:
            kept.append(one)
            continue
        shapes[one.name] = tuple(one.dims)
        if one.name not in inputs:
            value = helper.make_tensor_value_info(one.name, TensorProto.FLOAT, list(one.dims))
            model.graph.input.append(value)
    sizes = [end - begin for begin, end in graph.ranges]
    if [4 * int(np.prod(shape)) for shape in shapes.values()] != sizes:
        raise ValueError("initializers are not what the graph says")
    copies = [TensorProto.FromString(one.SerializeToString()) for one in kept]
    del model.graph.initializer[:]
    model.graph.initializer.extend(copies)
    return model.SerializeToString(), shapes
