"""The process that evaluates points: its arguments are a problem's name and a socket.

Over the socket it says first that it has opened the problem, b"=", or why it cannot, b"!" and a
reason. Then it answers float64 points, row after row, by b"=", the values and the excesses, or by
b"!" and a reason.
"""

from __future__ import annotations

import os
import select
import sys
import threading
from multiprocessing.connection import Connection

import numpy as np

from mazemesh.optimization.opening import look_in_current_folder, open_problem
from mazemesh.optimization.problem import Problem

WELL, FATAL = b"=", b"!"


def main() -> None:
    """Serves until the parent closes the socket, or is gone."""
    name, socket = sys.argv[1], int(sys.argv[2])
    look_in_current_folder()
    threading.Thread(target=_end_with, args=(socket,), daemon=True).start()
    with Connection(socket) as parent:
        try:
            problem = open_problem(name)
        except Exception as error:  # whatever the user's own code raises
            parent.send_bytes(FATAL + str(error).encode())
            return
        parent.send_bytes(WELL)
        while True:
            try:
                request = parent.recv_bytes()
            except EOFError:
                return
            parent.send_bytes(_answer(problem, request))


def _answer(problem: Problem, request: bytes) -> bytes:
    points = np.frombuffer(request, np.float64).reshape(-1, len(problem.variables)).copy()
    try:
        found = problem.evaluated(points)
    except Exception as error:  # as in main
        return FATAL + f"{type(error).__name__}: {error}".encode()
    return WELL + found.values.tobytes() + found.excess.tobytes()


def _end_with(socket: int) -> None:
    """Ends the process when the parent is gone, whatever an evaluation is doing."""
    poll = select.poll()
    poll.register(socket, 0)  # hang-ups are always told
    poll.poll()
    os._exit(1)


if __name__ == "__main__":
    main()
