"""A table's definition as a checkpoint has it: JSON."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np

from mazemesh.packing.runs import Packing
from mazemesh.wire.tensors import ColumnSpec, Signature
from services.replay.table.spec import LimiterSpec, SelectorKind, SelectorSpec, TableSpec


def encode_definition(spec: TableSpec) -> bytes:
    """The definition; infinite limits stand as Infinity, which is Python's JSON."""
    return json.dumps(
        {
            "name": spec.name,
            "columns": [_column(column) for column in spec.signature.columns],
            "capacity": spec.capacity,
            "sampler": (spec.sampler.kind.name, spec.sampler.exponent),
            "remover": (spec.remover.kind.name, spec.remover.exponent),
            "limiter": asdict(spec.limiter),
            "max_times_sampled": spec.max_times_sampled,
        }
    ).encode()


def decode_definition(body: memoryview) -> TableSpec:
    """Reads what `encode_definition` wrote."""
    content = json.loads(bytes(body))
    columns = tuple(
        ColumnSpec(name, np.dtype(dtype), tuple(shape), Packing.of(*packing) if packing else None)
        for name, dtype, shape, *packing in content["columns"]
    )
    sampler, remover = (
        SelectorSpec(SelectorKind[kind], exponent)
        for kind, exponent in (content["sampler"], content["remover"])
    )
    return TableSpec(
        name=content["name"],
        signature=Signature(columns),
        capacity=content["capacity"],
        sampler=sampler,
        remover=remover,
        limiter=LimiterSpec(**content["limiter"]),
        max_times_sampled=content["max_times_sampled"],
    )


def _column(spec: ColumnSpec) -> tuple[object, ...]:
    """Name, type and shape, and the runs of one that is packed."""
    plain = spec.name, spec.dtype.name, spec.shape
    if spec.packing is None:
        return plain
    return *plain, [(run.count, run.bits) for run in spec.packing.runs]
