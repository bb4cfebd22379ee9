"""What a full disk looks like to those who write files."""

from __future__ import annotations

import errno
from typing import Final

# A full disk, a user's share of it, and the largest file that the process may write.
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def is_full(error: OSError) -> bool:
    """Whether there was no room for what was written; everything else is another matter."""
    return error.errno in _NO_ROOM
