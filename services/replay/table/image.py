"""A table as it was at one moment, without the columns of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from services.replay.table.spec import TableSpec


@dataclass(frozen=True)
class TableImage:
    """What a table needs to go on from that moment, beside the columns of its rows."""

    spec: TableSpec
    original_spec: TableSpec
    """As the table was made."""
    scalars: Mapping[str, Any]
    """Numbers, texts and lists of them, as JSON can hold them."""
    arrays: Mapping[str, npt.NDArray[Any]]
    """One-dimensional."""


class Diverged(Exception):
    """What was done to a table cannot be done again: the state is another one."""
