"""What a GPU unpacks is what numpy's kernels unpack."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from learner.device.packing import Layout
from learner.device.unpacking import Unpacking
from mazemesh.packing.rows import pack, unpack
from mazemesh.packing.runs import Packing
from mazemesh.wire.stored_columns import StoredColumns
from mazemesh.wire.tensors import ColumnSpec, Signature

PACKINGS = [
    Packing.of([(98, (255,)), (49, (64, 128, 255)), (112, (255,)), (5, ()), (4, (255,))]),
    Packing.of([(5, (1,))]),
    Packing.of([(3, ()), (9, (1, 2, 4))]),
]


@pytest.mark.parametrize("packing", PACKINGS, ids=str)
def test_the_device_unpacks_bit_for_bit(packing: Packing) -> None:
    packed = np.random.default_rng(0).integers(0, 256, (7, 3, packing.row_bytes), np.uint8)
    found = Unpacking(packing, torch.device("cpu"))(torch.from_numpy(packed))
    assert np.array_equal(found.numpy(), unpack(packing, packed))


def test_packed_columns_are_laid_out_as_they_came() -> None:
    packing = PACKINGS[0]
    form = Signature(
        (
            ColumnSpec("observation", np.dtype("uint8"), (2, packing.size), packing),
            ColumnSpec("reward", np.dtype("float32"), (2,)),
        )
    )
    packed = np.random.default_rng(1).integers(0, 256, (4, 2, packing.row_bytes), np.uint8)
    columns = StoredColumns(form, [packed, np.ones((4, 2), np.float32)])
    layout = Layout.of(columns)
    assert layout.fields[0].size == packed.nbytes
    assert [field.spec is None for field in layout.fields] == [False, True]
    memory = torch.zeros(layout.size, dtype=torch.uint8)
    layout.write(columns, memory.numpy())
    tensors = layout.tensors(memory)
    assert np.array_equal(tensors["observation"].numpy(), packed)
    assert np.array_equal(
        Unpacking(packing, memory.device)(tensors["observation"]).numpy(),
        columns["observation"],
    )
    assert pack(packing, columns["observation"]).shape == packed.shape
