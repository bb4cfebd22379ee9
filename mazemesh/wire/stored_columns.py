"""The columns of a batch as they came, packed perhaps, and plain for who asks for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mazemesh.wire.tensors import Array, Signature, plain_array

if TYPE_CHECKING:
    import numpy.typing as npt


class StoredColumns(Mapping[str, Array]):
    """Columns by name, [rows, *shape]: one that came packed is unpacked when it is first asked for.

    Attributes:
        form: What the columns are, and how they are packed.
        stored: As they came, [rows, *stored_shape].
    """

    def __init__(self, form: Signature, stored: Sequence[Array]) -> None:
        self.form = form
        self.stored = dict(zip(form.names, stored, strict=True))
        self._plain: dict[str, Array] = {}
        self._specs = {spec.name: spec for spec in form.columns}

    def __getitem__(self, name: str) -> Array:
        spec = self._specs[name]
        if spec.packing is None:
            return self.stored[name]
        if name not in self._plain:
            self._plain[name] = plain_array(spec, self.stored[name])
        return self._plain[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.stored)

    def __len__(self) -> int:
        return len(self.stored)

    def unpack(self) -> None:
        """Makes all columns plain now, so that nobody waits for it later."""
        for name in self:
            self[name]


def concatenate(batches: Iterable[Mapping[str, npt.NDArray[np.generic]]]) -> Mapping[str, Array]:
    """Row-wise concatenation of batches that have the same columns; packed where all are so."""
    parts = list(batches)
    first = parts[0]
    if isinstance(first, StoredColumns):
        stored = [part.stored for part in parts if isinstance(part, StoredColumns)]
        same = all(isinstance(part, StoredColumns) and part.form == first.form for part in parts)
        if same:
            joined = [np.concatenate([part[name] for part in stored]) for name in first]
            return StoredColumns(first.form, joined)
    return {name: np.concatenate([part[name] for part in parts]) for name in first}
