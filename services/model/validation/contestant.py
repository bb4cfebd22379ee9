"""A file that plays, in the process that checks files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.policy.file.rejection import Rejection
from services.model.validation.validation import load, run


class Contestant:
    """One file at a time, which was checked before."""

    def __init__(self) -> None:
        self._session: Any = None

    @property
    def playing(self) -> bool:
        """Whether there is one."""
        return self._session is not None

    def load(self, data: bytes) -> int:
        """Takes a file in place of the one before; elements of what it remembers.

        Raises:
            Rejection: check "load".
        """
        self._session = load(data, optimized=True)
        inputs = {one.name: one.shape for one in self._session.get_inputs()}
        return int(inputs["state"][1]) if "state" in inputs else 0

    def forget(self) -> None:
        """Gives its memory back."""
        self._session = None

    def act(self, outputs: Sequence[str], given: Mapping[str, npt.NDArray[Any]]) -> list[bytes]:
        """Outputs of these names, float32 in C order.

        Raises:
            Rejection: check "run": it does not run on these; "smoke": nothing was loaded, as in a
                process that took another one's place.
        """
        if self._session is None:
            raise Rejection("smoke", "its process was replaced while it played")
        arrays = run(self._session, outputs, given)
        return [np.ascontiguousarray(one, np.float32).tobytes() for one in arrays]
