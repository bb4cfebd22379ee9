"""Whether the mesh that a job was started on is still there."""

from __future__ import annotations

from dataclasses import dataclass

import psutil

_SAME_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class MeshWatch:
    """The process of a mesh; a number alone may be another process by now.

    Attributes:
        pid: Of the mesh's supervisor.
        began: When it was started, in seconds since 1970.
    """

    pid: int
    began: float

    @classmethod
    def of(cls, text: str) -> MeshWatch:
        """From `PID:START`."""
        pid, _, began = text.partition(":")
        return cls(int(pid), float(began))

    @classmethod
    def of_process(cls, pid: int) -> MeshWatch | None:
        """A process that is there now; None where there is none."""
        try:
            return cls(pid, psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return None

    def __str__(self) -> str:
        return f"{self.pid}:{self.began}"

    @property
    def gone(self) -> bool:
        """Whether it has ended."""
        try:
            process = psutil.Process(self.pid)
            began = process.create_time()
            dead = process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True
        return dead or abs(began - self.began) > _SAME_SECONDS
