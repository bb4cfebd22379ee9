"""The process that steps environments: `python -m mazemesh.games.foreign.processes.worker`.

It is started by `WorkerProcess` with its task as JSON in the only argument. Over the socket it says
first what the game is, b"=" and a description, or why there is none, b"!" and a reason. Then it
answers b"s", a step, and b"r" with int32 game numbers, a reset: by b"." when all went well, b"?"
and the last error when some episodes were lost, or b"!" and a reason when it cannot go on.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from collections.abc import Iterable
from functools import partial
from multiprocessing.connection import Connection
from typing import Protocol

import numpy as np

from mazemesh.games.foreign.environments.environment import Environment
from mazemesh.games.foreign.environments.episodes import Episodes
from mazemesh.games.foreign.environments.making import make_environment
from mazemesh.games.foreign.environments.names import parse
from mazemesh.games.foreign.processes.task import Task
from mazemesh.games.foreign.seats.description import Description
from mazemesh.games.foreign.seats.memory import map_arrays


class Played(Protocol):
    """What a worker plays: `Episodes`, or those of a vector."""

    error: str

    def reset(self, games: Iterable[int]) -> None:
        """Begins episodes."""

    def step(self) -> None:
        """Plays one step."""


RESET, STEP = b"r", b"s"
WELL, LOST, FATAL, DESCRIPTION = b".", b"?", b"!", b"="


def main() -> None:
    """Serves one task until the parent closes the socket, or is gone."""
    # Environments that draw do it without a display, and what they print is not for our output.
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    # The user's own modules are found after all others: none takes a library's place.
    sys.path.append(os.getcwd())  # noqa: PTH109
    task = Task.from_json(sys.argv[1])
    threading.Thread(target=_end_with, args=(task.socket,), daemon=True).start()
    with Connection(task.socket) as parent:
        try:
            make = partial(make_environment, parse(task.game), strict=task.strict)
            environment = make()
        except Exception as error:  # whatever the environment's own code raises
            parent.send_bytes(FATAL + str(error).encode())
            return
        description = environment.description
        parent.send_bytes(DESCRIPTION + description.to_json().encode())
        if task.memory >= 0:
            _serve(parent, task, description, environment, make)
        environment.close()


def _serve(
    parent: Connection,
    task: Task,
    description: Description,
    environment: Environment,
    make: partial[Environment],
) -> None:
    arrays = map_arrays(task.memory, description, task.num_games, with_state=task.with_state)
    if description.vector and task.autoreset:
        from mazemesh.games.foreign.environments.vector_environment import (
            VectorEnvironment,
            VectorEpisodes,
        )

        def make_vector(size: int) -> VectorEnvironment:
            made = make(num_envs=size)
            assert isinstance(made, VectorEnvironment)
            return made

        _answer_all(parent, VectorEpisodes(make_vector, arrays, task.first, task.last))
        return
    made = [environment]
    episodes = Episodes(
        lambda: made.pop() if made else make(),
        arrays,
        description.action_space,
        task.first,
        task.last,
        step_limit=task.step_limit,
        autoreset=task.autoreset,
    )
    _answer_all(parent, episodes)


def _answer_all(parent: Connection, episodes: Played) -> None:
    while True:
        try:
            request = parent.recv_bytes()
        except EOFError:
            return
        parent.send_bytes(_answer(episodes, request))


def _answer(episodes: Played, request: bytes) -> bytes:
    episodes.error = ""
    try:
        if request[:1] == STEP:
            episodes.step()
        else:
            episodes.reset(np.frombuffer(request, np.int32, offset=1).tolist())
    except Exception as error:  # as in main
        return FATAL + f"{type(error).__name__}: {error}".encode()
    return LOST + episodes.error.encode() if episodes.error else WELL


def _end_with(socket: int) -> None:
    """Ends the process when the parent is gone, whatever an environment is doing or has started."""
    poll = select.poll()
    poll.register(socket, 0)  # hang-ups are always told
    poll.poll()
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    main()
