"""Training runs for `mazemesh.train`: a mesh of their own, or more workers of one that runs."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from learner.run import Run
from learner.settings import LearnerSettings
from mazemesh.cli.claim import read_note
from mazemesh.client.addresses import Addresses
from mazemesh.errors import Conflict, InvalidArgument, Unavailable
from mazemesh.game_names import is_external
from mazemesh.games import open_game
from mazemesh.games.foreign import policy_name
from mazemesh.games.roles import cast
from mazemesh.process.errors import StartError
from mazemesh.process.interpreter import run_module
from mazemesh.process.parent import PARENT_VARIABLE
from mazemesh.process.ports import free_block
from mazemesh.process.settings import parse_settings
from mazemesh.training.request import TrainingRequest
from supervisor.running.layout import SERVICES

_STOP_SECONDS = 45.0
_SHORTEST_LOOK = 0.05
_KEPT_LINES = 3


@dataclass
class _Process:
    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def status(self) -> int | None:
        return self.process.poll()

    def last_lines(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-_KEPT_LINES:]
        return " / ".join(line.strip() for line in lines)


class Processes:
    """A `StartedRun` of processes that were started for it.

    Args:
        request: What is trained.
        policies: Names of all that learn.
        waited: Those whose end is the run's.
        others: Those that end with it.
    """

    def __init__(
        self,
        request: TrainingRequest,
        policies: tuple[str, ...],
        waited: Sequence[_Process],
        others: Sequence[_Process] = (),
    ) -> None:
        self.policies = policies
        self._data_dir = request.data_dir
        self._waited, self._others = list(waited), list(others)
        self._stopped = False

    @property
    def addresses(self) -> Addresses | None:
        """As the mesh's note in the data folder tells them."""
        note = read_note(self._data_dir)
        return None if note is None else Addresses(**note["addresses"])

    def ended(self, seconds: float) -> bool:
        """Whether all that is waited for has ended, or one of the rest."""
        until = time.monotonic() + seconds
        for one in self._waited:
            try:
                one.process.wait(max(_SHORTEST_LOOK, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                return any(other.status is not None for other in self._others)
        return True

    def problem(self) -> str:
        """The first that ended otherwise than in order, with the end of its log."""
        for one in (*self._waited, *self._others):
            if one.status not in (None, 0):
                said = f": {one.last_lines()}"
                return f"{one.name} ended with status {one.status}{said} (see {one.log})"
        return ""

    def stop(self) -> None:
        """Asks all to end, workers first that others wait for, and kills what does not."""
        if self._stopped:
            return
        self._stopped = True
        for one in (*self._others, *self._waited):
            if one.status is None:
                one.process.send_signal(signal.SIGINT)
        until = time.monotonic() + _STOP_SECONDS
        for one in (*self._others, *self._waited):
            try:
                one.process.wait(max(_SHORTEST_LOOK, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                one.process.kill()
                one.process.wait()


class Followed:
    """A `StartedRun` that a running mesh has already: it is looked at, and never stopped."""

    def __init__(self, request: TrainingRequest, policies: tuple[str, ...], pid: int) -> None:
        self.policies = policies
        self._data_dir, self._pid = request.data_dir, pid
        self._look = 0.0

    @property
    def addresses(self) -> Addresses | None:
        """As the mesh's note tells them."""
        note = self._note()
        return None if note is None else Addresses(**note["addresses"])

    def ended(self, seconds: float) -> bool:
        """Whether the mesh has gone; it is no child of ours, so nothing tells of it."""
        time.sleep(seconds)
        return self._note() is None

    def problem(self) -> str:
        """Its own affair."""
        return ""

    def stop(self) -> None:
        """Who started the mesh stops it."""

    def _note(self) -> dict[str, Any] | None:
        note = read_note(self._data_dir)
        return note if note is not None and note["pid"] == self._pid else None


def start(request: TrainingRequest) -> Processes | Followed:
    """Starts what is asked for; see `mazemesh.training.request`.

    Raises:
        InvalidArgument: a setting that makes no sense; nothing was started.
        NotFound: no such game.
        Conflict: the mesh on the folder trains one of the policies, and not the others.
        Unavailable: a new mesh ended at once.
    """
    request = replace(request, policies=_in_order(request))
    runs = [_checked(request, name) for name in _names(request)]
    names = tuple(run.policy for run in runs)
    note = read_note(request.data_dir)
    if note is None:
        return _own_mesh(request, names)
    _as_operator(note)
    there = set(note.get("policies", [note["policy"]]))
    if there.issuperset(names):
        return Followed(request, names, note["pid"])
    if there.intersection(names):
        both = ", ".join(sorted(there.intersection(names)))
        raise Conflict(
            f"the mesh on {request.data_dir} trains {both} already, and not all of "
            f"{', '.join(names)}; stop it, or choose other names"
        )
    return _attached(request, names, note)


def _as_operator(note: Mapping[str, Any]) -> None:
    """Has this process and those that it starts call the mesh of the folder, unless told how."""
    for variable, entry in (("MAZEMESH_TLS_CA", "tls_ca"), ("MAZEMESH_KEY_FILE", "key_file")):
        if note.get(entry) and not os.environ.get("MAZEMESH_KEY"):
            os.environ.setdefault(variable, note[entry])


def _names(request: TrainingRequest) -> tuple[str, ...]:
    if request.policies:
        return tuple(request.policies.values())
    return (request.policy or policy_name(request.game),)


def _in_order(request: TrainingRequest) -> dict[str, str]:
    """The policies in the order of their seats, as all others have them."""
    if not request.policies:
        return {}
    if request.policy:
        raise InvalidArgument(
            f"policy: {request.policy} is one name, and policies has "
            f"{', '.join(request.policies.values())}; say one of both"
        )
    if any(flag.startswith("--seats=") for flag in request.learner):
        return dict(request.policies)  # the learners' own settings say whether they fit
    spec = open_game(request.game).spec()
    return {role: name for role, name, _ in cast(spec, request.policies)}


def _learner_flags(request: TrainingRequest, policy: str) -> list[str]:
    flags = ["--game", request.game, "--algorithm", request.algorithm, "--policy", policy]
    if request.policies:
        named = ",".join(f"{role}={name}" for role, name in request.policies.items())
        flags += ["--policies", named]
    return [*flags, *request.learner]


def _checked(request: TrainingRequest, policy: str) -> Run:
    """The run as its learner will see it.

    Raises:
        InvalidArgument: it would be refused.
    """
    flags = [*_learner_flags(request, policy), "--data-dir", str(request.data_dir)]
    try:
        return Run.of(parse_settings(LearnerSettings, flags, "mazemesh.train"))
    except StartError as error:
        raise InvalidArgument(str(error)) from error
    except SystemExit as error:  # of the parser of flags, which has said why
        raise InvalidArgument(f"settings: {' '.join(request.learner)}: not understood") from error


def _own_mesh(request: TrainingRequest, names: tuple[str, ...]) -> Processes:
    base = request.port_base or free_block(len(SERVICES)).start
    flags = [
        "up",
        "--plain",
        "--no-console",
        "--data-dir",
        str(request.data_dir),
        "--port-base",
        str(base),
    ]
    flags += ["--game", request.game, "--algorithm", request.algorithm]
    flags += ["--actors", str(request.actors), "--evaluators", str(request.evaluators)]
    if request.policies:
        named = ",".join(f"{role}={name}" for role, name in request.policies.items())
        flags += ["--policies", named]
    elif request.policy:
        flags += ["--name", request.policy]
    if request.games is not None:
        flags += ["--games", str(request.games)]
    if request.seed is not None:
        flags += ["--seed", str(request.seed)]
    flags += [f"--learner={flag}" for flag in request.learner]
    if is_external(request.game):
        flags += [flag for flag in request.learner if flag.startswith("--spaces=")]
    command = run_module("mazemesh.cli", *flags)
    mesh = _spawn("the mesh", command, request.data_dir / "logs" / "mesh.log", {})
    return Processes(request, names, [mesh])


def _attached(
    request: TrainingRequest, names: tuple[str, ...], note: Mapping[str, Any]
) -> Processes:
    environment = {
        f"MAZEMESH_{name.upper()}_ADDRESS": address for name, address in note["addresses"].items()
    }
    environment["MAZEMESH_DATA_DIR"] = str(request.data_dir)
    logs = request.data_dir / "logs"
    learners = []
    for index, name in enumerate(names):
        flags = [*_learner_flags(request, name), *_seed(request, index)]
        command = run_module("learner", *flags)
        log = logs / f"learner-{name}.log"
        learners.append(_spawn(f"the learner of {name}", command, log, environment))
    actors = []
    for index in range(0 if is_external(request.game) else request.actors):
        flags = ["--policy", names[0], *_seed(request, index)]
        if request.games is not None:
            flags += ["--games", str(request.games)]
        command = run_module("actor", "play", *flags)
        log = logs / f"actor-{names[0]}-{index}.log"
        actors.append(_spawn(f"actor {index}", command, log, environment))
    return Processes(request, names, learners, actors)


def _seed(request: TrainingRequest, index: int) -> Iterable[str]:
    return () if request.seed is None else ("--seed", str(request.seed + index))


def _spawn(
    name: str, command: Sequence[str], log: Path, environment: Mapping[str, str]
) -> _Process:
    log.parent.mkdir(parents=True, exist_ok=True)
    told = {**os.environ, **environment, PARENT_VARIABLE: str(os.getpid())}
    told.setdefault("MAZEMESH_LOG_FORMAT", "json")
    try:
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603  # our own command
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=told,
                start_new_session=True,  # Ctrl-C reaches this process, which ends the run
            )
    except OSError as error:
        raise Unavailable(f"{name} cannot be started: {error}") from error
    return _Process(name, process, log)
