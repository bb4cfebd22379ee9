"""Exactly-once inserts: what each writer sent last, and what it was answered."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from mazemesh.errors import AlreadyExists, FailedPrecondition, OutOfRange, Reason
from services.replay.limits import MOST_REMEMBERED_KEYS
from services.replay.table.fingerprint import Fingerprint
from services.replay.table.storage import Keys

_MOST_HELD_BYTES = 16 * 2**20


class _Last(NamedTuple):
    sequence: int
    fingerprint: Fingerprint | int | None
    """None where a checkpoint of an older version did not tell."""

    def value(self) -> int | None:
        """The fingerprint itself."""
        found = self.fingerprint
        return found.value() if isinstance(found, Fingerprint) else found


class Writers:
    """The last batch of each writer; beyond `limit` the least recent is forgotten.

    Keys are remembered for as many of the last writers as `most_keys` allows. Fingerprints are left
    to whoever has time to take them; where nobody does, they are taken here before they keep more
    than 16 MiB of rows.
    """

    def __init__(self, limit: int, most_keys: int = MOST_REMEMBERED_KEYS) -> None:
        self._limit = limit
        self._most_keys = most_keys
        self._last: OrderedDict[str, _Last] = OrderedDict()
        self._keys: OrderedDict[str, Keys] = OrderedDict()
        self._num_keys = 0
        self._taken_later: deque[Fingerprint] = deque()
        self._held_bytes = 0

    def __len__(self) -> int:
        return len(self._last)

    def is_duplicate(self, writer_id: str, sequence: int, fingerprint: Fingerprint) -> bool:
        """Whether the batch was inserted before.

        Raises:
            AlreadyExists: another batch was, under the same sequence.
            OutOfRange: a later one was, so that nothing is known of this one any more.
        """
        last = self._last.get(writer_id)
        if last is None or sequence > last.sequence:
            return False
        if sequence < last.sequence:
            raise OutOfRange(
                f"sequence is {sequence}; writer {writer_id!r} is at {last.sequence}, and only its "
                f"last batch can be sent again; expected {last.sequence} or {last.sequence + 1}"
            )
        if last.value() not in (None, fingerprint.value()):
            raise AlreadyExists(
                f"sequence is {sequence}, under which writer {writer_id!r} inserted other rows; "
                f"nothing was inserted; expected the same rows again, or {sequence + 1}"
            )
        return True

    def answer(self, writer_id: str) -> Keys | None:
        """Keys of a writer's last batch; None when they are no longer remembered."""
        return self._keys.get(writer_id)

    def check_next(self, writer_id: str, sequence: int) -> None:
        """Accepts the sequence after the writer's last one, or any from a writer that is not known.

        Raises:
            FailedPrecondition: batches between are missing; names the expected sequence.
        """
        last = self._last.get(writer_id)
        if last is not None and sequence > last.sequence + 1:
            raise FailedPrecondition(
                f"sequence is {sequence}; expected {last.sequence + 1} from writer {writer_id!r}",
                reason=Reason.BATCHES_MISSING,
            )

    def remember(
        self, writer_id: str, sequence: int, fingerprint: Fingerprint | int | None, keys: Keys
    ) -> None:
        """Notes an inserted batch; no keys are keys that are forgotten."""
        if isinstance(fingerprint, Fingerprint):
            self._take_later(fingerprint)
        self._last[writer_id] = _Last(sequence, fingerprint)
        self._last.move_to_end(writer_id)
        self._forget_keys(writer_id)
        if len(keys):
            self._keys[writer_id] = keys
            self._num_keys += len(keys)
        if len(self._last) > self._limit:
            self._forget_keys(self._last.popitem(last=False)[0])
        while self._num_keys > self._most_keys:
            self._num_keys -= len(self._keys.popitem(last=False)[1])

    def image(self) -> tuple[list[tuple[str, int, int, int | None]], Keys]:
        """(writer, sequence, number of keys, fingerprint) from the least recent, and all keys."""
        known = [
            (name, last.sequence, len(self._keys.get(name, ())), last.value())
            for name, last in self._last.items()
        ]
        keys = list(self._keys.values())
        return known, np.concatenate(keys) if keys else np.zeros(0, np.uint64)

    def restore(self, known: Sequence[Sequence[Any]], keys: Keys) -> None:
        """Takes over what `image` gave; format 1 has no fingerprint."""
        start = 0
        for name, sequence, count, *fingerprint in known:
            own = keys[start : start + count]
            self.remember(name, sequence, fingerprint[0] if fingerprint else None, own)
            start += count

    def _take_later(self, fingerprint: Fingerprint) -> None:
        self._taken_later.append(fingerprint)
        self._held_bytes += fingerprint.held_bytes
        while self._held_bytes > _MOST_HELD_BYTES:
            first = self._taken_later.popleft()
            first.value()
            self._held_bytes -= first.held_bytes

    def _forget_keys(self, writer_id: str) -> None:
        self._num_keys -= len(self._keys.pop(writer_id, ()))
