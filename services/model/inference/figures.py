"""What each version served, for ModelStatistics."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from services.model.inference.calls import Part
from services.model.registry.policy import Version

MOST: Final = 256


@dataclass(slots=True)
class Served:
    """Of one version: calls, rows, batches, seconds of all calls, and the last by the clock."""

    calls: int = 0
    failed: int = 0
    rows: int = 0
    batches: int = 0
    waited: float = 0.0
    ran: float = 0.0
    last: float = 0.0

    def answered(self, part: Part, now: float) -> None:
        """A call that went well."""
        self.calls += 1
        self.rows += part.rows
        self.batches += not part.first  # the first caller's
        self.waited += part.waited
        self.ran += part.ran
        self.last = now


class Figures:
    """Of the versions that were asked last."""

    def __init__(self) -> None:
        self._served: OrderedDict[tuple[str, int], Served] = OrderedDict()

    def of(self, version: Version) -> Served:
        """Those of a version, to be counted on."""
        key = version.name, version.number
        served = self._served.get(key)
        if served is None:
            served = self._served[key] = Served()
            if len(self._served) > MOST:
                self._served.popitem(last=False)
        else:
            self._served.move_to_end(key)
        return served

    def all(self, name: str = "", number: int = 0) -> Iterator[tuple[str, int, Served]]:
        """Name, number and figures, of one name or version or of all."""
        for (one, version), served in self._served.items():
            if name in ("", one) and number in (0, version):
                yield one, version, served
