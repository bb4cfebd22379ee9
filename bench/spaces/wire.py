"""RunGames with races, their observations as bytes and as bits, in turn."""

from __future__ import annotations

import statistics
import time
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np

from bench.pinned import PinnedServer
from mazemesh.client.game.game import GameClient, GamesSession
from mazemesh.client.game.own_thread_stream import Stream, open_stream
from mazemesh.games import Purpose, seeds
from mazemesh.packing.rows import unpack
from mazemesh.v1 import game_pb2 as pb

_SEED = seeds.seed(Purpose.TRAINING, 1)
_METHOD = "/mazemesh.v1.GameService/RunGames"
_DRAWN, _HALVES = 16, 2


@dataclass
class Side:
    """Two half-batches, packed or not, and what was measured of them, turn by turn."""

    sessions: list[GamesSession]
    rate: list[float] = field(default_factory=list)
    server_cpu: list[float] = field(default_factory=list)
    client_cpu: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        session = self.sessions[0]
        shape = session.num_games, session.seats, session.spec.observation_size
        self._plain = np.empty(shape, np.uint8)
        self.agents = sum(one.num_games * one.seats for one in self.sessions)

    def play(self, actions: np.ndarray, steps: int) -> None:
        """So many steps in each session; one is played while the other's answer is read."""
        for session in self.sessions:
            session.send(actions[0])
        for step in range(1, steps + 1):
            for session in self.sessions:
                seen = session.receive().observation
                if step < steps:
                    session.send(actions[step % len(actions)])
                if session.packings is not None:  # as a policy takes it
                    unpack(session.packings.by_name["observation"], seen, self._plain)

    def measure(self, server: PinnedServer, actions: np.ndarray, seconds: float) -> None:
        self.play(actions, 4)
        cpu, own, start, steps = server.cpu_seconds(), time.process_time(), time.perf_counter(), 0
        while (elapsed := time.perf_counter() - start) < seconds:
            self.play(actions, _DRAWN)
            steps += _DRAWN
        millions = steps * self.agents / 1e6
        self.rate.append(1e6 * millions / elapsed)
        self.server_cpu.append((server.cpu_seconds() - cpu) / millions)
        self.client_cpu.append((time.process_time() - own) / millions)

    def report(self) -> dict[str, float]:
        return {
            "agent_steps_per_second": statistics.median(self.rate),
            "server_cpu_seconds_per_million": statistics.median(self.server_cpu),
            "client_cpu_seconds_per_million": statistics.median(self.client_cpu),
        }


def wire(server: PinnedServer, games: int, seconds: float, turns: int) -> dict[str, object]:
    """Agent steps a second of `games` races in two sessions, plain and packed in turn."""
    with ExitStack() as stack:
        client = GameClient(server.address)
        stack.callback(client.close)
        half = games // _HALVES
        sides = {}
        for packed in (False, True):
            sessions = [
                client.open_session(
                    "race", None, half, _SEED, first_game_id=index * half, packed=packed
                )
                for index in range(_HALVES)
            ]
            for session in sessions:
                stack.callback(session.close)
            sides[packed] = Side(sessions)
        shape = _DRAWN, half, sides[True].sessions[0].seats
        actions = np.random.default_rng(1).integers(0, 5, shape, dtype=np.int8)
        for _ in range(turns):
            for side in sides.values():
                side.measure(server, actions, seconds / turns)
        plain, packed_report = sides[False].report(), sides[True].report()
    name = "agent_steps_per_second"
    cpu = "server_cpu_seconds_per_million"
    return {
        "games": games,
        "ratio": packed_report[name] / plain[name],
        "server_cpu_ratio": plain[cpu] / packed_report[cpu],
        "plain": plain,
        "packed": packed_report,
    }


class _Counting:
    """A stream that counts the bytes of its messages."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.sent = self.received = 0

    def send(self, request: bytes) -> None:
        self.sent += len(request)
        self._stream.send(request)

    def receive(self, timeout: float) -> bytes | None:
        response = self._stream.receive(timeout)
        self.received += len(response or b"")
        return response

    def close(self) -> None:
        self._stream.close()

    def cancel(self) -> None:
        self._stream.cancel()


def bytes_a_step(server: PinnedServer, games: int = 256, steps: int = 200) -> dict[str, float]:
    """Bytes of requests and answers an agent step, plain and packed."""
    client = GameClient(server.address)
    found = {}
    for packed in (False, True):
        streams: list[_Counting] = []

        def begin(first: bytes, streams: list[_Counting] = streams) -> _Counting:
            streams.append(_Counting(open_stream(client.channel, _METHOD, server.address, first)))
            return streams[-1]

        opening = pb.OpenSession(
            session_id=f"bytes-{packed}", game="race", num_games=games, seed=_SEED, packed=packed
        )
        first = pb.RunGamesRequest(open=opening)
        with GamesSession(begin, server.address, first) as session:
            rng = np.random.default_rng(2)
            before = sum(one.sent + one.received for one in streams)
            for _ in range(steps):
                session.send(rng.integers(0, 5, (games, session.seats), dtype=np.int8))
                session.receive()
            moved = sum(one.sent + one.received for one in streams) - before
            found["packed" if packed else "plain"] = moved / (steps * games * session.seats)
    client.close()
    return found
