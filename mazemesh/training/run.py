"""The handle of a training run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from importlib.metadata import PackageNotFoundError, distribution, entry_points
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from mazemesh.errors import MazemeshError, NotFound, Unavailable
from mazemesh.training.progress import JournalReader, Progress
from mazemesh.training.request import STARTERS, StartedRun, TrainingRequest

if TYPE_CHECKING:
    from mazemesh.client.mesh import Mesh
    from mazemesh.policy.onnx_policy import OnnxPolicy

Callback = Callable[[Progress], object]
"""Is told how a run goes; ends it by returning False, or by an exception."""

_LOOK_SECONDS = 0.25


class TrainingFailed(MazemeshError):
    """A run ended before it should; the message says why, and where its log is."""


class TrainingRun:
    """A run that `mazemesh.train` has started; also a context manager, which stops it at the end.

    It goes on in processes of its own. A thread here follows it and calls the callbacks, one after
    the other: what they raise ends the run in order and is raised by `wait`. When the Python
    process that started it ends, so does the run, in order too.

    Args:
        request: What is trained.
        callbacks: Told of each line of progress, every few seconds for each policy.
        seconds: After which it is stopped; 0: never.
        start: Starts it.

    Attributes:
        data_dir: Folder of the mesh; a later run on it goes on where this one stopped.
    """

    def __init__(
        self,
        request: TrainingRequest,
        callbacks: Sequence[Callback],
        *,
        seconds: float = 0.0,
        start: Callable[[TrainingRequest], StartedRun] | None = None,
    ) -> None:
        self.data_dir: Path = request.data_dir
        self._request, self._callbacks, self._limit = request, tuple(callbacks), seconds
        self._start = start or starter()
        self._began = time.time()
        self._deadline = time.monotonic() + seconds if seconds else None
        self._ready, self._stopping = threading.Event(), threading.Event()
        self._latest: dict[str, Progress] = {}
        self._started: StartedRun | None = None
        self._error: BaseException | None = None
        # It also starts the processes: they end with the thread that did so, on Linux.
        self._thread = threading.Thread(target=self._live, name="training run", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._started is None:
            self._thread.join()
            assert self._error is not None
            raise self._error

    @property
    def policies(self) -> tuple[str, ...]:
        """Names of the policies that learn."""
        return self._run.policies

    @property
    def progress(self) -> Progress | None:
        """The newest of the first policy; None before there is any."""
        return self._latest.get(self.policies[0])

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._thread.is_alive()

    def progress_of(self, policy: str) -> Progress | None:
        """The newest of one of the policies, by name."""
        return self._latest.get(policy)

    def stop(self) -> None:
        """Ends the run in order and waits for that; again it does nothing."""
        self._stopping.set()
        self._thread.join()

    def wait(self, timeout: float | None = None) -> Progress | None:
        """Waits until the run has ended; the last progress.

        Ctrl-C, and the kernel's interruption in a notebook, end the run in order.

        Args:
            timeout: In seconds; a run that is not over by then goes on.

        Raises:
            TrainingFailed: it ended before it should.
            Exception: what a callback raised.
        """
        try:
            self._thread.join(timeout)
        except KeyboardInterrupt:
            self.stop()
            raise
        if not self.running and self._error is not None:
            error, self._error = self._error, None
            raise error
        return self.progress

    def policy(self, name: str = "") -> OnnxPolicy:
        """The newest version, ready to act; the first policy's, or that of a name.

        A mesh that has ended is asked by starting its registry for a moment.

        Raises:
            NotFound: nothing was published yet, or no such policy.
        """
        from mazemesh.policy.cache import fetch_policy

        wanted = name or self.policies[0]
        addresses = self._run.addresses if self.running else None
        if addresses is not None:
            from mazemesh.client.mesh import Mesh

            with Mesh(addresses) as mesh:
                return fetch_policy(mesh.model, wanted)
        if self.running:
            raise NotFound(f"policy {wanted} is not there yet; the mesh is starting")
        return _policy_of_folder(self.data_dir, wanted)

    def mesh(self) -> Mesh:
        """Clients for the services of the run's mesh, to be closed by the caller.

        Raises:
            Unavailable: the mesh is starting, or has ended.
        """
        from mazemesh.client.mesh import Mesh

        addresses = self._run.addresses if self.running else None
        if addresses is None:
            raise Unavailable(f"the mesh on {self.data_dir} is not there (yet, or any more)")
        return Mesh(addresses)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        now = self.progress
        how = f"{now.agent_steps:,} agent steps, version {now.version}" if now else "starting"
        state = "running" if self.running else "ended"
        return f"<TrainingRun of {', '.join(self.policies)}: {state}, {how}>"

    @property
    def _run(self) -> StartedRun:
        assert self._started is not None
        return self._started

    def _live(self) -> None:
        try:
            started = self._started = self._start(self._request)
        except BaseException as error:
            self._error = error
            self._ready.set()
            return
        journals = [
            JournalReader(self.data_dir / "learner" / name, name, self._began)
            for name in started.policies
        ]
        self._ready.set()
        try:
            over = False
            while not (over or self._stopping.is_set()):
                over = started.ended(_LOOK_SECONDS) or self._late()
                over = not self._tell(journals) or over
        except BaseException as error:
            self._error = error
        try:
            started.stop()
        except BaseException as error:
            self._error = self._error or error  # what came first is told
        self._conclude(started, journals)

    def _late(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    def _conclude(self, started: StartedRun, journals: Sequence[JournalReader]) -> None:
        """What the learners wrote last is told, and why it ended."""
        if self._error is not None:
            return
        try:
            self._tell(journals)
            if problem := started.problem():
                raise TrainingFailed(problem)
        except BaseException as error:
            self._error = error

    def _tell(self, journals: Sequence[JournalReader]) -> bool:
        """Calls the callbacks with what has come; whether the run should go on."""
        goes_on = True
        for journal in journals:
            for progress in journal.read():
                self._latest[progress.policy] = progress
                for callback in self._callbacks:
                    goes_on = callback(progress) is not False and goes_on
        return goes_on


def starter() -> Callable[[TrainingRequest], StartedRun]:
    """What is installed to start runs; ours comes before that of another package.

    Raises:
        NotFound: nothing is.
    """
    try:
        ours = distribution("mazemesh").entry_points.select(group=STARTERS)
    except PackageNotFoundError:
        ours = None
    for point in ours or entry_points(group=STARTERS):
        found: Callable[[TrainingRequest], StartedRun] = point.load()
        return found
    raise NotFound(
        f"nothing is installed that starts training (entry-point group {STARTERS}); install anew "
        "by scripts/install, or pip install 'mazemesh[learner]'"
    )


def _policy_of_folder(data_dir: Path, name: str) -> OnnxPolicy:
    from mazemesh.client.mesh import connect
    from mazemesh.policy.cache import fetch_policy

    place: Any = nullcontext((None, None))
    for point in entry_points(group="mazemesh.stopped_mesh"):
        place = point.load()(data_dir, ("model",))
        break
    with place as (host, port_base):
        where = {} if host is None else {"host": host, "port_base": port_base}
        with connect(**where) as mesh:
            return fetch_policy(mesh.model, name)
