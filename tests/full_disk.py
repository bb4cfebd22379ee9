"""A disk without room, as far as files of this process go."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager

from structlog.testing import capture_logs


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """Writing past `size` bytes fails (EFBIG), after what fits was written; as on a full disk.

    Log lines are held back: pytest takes them down in a file.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        with capture_logs():
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
