"""A run's hold on its policy's name, so that two learners never publish under it in turn.

Two things are held. The folder, by a lock of the kernel's: a second learner in it would write over
the first one's checkpoints. And the name, by a lease in Model (model.proto, HoldName), which a
thread renews: a learner on another machine, or with another data folder, is refused by name. A run
that is started again in its folder has the name at once, since the folder knows who owns it.
"""

from __future__ import annotations

import fcntl
import os
import socket
import threading
import uuid
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from learner.ports import PolicySink
from mazemesh.errors import Conflict, MazemeshError
from mazemesh.process.errors import StartError
from mazemesh.v1.model_pb2 import HoldNameRequest

log = structlog.get_logger("learner.loop.lease")

RETRY_SECONDS = 0.2
OWNER, LOCK = "owner", "lock"
WRONG_SETTING = 2
"""Exit status: whoever supervises the learner need not start it again."""


class Lease:
    """A context in which the run holds its folder, and its name from `take` on.

    Attributes:
        fence: What the name is held by; 0 before.
        lost: Why it is held no more; the learner is stopped then.
    """

    def __init__(
        self,
        sink: PolicySink,
        policy: str,
        folder: Path,
        stop: threading.Event,
        *,
        take_over: bool = False,
    ) -> None:
        self.fence = 0
        self.lost: Conflict | None = None
        self._sink, self._policy, self._folder = sink, policy, folder
        self._stop, self._take_over = stop, take_over
        self._seconds = 0.0
        self._left = threading.Event()

    def __enter__(self) -> Self:
        """Takes the folder.

        Raises:
            StartError: another learner works in it.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = (self._folder / LOCK).open("a+")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.seek(0)
            process = self._lock.read().strip()
            self._lock.close()
            raise StartError(
                f"another learner (process {process or 'unknown'}) works in {self._folder}; stop "
                "it, or choose another policy name (--policy)",
                exit_code=WRONG_SETTING,
            ) from None
        self._lock.truncate(0)
        self._lock.write(str(os.getpid()))
        self._lock.flush()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Gives name and folder back."""
        self._left.set()
        if self.fence and self.lost is None:
            try:
                self._sink.hold_name(self._request("", fence=self.fence, release=True))
            except MazemeshError as reason:
                log.info("the name is free when its lease ends", reason=str(reason))
        self._lock.close()

    def take(self, run_id: str) -> bool:
        """Begins to hold the name, as soon as Model is there; a thread holds on.

        Returns:
            False when the learner is stopping and Model is away.

        Raises:
            StartError: another run holds it; the message names it.
        """
        request = self._request(run_id, take_over=self._take_over)
        while True:
            try:
                answer = self._sink.hold_name(request)
                break
            except Conflict as error:
                raise StartError(str(error), exit_code=WRONG_SETTING) from error
            except MazemeshError as error:
                log.debug("model is away", reason=str(error))
                if self._stop.wait(RETRY_SECONDS):
                    return False
        self.fence, self._seconds = answer.fence, answer.seconds
        threading.Thread(target=self._hold_on, name="lease", daemon=True).start()
        return True

    def check(self) -> None:
        """Raises Conflict when another run has taken the name over."""
        if self.lost is not None:
            raise self.lost

    def _hold_on(self) -> None:
        request = self._request("", fence=self.fence)
        while not self._left.wait(self._seconds / 3):
            try:
                self._sink.hold_name(request)
            except Conflict as error:
                log.error("the policy's name is lost", reason=str(error))
                self.lost = error
                self._stop.set()
                return
            except MazemeshError as error:
                log.warning("model is away", reason=str(error))

    def _request(self, run_id: str, **wanted: int | bool) -> HoldNameRequest:
        return HoldNameRequest(
            name=self._policy,
            run_id=run_id,
            owner=self._owner(),
            place=f"{socket.gethostname()}, process {os.getpid()}"[:128],
            **wanted,  # type: ignore[arg-type]
        )

    def _owner(self) -> str:
        """The same in this folder for ever, and in no other."""
        path = self._folder / OWNER
        if not path.exists():
            unfinished = path.with_suffix(".tmp")
            unfinished.write_text(uuid.uuid4().hex)
            unfinished.replace(path)
        return path.read_text().strip()
