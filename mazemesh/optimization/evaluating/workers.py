"""Evaluation by processes, each a fresh interpreter that opens the problem by its name."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Final

import numpy as np

from mazemesh.errors import DeadlineExceeded, FailedPrecondition, InvalidArgument
from mazemesh.optimization.evaluating.evaluator import Done, Stopped
from mazemesh.optimization.evaluating.worker import FATAL
from mazemesh.optimization.problem import Evaluation, Floats, Problem
from mazemesh.process.interpreter import run_module

MAX_WORKERS: Final = 256
START_SECONDS: Final = 60.0
"""How long a problem may take to be opened."""
_LOOK_SECONDS: Final = 0.1
"""How soon a search that was told to stop does so, whatever is evaluated."""
_TRIES: Final = 3
"""Of a batch whose worker dies of it: twice may be a full memory, three times is the batch."""
_ONE_THREAD: Final = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"),
)


@dataclass
class _Assignment:
    """What a worker is busy with."""

    place: int
    deadline: float


class Workers:
    """Several processes that evaluate batches. Their number never shows in what they find.

    Args:
        name: Of the problem, by which they open it.
        problem: The same.
        count: Processes.
        batch_seconds: How long a batch may take.
        stopped: Whether to stop.

    Raises:
        InvalidArgument: the count is out of its range, or a worker cannot open the problem.
    """

    def __init__(
        self,
        name: str,
        problem: Problem,
        count: int,
        *,
        batch_seconds: float,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        if not 1 <= count <= MAX_WORKERS:
            raise InvalidArgument(f"jobs: {count} should be 1..{MAX_WORKERS}")
        self._name, self._problem = name, problem
        self._batch_seconds, self._stopped = batch_seconds, stopped
        self._workers: list[_Worker] = []
        try:
            self._workers.extend(_Worker(name) for _ in range(count))
            for worker in self._workers:
                worker.await_start()
        except BaseException:
            self.close()
            raise

    def evaluate(self, batches: Sequence[tuple[int, Floats]], done: Done) -> None:
        """See `Evaluator.evaluate`; after an exception there are no workers any more.

        Raises:
            DeadlineExceeded: a batch took longer than it may.
            FailedPrecondition: the problem raised, or its processes died of a batch.
        """
        waiting = list(range(len(batches)))[::-1]
        tries = [0] * len(batches)
        busy: dict[Connection, _Assignment] = {}
        try:
            while waiting or busy:
                self._hand_out(batches, waiting, busy)
                ready = wait(list(busy), _LOOK_SECONDS)
                for connection in ready:
                    assert isinstance(connection, Connection)
                    assignment = busy.pop(connection)
                    number, points = batches[assignment.place]
                    try:
                        answer = connection.recv_bytes()
                    except (EOFError, OSError):
                        self._replace(connection)
                        tries[assignment.place] += 1
                        if tries[assignment.place] >= _TRIES:
                            raise FailedPrecondition(
                                f"problem {self._name}: its process died {_TRIES} times on the "
                                f"batch that begins with {points[0][:8].tolist()}"
                            ) from None
                        waiting.append(assignment.place)
                        continue
                    done(number, self._read(answer, len(points)))
                self._check(busy)
        except BaseException:
            self.close()  # an answer that comes later would be taken for the next one
            raise

    def close(self) -> None:
        """Kills them."""
        for worker in self._workers:
            worker.close()
        self._workers.clear()

    def _hand_out(
        self,
        batches: Sequence[tuple[int, Floats]],
        waiting: list[int],
        busy: dict[Connection, _Assignment],
    ) -> None:
        if self._stopped():
            raise Stopped
        for worker in self._workers:
            if waiting and worker.connection not in busy:
                place = waiting.pop()
                busy[worker.connection] = _Assignment(place, time.monotonic() + self._batch_seconds)
                worker.send(batches[place][1])

    def _check(self, busy: Mapping[Connection, _Assignment]) -> None:
        now = time.monotonic()
        if any(one.deadline < now for one in busy.values()):
            raise DeadlineExceeded(
                f"problem {self._name}: a batch took longer than {self._batch_seconds:g} s; allow "
                "more with --batch-seconds"
            )

    def _read(self, answer: bytes, points: int) -> Evaluation:
        if answer[:1] == FATAL:
            raise FailedPrecondition(f"problem {self._name}: {answer[1:].decode()}")
        numbers = np.frombuffer(answer, np.float64, offset=1)
        objectives = len(self._problem.objectives)
        values, excess = np.split(numbers, [points * objectives])
        return Evaluation(values.reshape(points, objectives), excess.reshape(points, -1))

    def _replace(self, connection: Connection) -> None:
        for place, worker in enumerate(self._workers):
            if worker.connection is connection:
                worker.close()
                self._workers[place] = _Worker(self._name)
                self._workers[place].await_start()


class _Worker:
    """One process."""

    def __init__(self, name: str) -> None:
        self._name = name
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603
                run_module("mazemesh.optimization.evaluating.worker", name, str(theirs.fileno())),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C is for the parent, who keeps what is done
                # As many processes as there are cores: threads of theirs would be in the way.
                env={**dict.fromkeys(_ONE_THREAD, "1"), **os.environ},
            )
        self.connection = Connection(ours.detach())

    def await_start(self) -> None:
        """Waits until it has opened the problem.

        Raises:
            InvalidArgument: it cannot.
        """
        try:
            answer = self.connection.recv_bytes() if self.connection.poll(START_SECONDS) else b""
        except (EOFError, OSError):
            answer = FATAL + b"its process ended while it was opened"
        if answer[:1] != b"=":
            reason = answer[1:].decode() or f"it took longer than {START_SECONDS:g} s to open"
            self.close()
            raise InvalidArgument(f"problem {self._name}: {reason}")

    def send(self, points: Floats) -> None:
        """Has points evaluated; when it is dead, the next receive tells."""
        try:
            self.connection.send_bytes(np.ascontiguousarray(points, np.float64).tobytes())
        except OSError:
            return

    def close(self) -> None:
        """Kills it."""
        self._process.kill()
        self._process.wait()
        self.connection.close()
