"""Which players of a ladder are listed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from services.elo.models.arrays import Indices
from services.elo.standings.folding.players import Kind, kind_of, version_of
from services.elo.standings.folding.records import Records
from services.elo.standings.standings import Standings

_KEPT = 32


@dataclass(frozen=True)
class Filter:
    """What a player has to be like; what is not said does not restrict.

    Attributes:
        prefix: Its name begins so.
        run: It is a version of the policy of this name.
        kinds: It is of one of these; empty is any.
        active_since: It has a match that ended then or later, in nanoseconds since 1970-01-01 UTC.
    """

    prefix: str = ""
    run: str = ""
    kinds: frozenset[Kind] = frozenset()
    active_since: int = 0

    @property
    def by_name(self) -> Filter:
        """That part of it which a name tells."""
        return Filter(self.prefix, self.run, self.kinds)

    @property
    def digest(self) -> str:
        """Short, and another one for another filter; empty where everybody passes."""
        if self == ALL:
            return ""
        kinds = ",".join(sorted(kind.name for kind in self.kinds))
        text = "\n".join((self.prefix, self.run, kinds, str(self.active_since)))
        return f"{zlib.crc32(text.encode()):08x}"

    def accepts(self, name: str) -> bool:
        """Whether a player of this name passes, as far as a name tells."""
        if not name.startswith(self.prefix):
            return False
        if self.kinds and kind_of(name) not in self.kinds:
            return False
        if self.run:
            version = version_of(name)
            return version is not None and version[0] == self.run
        return True


ALL = Filter()


def listed(standings: Standings, players: Records, chosen: Filter) -> Indices:
    """Indices of the players that pass, best first."""
    by_name = chosen.by_name
    known = standings.listings
    found = known.pop(by_name, None)
    if found is None:
        names = standings.names
        passing = (
            standings.order
            if by_name == ALL
            else [index for index in standings.order if by_name.accepts(names[index])]
        )
        found = np.array(passing, np.intp)
    known[by_name] = found  # the last that was asked for stands last
    while len(known) > _KEPT:
        del known[next(iter(known))]
    if chosen.active_since:
        found = found[players.last_finishes[found] >= chosen.active_since]
    return found
