"""The stream of a simulator: turns go, actions come; where it breaks, another one is opened."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Final, Self

import grpc

from mazemesh.client.calling.pauses import jittered
from mazemesh.client.game.duplex import Duplex
from mazemesh.errors import (
    DeadlineExceeded,
    InvalidArgument,
    MazemeshError,
    NotFound,
    Unavailable,
    from_status,
)
from mazemesh.external.episode import Episode
from mazemesh.external.kinds import AgentKind, Late, Rows, Turned
from mazemesh.v1 import model_pb2 as pb

ANSWER_SECONDS: Final = 90.0
"""For an answer: a learner that takes nothing holds it up for half a minute at most."""

RECONNECT_SECONDS: Final = 75.0

_CODES: Final = {code.value[0]: code for code in grpc.StatusCode}

_Stream = Duplex[pb.ExternalEpisodesRequest, pb.ExternalEpisodesResponse]


class Simulator:
    """A simulator's side of ExternalEpisodes, for one thread; also a context manager.

    `turn` and `send`/`receive` are for who has many episodes at once and columns of them;
    `episode` for who has one and values.

    Args:
        method: The stub's.
        address: Of the Model service.
        kinds: By name.
        reward_lag: Steps for which rewards may be late, 0..64.
        name: For the service's log.
        policy_seconds: How long to wait for policies that are not there yet.
        reconnect_seconds: How long to try again when the service is away.
        on_waiting: Told the policy and the reason when answers wait for a learner.

    Attributes:
        kinds: By name.
        played: Version and whether it learns, by kind, as of the last opening.
        broken: How often a stream broke.
    """

    def __init__(
        self,
        method: Callable[..., Any],
        address: str,
        kinds: Mapping[str, AgentKind],
        *,
        reward_lag: int = 0,
        name: str = "",
        policy_seconds: float = 0.0,
        reconnect_seconds: float = RECONNECT_SECONDS,
        on_waiting: Callable[[str, str], object] = lambda policy, reason: None,
    ) -> None:
        self.kinds = dict(kinds)
        self.reward_lag = reward_lag
        self.played: dict[str, tuple[str, bool]] = {}
        self.broken = 0
        self._method, self._address = method, address
        self._first = pb.ExternalEpisodesRequest(
            simulator=pb.SimulatorDescription(
                name=name,
                kinds=[kind.message(one) for one, kind in self.kinds.items()],
                reward_lag=reward_lag,
            )
        )
        self._policy_seconds, self._reconnect_seconds = policy_seconds, reconnect_seconds
        self._on_waiting = on_waiting
        self._stream: _Stream | None = None
        self._sequence = itertools.count(1)
        self._numbers = itertools.count(1)
        self._episodes: dict[int, Episode] = {}
        self._answers: dict[int, pb.TurnAnswer] = {}
        self._failed: dict[int, MazemeshError] = {}
        self._open()

    def episode(self) -> Episode:
        """A new episode; where the stream has broken, on another one.

        Raises:
            Unavailable: the service is away for longer than `reconnect_seconds`.
        """
        self._open()
        number = next(self._numbers) % 2**32
        episode = self._episodes[number] = Episode(self, number)
        return episode

    def turn(
        self,
        rows: Mapping[str, Rows],
        *,
        ended: Iterable[int] = (),
        late: Iterable[Late] = (),
        seconds: float = ANSWER_SECONDS,
    ) -> Turned:
        """Tells what happened, and waits for actions; see `send`."""
        return self.receive(self.send(rows, ended=ended, late=late), seconds)

    def send(
        self, rows: Mapping[str, Rows], *, ended: Iterable[int] = (), late: Iterable[Late] = ()
    ) -> int:
        """Tells what happened to agents, by kind; the number of the turn, to `receive`.

        Episodes begin with the first row that names them; those in `ended` are over after it. At
        most 16 turns may be under way, each with other agents.

        Raises:
            InvalidArgument: a kind is none, or a column does not fit it.
            Unavailable: the service is away.
        """
        self._open()
        turn = pb.SimulatorTurn(
            sequence=next(self._sequence) % 2**32,
            agents=[one.message(name, self._kind(name)) for name, one in rows.items()],
            rewards=[
                pb.LateReward(episode=e, kind=kind, agent=agent, step=step, reward=reward)
                for e, kind, agent, step, reward in late
            ],
            ended_episodes=ended,
        )
        assert self._stream is not None
        self._stream.send(pb.ExternalEpisodesRequest(turn=turn))
        return turn.sequence

    def receive(self, sequence: int, seconds: float = ANSWER_SECONDS) -> Turned:
        """The answer to a turn.

        Raises:
            Unavailable: the stream broke: all episodes are lost, and others may be begun.
            DeadlineExceeded: there was none in time.
            MazemeshError: the service ended the stream.
        """
        until = time.monotonic() + seconds
        while sequence not in self._answers:
            self._take(self._next(until - time.monotonic()))
        answer = self._answers.pop(sequence)
        failed, self._failed = self._failed, {}
        return Turned(
            {one.kind: self._kind(one.kind).actions(one) for one in answer.agents},
            {one.kind: list(one.episodes) for one in answer.agents},
            {one.kind: list(one.agents) for one in answer.agents},
            {one.kind: list(one.versions) for one in answer.agents},
            failed,
            answer.left_out_rows,
        )

    def forget(self, number: int) -> None:
        """An episode is over."""
        self._episodes.pop(number, None)

    def close(self) -> None:
        """Ends the stream; what open episodes lived through is learned from as cut off."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _kind(self, name: str) -> AgentKind:
        if name not in self.kinds:
            raise InvalidArgument(f"kind {name!r:.80}; expected one of {', '.join(self.kinds)}")
        return self.kinds[name]

    def _open(self) -> None:
        """Opens a stream unless there is one, trying again while that may help."""
        if self._stream is not None:
            return
        began = time.monotonic()
        for attempt in itertools.count():
            stream: _Stream = Duplex(self._method, self._address, self._first)
            try:
                opened = _opened(stream)
            except NotFound as error:
                stream.cancel()
                self._pause(began, self._policy_seconds, attempt, error)
            except (Unavailable, DeadlineExceeded) as error:
                stream.cancel()
                self._pause(began, self._reconnect_seconds, attempt, error)
            except BaseException:
                stream.cancel()
                raise
            else:
                self._stream = stream
                self.played = {one.kind: (one.policy, one.learns) for one in opened.kinds}
                return

    def _pause(self, began: float, limit: float, attempt: int, error: MazemeshError) -> None:
        pause = jittered(min(1.0, 0.1 * 2 ** min(attempt, 5)))
        if time.monotonic() - began + pause > limit:
            raise error
        time.sleep(pause)  # nothing tells when it is there

    def _next(self, seconds: float) -> pb.ExternalEpisodesResponse:
        if self._stream is None:
            raise Unavailable(f"the stream to {self._address} is closed; its episodes are lost")
        try:
            message = self._stream.receive(seconds)
            if message is None:
                raise Unavailable(f"the service at {self._address} ended the stream")
            return message
        except MazemeshError as error:
            if not isinstance(error, DeadlineExceeded) or self._stream.has_ended:
                self._lost(error)
            raise

    def _lost(self, error: MazemeshError) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.cancel()
        self.broken += 1
        self._answers.clear()
        self._failed.clear()
        episodes, self._episodes = self._episodes, {}
        for episode in episodes.values():
            episode.error = error

    def _take(self, message: pb.ExternalEpisodesResponse) -> None:
        kind = message.WhichOneof("message")
        if kind == "answer":
            self._answers[message.answer.sequence] = message.answer
        elif kind == "waiting":
            self._on_waiting(message.waiting.policy, message.waiting.reason)
        elif kind == "failed":
            told = message.failed
            error = from_status(_CODES.get(told.code, grpc.StatusCode.UNKNOWN), told.message)
            self._failed[told.episode] = error
            episode = self._episodes.pop(told.episode, None)
            if episode is not None:
                episode.error = error


def _opened(stream: _Stream) -> pb.SimulatorOpened:
    until = time.monotonic() + ANSWER_SECONDS
    # Heartbeats come before it where a policy is long in loading.
    while (message := stream.receive(until - time.monotonic())) is not None:
        if message.HasField("opened"):
            return message.opened
    raise Unavailable("the service ended the stream")
