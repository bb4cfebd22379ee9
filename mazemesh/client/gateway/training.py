"""Training as a service: `mesh.training`."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any, Final

from mazemesh.client.aio.in_thread import all_in_thread, followed, in_thread
from mazemesh.client.gateway.jobs import Cost, Job, JobFailed
from mazemesh.client.gateway.web import Query, Web
from mazemesh.errors import DeadlineExceeded, NotFound, Unavailable

Setting = str | float | bool | Sequence[int]

_LOOK_SECONDS: Final = 1.0
_GATEWAY_AWAY_SECONDS: Final = 60.0


class Training:
    """Training jobs of a mesh's gateway. Thread-safe; `aio` has the same for asyncio.

    ```pycon
    >>> job = mesh.training.start(
    ...     "race", "ppo", total_steps=2_000, maze_size=4, timesteps_per_episode=60
    ... )
    >>> job.status in ("queued", "starting", "running")
    True
    >>> done = mesh.training.wait_for_completion(job.experiment_id, timeout=300)
    >>> done.status, done.reason
    ('finished', 'it has done its 2,000 steps')
    >>> mesh.model.describe(done.policy).version > 0
    True

    ```
    """

    def __init__(self, web: Web) -> None:
        self._web = web

    @property
    def aio(self) -> AsyncTraining:
        """The same as coroutines."""
        return AsyncTraining(self)

    def start(
        self,
        game: str = "race",
        algorithm: str = "ppo",
        *,
        total_episodes: int = 0,
        total_steps: int = 0,
        timesteps_per_episode: int = 0,
        maze_size: int = 0,
        policy: str = "",
        title: str = "",
        actors: int = 1,
        games: int = 0,
        seed: int | None = None,
        hyperparameters: Mapping[str, float] | None = None,
        settings: Mapping[str, Setting] | None = None,
        budget: Mapping[str, float] | None = None,
        priority: int = 5,
        request_id: str = "",
        wait: float = 0.0,
    ) -> Job:
        """Has a policy trained on the mesh; it waits in a queue for its turn.

        Args:
            game: One that the mesh's Game service allows.
            algorithm: "ppo", "dqn" and so on; `options()` has all.
            total_episodes: After which it is finished; 0: no such end.
            total_steps: Agent steps after which it is finished; 0: no such end.
            timesteps_per_episode: Most steps of an episode; 0: as the game has it.
            maze_size: Width and height of mazes, in cells; 0: as the game has it.
            policy: Name to publish under; "": a new one.
            title: For people.
            actors: Processes that play.
            games: That each of them plays at once; 0: as the preset has it.
            seed: Of weights, mazes and draws; None: a fresh one.
            hyperparameters: Of the algorithm, over the preset's.
            settings: Of the learner, as `{"hidden": (64, 64)}`; `options()` says which there are.
            budget: Bounds that end it in order: "steps", "minutes", "dollars".
            priority: 0 to 9; higher ones start first.
            request_id: The same again is the same job; "": a new one.
            wait: Seconds to wait for it to run, at most 60.

        Raises:
            InvalidArgument: a value that is wrong; names the field.
            ResourceExhausted: the queue, or your part of it, is full; `retry_after` says when.
            Conflict: a job that has not ended trains that policy.
            PermissionDenied: your key is not a trainer's, or for other policies.
        """
        asked = {
            "game": game,
            "algorithm": algorithm,
            "total_episodes": total_episodes,
            "total_steps": total_steps,
            "timesteps_per_episode": timesteps_per_episode,
            "maze_size": maze_size,
            "policy": policy,
            "title": title,
            "actors": actors,
            "games": games,
            "seed": seed,
            "hyperparameters": dict(hyperparameters or {}),
            "settings": _plain(settings),
            "budget": dict(budget or {}),
            "priority": priority,
            "kind": "train",
        }
        return self._create(asked, request_id, wait)

    def tune(
        self,
        space: Mapping[str, str],
        game: str = "solo",
        algorithm: str = "ppo",
        *,
        objectives: Sequence[str] = ("success", "seconds"),
        target: str = "",
        trials: int = 20,
        trial_minutes: float = 3.0,
        parallel: int = 1,
        study: str = "",
        title: str = "",
        seed: int = 0,
        settings: Mapping[str, Setting] | None = None,
        budget: Mapping[str, float] | None = None,
        priority: int = 5,
        request_id: str = "",
    ) -> Job:
        """Has hyperparameters searched, as `mazemesh tune`; each trial is a mesh of its own.

        Args:
            space: What to search, as `{"learning_rate": "log:1e-4..3e-3", "epochs": "1..6"}`.
            game: To learn.
            algorithm: By which.
            objectives: success, rating, seconds, steps, latency, size.
            target: success=SHARE or rating=POINTS; "": success=0.9.
            trials: In all.
            trial_minutes: Length of one.
            parallel: Trials at once.
            study: Name; "": a new one.
            title: For people.
            seed: Of every trial.
            settings: Of the learner in every trial.
            budget: Bounds that end it in order: "minutes", "dollars".
            priority: 0 to 9; higher ones start first.
            request_id: The same again is the same job; "": a new one.

        Raises:
            As `start`.
        """
        asked = {
            "kind": "tune",
            "space": dict(space),
            "game": game,
            "algorithm": algorithm,
            "objectives": list(objectives),
            "target": target,
            "trials": trials,
            "trial_minutes": trial_minutes,
            "parallel": parallel,
            "policy": study,
            "title": title,
            "seed": seed,
            "settings": _plain(settings),
            "budget": dict(budget or {}),
            "priority": priority,
        }
        return self._create(asked, request_id, 0.0)

    def status(self, experiment_id: str) -> Job:
        """The job as it is now.

        Raises:
            NotFound: there is none of this id.
        """
        return Job.of(self._web.get(f"/jobs/{_id(experiment_id)}"))

    def stop(self, experiment_id: str) -> Job:
        """Has a job end in order: what it has learned is kept. Again it does nothing.

        Raises:
            NotFound: there is none of this id.
            PermissionDenied: it is somebody else's.
        """
        path = f"/jobs/{_id(experiment_id)}/cancel"
        return Job.of(self._web.post(path, request_id=str(uuid.uuid4())))

    def jobs(self, *status: str, mine: bool = False) -> Iterator[Job]:
        """All jobs in these states (none: in any), the last submitted first.

        Args:
            status: As `Job.status`.
            mine: Only those of this key.

        Raises:
            InvalidArgument: there is no such state.
        """
        token = ""
        while True:
            query: Query = {"page_token": token, "mine": mine, "status": status}
            page = self._web.get("/jobs", query)
            yield from map(Job.of, page["jobs"])
            token = page["next_page_token"]
            if not token:
                return

    def log(self, experiment_id: str, lines: int = 100) -> list[str]:
        """The last lines of a job's log, at most 1000, oldest first.

        Raises:
            NotFound: there is none of this id.
            PermissionDenied: it is somebody else's.
        """
        path = f"/jobs/{_id(experiment_id)}/logs"
        found: list[str] = self._web.get(path, {"lines": lines})["lines"]
        return found

    def options(self) -> dict[str, Any]:
        """Algorithms, the settings that a job may have, bounds and the price of an hour."""
        found: dict[str, Any] = self._web.get("/training/options")
        return found

    def presets(self, game: str = "race", algorithm: str = "ppo") -> dict[str, Any]:
        """What a game is trained with: each value with its meaning and bounds.

        Raises:
            InvalidArgument: no such game or algorithm.
        """
        query: Query = {"game": game, "algorithm": algorithm}
        found: dict[str, Any] = self._web.get("/training/presets", query)
        return found

    def form(self, game: str = "race", algorithm: str = "ppo") -> dict[str, Any]:
        """Every setting that a run may be given, by section, with its meaning and bounds.

        Raises:
            InvalidArgument: no such algorithm.
        """
        query: Query = {"game": game, "algorithm": algorithm}
        found: dict[str, Any] = self._web.get("/training/form", query)
        return found

    def cost(self, steps: int, game: str = "race", algorithm: str = "ppo") -> Cost:
        """What a run would take, by what runs like it took on this mesh."""
        query: Query = {"steps": steps, "game": game, "algorithm": algorithm}
        return Cost.of(self._web.get("/training/cost", query))

    def follow(self, experiment_id: str) -> Generator[dict[str, Any], None, None]:
        """What /ws/training tells: at each change, and every 10 s, to the end of the job.

        Each has `status`, `episode`, `reward`, `success_rate`, `losses`, `agent_steps` and so on.

        Raises:
            NotFound: there is none of this id.
            Unavailable: the gateway went away; follow again.
        """
        from websockets.exceptions import ConnectionClosed, InvalidHandshake
        from websockets.sync.client import connect

        self.status(experiment_id)  # says what is wrong better than a socket can
        url = f"ws{self._web.url[len('http') :]}/ws/training/{_id(experiment_id)}"
        key = self._web.credentials.key
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        tls = self._web.tls() if url.startswith("wss") else None
        try:
            with connect(url, additional_headers=headers, ssl=tls, proxy=None) as socket:
                for text in socket:
                    told: dict[str, Any] = json.loads(text)
                    yield told
                    if told["type"] == "ended":
                        return
        except (ConnectionClosed, InvalidHandshake, OSError) as error:
            raise Unavailable(f"the gateway at {self._web.url} went away: {error}") from error

    def wait_for_completion(
        self,
        experiment_id: str,
        timeout: float | None = None,
        *,
        progress: Callable[[Job], object] | None = None,
    ) -> Job:
        """The job when it has ended.

        A gateway that is started again meanwhile changes nothing.

        Args:
            experiment_id: Of the job.
            timeout: In seconds; None: as long as it takes.
            progress: Is told of each change; returning False stops the job.

        Raises:
            JobFailed: it could not go on.
            DeadlineExceeded: it has not ended by then, and goes on.
            NotFound: there is none of this id.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        waiting = _Waiting(self, experiment_id, progress)
        while (job := waiting.look()) is None:
            if deadline is not None and time.monotonic() >= deadline:
                raise waiting.late(timeout)
            time.sleep(_LOOK_SECONDS)
        return job

    def _create(self, asked: dict[str, Any], request_id: str, wait: float) -> Job:
        request_id = request_id or str(uuid.uuid4())
        return Job.of(self._web.post("/jobs", asked, request_id=request_id, wait=wait))


class AsyncTraining:
    """`Training` for asyncio: each call waits in a thread, and a wait holds none.

    ```pycon
    >>> import asyncio
    >>> async def train_a_bit():
    ...     job = await mesh.training.aio.start("race", "dqn", maze_size=4)
    ...     await mesh.training.aio.stop(job.experiment_id)
    ...     return await mesh.training.aio.wait_for_completion(job.experiment_id, timeout=300)
    >>> asyncio.run(train_a_bit()).status
    'cancelled'

    ```
    """

    def __init__(self, training: Training) -> None:
        self._training = training
        self.start = in_thread(training.start)
        self.tune = in_thread(training.tune)
        self.status = in_thread(training.status)
        self.stop = in_thread(training.stop)
        self.log = in_thread(training.log)
        self.options = in_thread(training.options)
        self.presets = in_thread(training.presets)
        self.form = in_thread(training.form)
        self.cost = in_thread(training.cost)
        self.jobs = all_in_thread(training.jobs)
        self.follow = followed(training.follow)

    async def wait_for_completion(
        self,
        experiment_id: str,
        timeout: float | None = None,  # noqa: ASYNC109  # as the synchronous one
        *,
        progress: Callable[[Job], object] | None = None,
    ) -> Job:
        """See `Training.wait_for_completion`."""
        waiting = _Waiting(self._training, experiment_id, progress)
        try:
            async with asyncio.timeout(timeout):
                while (job := await asyncio.to_thread(waiting.look)) is None:  # noqa: ASYNC110
                    await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError as error:
            raise waiting.late(timeout) from error
        return job


class _Waiting:
    """Looks after a job until it has ended."""

    def __init__(
        self,
        training: Training,
        experiment_id: str,
        progress: Callable[[Job], object] | None,
    ) -> None:
        self._training, self._id, self._progress = training, experiment_id, progress
        self._last: Job | None = None
        self._away = 0.0

    def look(self) -> Job | None:
        """The job, if it has ended."""
        try:
            job = self._training.status(self._id)
        except Unavailable:
            now = time.monotonic()
            self._away = self._away or now
            if now - self._away > _GATEWAY_AWAY_SECONDS:
                raise
            return None
        self._away = 0.0
        before, self._last = self._last, job
        if self._progress is not None and job != before and self._progress(job) is False:
            self._training.stop(self._id)
        if job.status == "failed":
            raise JobFailed(f"job {self._id} failed: {job.reason}", job)
        return job if job.over else None

    def late(self, seconds: float | None) -> DeadlineExceeded:
        """What is raised when it takes too long."""
        state = f"is {self._last.status} ({self._last.reason})" if self._last else "is not known"
        return DeadlineExceeded(f"job {self._id} {state} after {seconds:g} s, and goes on")


def _id(experiment_id: str) -> str:
    if not experiment_id or not experiment_id.isalnum() or not experiment_id.isascii():
        raise NotFound(f"there is no job {experiment_id!r:.80}")
    return experiment_id


def _plain(settings: Mapping[str, Setting] | None) -> dict[str, Any]:
    return {
        name: list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
        for name, value in (settings or {}).items()
    }
