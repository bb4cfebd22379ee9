"""`mazemesh.train`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from mazemesh.errors import InvalidArgument
from mazemesh.training.request import TrainingRequest
from mazemesh.training.run import Callback, TrainingRun

Setting = str | float | bool | Sequence[int] | Sequence[str]


def train(
    game: str = "race",
    algorithm: str = "ppo",
    *,
    steps: int = 0,
    seconds: float = 0.0,
    callbacks: Callback | Sequence[Callback] = (),
    policy: str = "",
    policies: Mapping[str, str] | None = None,
    data_dir: str | Path | None = None,
    hyperparameters: Mapping[str, float] | None = None,
    seed: int | None = None,
    actors: int = 1,
    evaluators: int = 1,
    games: int | None = None,
    port_base: int | None = None,
    **settings: Setting,
) -> TrainingRun:
    """Starts a training run, and returns its handle at once.

    A mesh that runs on the data folder is used: it gets a learner and actors, or is only followed
    where it trains the policy already. Else one is started, as by `mazemesh up`, and stopped with
    the run. Either way the run goes on where the folder's last one of the policy stopped.

    ```pycon
    >>> run = mazemesh.train("race", callbacks=lambda now: now.agent_steps < 1_000)
    >>> run.wait().agent_steps >= 1_000
    True

    ```

    Args:
        game: Its name, as `mazemesh games` lists them, or of Gymnasium or PettingZoo.
        algorithm: "ppo", "impala", "dqn" and so on, or one of your own.
        steps: Agent steps to stop after; 0: none.
        seconds: To stop after; 0: none.
        callbacks: Called with a `Progress` every few seconds. One that returns False ends the run.
        policy: Name to publish under; the game's unless given.
        policies: Of several policies that learn in the same games, names by role, as
            `{"evader": "pursuit-evader", "hunter": "pursuit-hunter"}`.
        data_dir: Folder of everything that is kept; MAZEMESH_DATA_DIR or `.mazemesh` unless given.
        hyperparameters: Of the algorithm, over the preset's (`mazemesh preset GAME`).
        seed: Of weights, mazes and draws; a fresh one unless given.
        actors: Processes that play.
        evaluators: Processes that rate snapshots, of a mesh that is started.
        games: That each actor plays at once.
        port_base: Where a mesh that is started listens; free ports unless given.
        settings: Further ones of the learner, as `python -m learner --help` tells them: `width=6`,
            `hidden=(64, 64)`, `device="cuda"`.

    Raises:
        InvalidArgument: a setting that makes no sense; nothing was started.
        NotFound: no such game.
        Conflict: another process starts a mesh on the folder.
    """
    if steps < 0 or seconds < 0:
        raise InvalidArgument(f"steps: {steps}, seconds: {seconds}; neither should be negative")
    flags = [f"--steps={steps}"] if steps else []
    flags += [f"--{name.replace('_', '-')}={_text(value)}" for name, value in settings.items()]
    if hyperparameters:
        told = ",".join(f"{name}={float(value)!r}" for name, value in hyperparameters.items())
        flags.append(f"--hyperparameters={told}")
    folder = Path(data_dir or os.environ.get("MAZEMESH_DATA_DIR") or ".mazemesh")
    request = TrainingRequest(
        data_dir=folder.expanduser().absolute(),
        game=game,
        algorithm=algorithm,
        policy=policy,
        policies=dict(policies or {}),
        seed=seed,
        actors=actors,
        evaluators=evaluators,
        games=games,
        port_base=port_base,
        learner=tuple(flags),
    )
    return TrainingRun(request, _all(callbacks), seconds=seconds)


def _all(callbacks: Callback | Sequence[Callback]) -> Sequence[Callback]:
    return (callbacks,) if callable(callbacks) else tuple(callbacks)


def _text(value: Setting) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    return ",".join(map(str, value))
