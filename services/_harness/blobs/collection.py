"""Deletes blobs that nothing needs any more, but none that somebody may just be putting.

A blob comes before the row that names it, and who puts it may be another instance, of which this
one knows nothing. So only what was put long ago is deleted, and only when no row names it after
its age was looked at: whoever puts it meanwhile makes it young, and it stays (`Blobs.delete`).
While a hold lies in the store, as a backup lays one, nothing is deleted.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from services._harness.blobs.hashed import key_of, sha256_of
from services._harness.blobs.store import Blobs, every

HOLDS: Final = "holds/"
LONGEST_HOLD: Final = 6 * 3600.0
"""Seconds after which a hold counts no more: who laid it must have died."""


class Collection:
    """What deletes files named by their hashes.

    Args:
        blobs: where they are.
        grace: seconds for which nothing is deleted after it was put.
        now: seconds since the epoch.
    """

    def __init__(self, blobs: Blobs, grace: float, now: Callable[[], float]) -> None:
        self._blobs = blobs
        self._grace = grace
        self._now = now

    def discard(self, sha256s: Iterable[str]) -> list[str]:
        """Deletes those that are old; the others are left to a later `sweep`. Blocks."""
        old, gone = self._now() - self._grace, list[str]()
        for sha256 in sha256s if not self.is_held() else ():
            if self._blobs.delete(key_of(sha256), old):
                gone.append(sha256)
        return gone

    def candidates(self) -> list[str]:
        """Hashes of all that is old, unless there is a hold. Blocks.

        What is in use is to be read after this, and the others given to `discard`.
        """
        if self.is_held():
            return []
        old = self._now() - self._grace
        found = every(self._blobs)
        return [sha for b in found if b.put_time < old and (sha := sha256_of(b.key))]

    def sweep(self, candidates: Collection[str], used: Collection[str]) -> list[str]:
        """Deletes the candidates that are not used. Blocks."""
        return self.discard(sha256 for sha256 in candidates if sha256 not in used)

    def is_held(self) -> bool:
        """Whether somebody wants that nothing is deleted."""
        expired = self._now() - LONGEST_HOLD
        return any(not self._blobs.delete(hold.key, expired) for hold in every(self._blobs, HOLDS))


@contextmanager
def held(blobs: Blobs) -> Iterator[None]:
    """Nothing is deleted meanwhile, for six hours at most."""
    key = f"{HOLDS}{uuid.uuid4().hex}"
    blobs.put(key, b"")
    try:
        yield
    finally:
        blobs.delete(key)
