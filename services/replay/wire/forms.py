"""Rows in the form that was not chosen for the table: plain for who wants them so, packed for it.

Both take compiled code, which a service whose clients all pack never loads.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mazemesh.packing.rows import pack_checked
from mazemesh.wire.tensors import ColumnSpec, Signature, plain_array
from services.replay.table.storage import Buffer
from services.replay.table.table import Sample


def packed_data(spec: ColumnSpec, content: Buffer, rows: int, field: str) -> Buffer:
    """The bytes of a column's rows as the table stores them, of plain ones.

    Raises:
        InvalidArgument: a value is none that the packing has; names `field`.
    """
    if spec.packing is None:
        return content
    plain = np.frombuffer(content, np.uint8).reshape(rows, *spec.shape)
    return pack_checked(spec.packing, plain, field).reshape(-1).data


def plain_rows(sample: Sample, signature: Signature) -> Sample:
    """Drawn rows with all columns plain: uint8 [rows, bytes] each."""
    columns = [
        stored
        if spec.packing is None
        else plain_array(spec, stored.reshape(-1, *spec.stored_shape))
        .view(np.uint8)
        .reshape(len(stored), -1)
        for spec, stored in zip(signature.columns, sample.columns, strict=True)
    ]
    return replace(sample, columns=columns)
