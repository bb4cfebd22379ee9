"""A batch of games behind RunGames, stepped by one caller."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mazemesh.client.calling.pauses import jittered
from mazemesh.client.game.own_thread_stream import Stream
from mazemesh.errors import (
    DeadlineExceeded,
    FailedPrecondition,
    MazemeshError,
    Unavailable,
)
from mazemesh.games import GameSpec
from mazemesh.games.spaces.arrays import Column, mask_columns, observation_columns, state_columns
from mazemesh.games.spaces.packings import Packings, packings
from mazemesh.packing.rows import unpack
from mazemesh.v1 import game_pb2 as pb
from mazemesh.wire.actions import encode_actions
from mazemesh.wire.games_step import StepBytes, encode_message
from mazemesh.wire.protobuf import LENGTH_DELIMITED, tag
from mazemesh.wire.specs import settings_from_proto, spec_from_proto
from mazemesh.wire.tensors import from_bytes, to_bytes

_OPEN_SECONDS = 30.0
_MAX_BACKOFF = 1.0

_ANSWER_SECONDS = 60.0
"""For an answer on a connection that stands; one that does not has ended after 40 s (keepalive)."""

RECONNECT_SECONDS = 75.0
"""For a way back to the server; the grace that sessions have there unless it is told otherwise."""

_WAITING = tag(pb.RunGamesResponse.WAITING_FIELD_NUMBER, LENGTH_DELIMITED)

_BYTE, _INT32, _FLOAT32 = np.dtype("u1"), np.dtype("<i4"), np.dtype("<f4")


_NOTHING: dict[str, npt.NDArray[Any]] = {}


class Step(NamedTuple):
    """What a step did; read-only views. n games, s seats, a actions.

    What is seen, and the masks, are columns (`mazemesh.games.spaces.arrays`): `observations`,
    `action_masks` and the final ones have them all by name. `observation`, `action_mask` and so on
    are the only one, where there is one; where there are several (or no mask) they have no
    elements, [n, s, 0].

    Attributes:
        sequence: 0 for the first observations, then one more a step.
        observation: [n, s, ...], what to act on next; in mazes uint8 [n, s, D].
        action_mask: uint8 [n, s, a], 1 = legal.
        reward: float32 [n, s], earned by this step.
        status: uint8 [n]: 0 running, 1 terminated, 2 truncated in this step, 3 over before it.
        ended_games: int32 [m], games that ended in this step, ascending.
        ended_scores: float32 [m, s], their scores.
        ended_steps: int32 [m], their lengths.
        ended_successes: bool [m, s], which seats did what the game is about.
        final_observation: [t, s, ...], last observations of the games that were truncated in
            this step, in the order of `ended_games`.
        final_action_mask: uint8 [t, s, a], and their masks.
        seat_status: uint8 [n, s], `status` seat by seat, in games that a seat may leave before the
            others (`GameSpec.may_leave`); 3: it had left before this step. [0, s] elsewhere, and
            with the first observations.
        acting: bool [n, s], which seats have a move in the next step, on what they see here, in
            games where a seat may have to wait (`GameSpec.may_wait`); [0, s] elsewhere: all have.
            Rows of experience begin only where it is True (GamesStep.acting in game.proto).
        observations, action_masks, final_observations, final_action_masks: by column.
        states, final_states: [n, ...] and [t, ...] by column, what is told of the whole game; empty
            unless the session asked for it.
    """

    sequence: int
    observation: npt.NDArray[Any]
    action_mask: npt.NDArray[np.uint8]
    reward: npt.NDArray[np.float32]
    status: npt.NDArray[np.uint8]
    ended_games: npt.NDArray[np.int32]
    ended_scores: npt.NDArray[np.float32]
    ended_steps: npt.NDArray[np.int32]
    ended_successes: npt.NDArray[np.bool_]
    final_observation: npt.NDArray[Any]
    final_action_mask: npt.NDArray[np.uint8]
    seat_status: npt.NDArray[np.uint8]
    acting: npt.NDArray[np.bool_]
    observations: dict[str, npt.NDArray[Any]]
    action_masks: dict[str, npt.NDArray[np.uint8]]
    final_observations: dict[str, npt.NDArray[Any]]
    final_action_masks: dict[str, npt.NDArray[np.uint8]]
    states: dict[str, npt.NDArray[Any]]
    final_states: dict[str, npt.NDArray[Any]]


class GamesSession:
    """Games that one thread steps: `send` actions, `receive` what they did; also a context manager.

    `send` does not wait, so a caller keeps two sessions in flight: the server plays one while the
    caller thinks about the other. A broken stream is opened again within the grace, and no step is
    played twice.

    Attributes:
        spec: the game's spec.
        settings: its settings.
        resume_token: the secret by which a stream goes on with the session.
        num_games: n.
        game_ids: ids of the games that were joined; empty in training.
        step: the last step that was received.
        controllers: int8 [n, s], who plays each seat now: -1 the caller, else the bot of that code.
        packings: How observations of `Step` are packed, uint8 [n, s, row_bytes] each:
            `mazemesh.packing.rows.unpack` makes them plain. None: they are, as nothing else was
            asked for, or the server is older. Masks are plain always.
    """

    def __init__(
        self,
        open_stream: Callable[[bytes], Stream],
        address: str,
        first: pb.RunGamesRequest,
        *,
        open_local: Callable[[str, bytes], Stream] | None = None,
        open_at: Callable[[str, bytes], Stream] | None = None,
        controllers: npt.NDArray[np.int8] | None = None,
        grace: float = RECONNECT_SECONDS,
    ) -> None:
        """Opens or joins as `first` says.

        `open_local` opens a stream at the address at which a server on the same machine answers
        sooner, `open_at` one at the address of the instance that has the session, which it may
        tell; `grace` in seconds is for how long a lost session is tried to be resumed, at most the
        server's.
        """
        self._open_stream = open_stream
        self._address = address
        self._first = first
        self._grace = grace
        self._request: pb.RunGamesRequest | None = None
        self._stream = open_stream(first.SerializeToString())
        opened = self._opened(_OPEN_SECONDS)
        self.resume_token: str = opened.resume_token
        self.spec: GameSpec = spec_from_proto(opened.spec)
        self.settings = settings_from_proto(opened.spec.settings)
        self.num_games: int = opened.num_games
        self.game_ids: tuple[str, ...] = tuple(opened.game_ids)
        shape = (self.num_games, self.seats)
        self.controllers: npt.NDArray[np.int8] = np.full(shape, -1, np.int8)
        if opened.controllers:
            self.controllers[...] = from_bytes(opened.controllers, "int8", shape, "controllers")
        if controllers is not None:
            self.controllers[...] = controllers
        self._next_controllers = self.controllers.copy()
        self.packings = _agreed(opened.packing, self.spec)
        self._seen = observation_columns(self.spec.observation_space)
        self._masks = mask_columns(self.spec.action_space)
        if self.packings is not None:
            self._seen = self.packings.packed(self._seen)
            self._masks = self.packings.packed(self._masks)
        self._state: tuple[Column, ...] = ()
        if first.open.with_state and self.spec.state_space is not None:
            self._state = state_columns(self.spec.state_space)
        self.step = self._decode(encode_message(opened.step))
        if opened.game_address and open_at is not None:
            # Behind a balanced address, the next stream might come to another instance.
            self._open_stream = partial(open_at, opened.game_address)
            self._address = opened.game_address
        if opened.local_address and open_local is not None:
            self._move(partial(open_local, opened.local_address))

    @property
    def seats(self) -> int:
        """Seats of one game."""
        return self.spec.seats

    @property
    def session_id(self) -> str:
        """Id of the session; game i of a training session is watched as "session_id/i"."""
        message = self._first.open if self._first.HasField("open") else self._first.join
        return message.session_id

    @property
    def over(self) -> bool:
        """Whether all games have ended; never in training."""
        return bool(self.game_ids) and bool(self.step.status.all())

    def send(
        self,
        actions: npt.ArrayLike | Mapping[str, npt.ArrayLike],
        reseat: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    ) -> None:
        """Sends the next step without waiting.

        Args:
            actions: int8 [n, s] where actions are numbers, int32 of more than 127; elsewhere
                [n, s, ...] of the only column, several by name. Not read where a bot plays, the
                game is over, or the seat has no move.
            reseat: (games [k], controllers [k, s]) who plays from those games' next episodes on.

        Raises:
            FailedPrecondition: the last step was not received yet, or all games are over.
            InvalidArgument: another shape.
        """
        if self._request is not None:
            raise FailedPrecondition("a step is in flight; receive it before the next is sent")
        if self.over:
            raise FailedPrecondition("all games of the session are over")
        sent = encode_actions(self.spec.action_space, actions, self.controllers.shape)
        step = pb.StepGames(sequence=self.step.sequence + 1, actions=sent)
        if reseat is not None:
            games, controllers = np.asarray(reseat[0]), np.asarray(reseat[1])
            step.reseat_games = to_bytes(games, "int32")
            step.reseat_controllers = to_bytes(controllers, "int8")
            self._next_controllers[games] = controllers
        self._request = pb.RunGamesRequest(step=step)
        self._stream.send(self._request.SerializeToString())

    def receive(self, timeout: float | None = None) -> Step:
        """The step that was sent, at most `timeout` seconds later.

        None is as long as it takes on a connection that stands, up to a minute, and the grace where
        it was cut. The time begins anew whenever the server says that it is still at it, as with
        foreign games that are slow.

        Raises:
            FailedPrecondition: none was sent.
            DeadlineExceeded: not in time; it may be asked for again.
            Unavailable: the server could not be reached within the grace.
            NotFound: the session is gone, as after a restart of the server.
            InvalidArgument: the server refused the step.
            Conflict: another stream took the session.
        """
        if self._request is None:
            raise FailedPrecondition("no step is in flight; send one first")
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            response = self._next(_ANSWER_SECONDS if timeout is None else timeout)
        except Unavailable:
            until = time.monotonic() + self._grace
            limit = until if deadline is None else min(deadline, until)
            try:
                self.step = self._decode(self._resume(limit))
            except DeadlineExceeded as late:
                # Its last try was cut off by the end of the grace: the server is away all the same.
                raise (Unavailable(str(late)) if limit == until else late) from late
        else:
            self.step = self._decode(StepBytes(self._given(response)))
        self._request = None
        ended = self.step.ended_games
        if ended.size:
            self.controllers[ended] = self._next_controllers[ended]
        return self.step

    def close(self) -> None:
        """Ends the session on the server too."""
        self._stream.send(pb.RunGamesRequest(close=pb.CloseSession()).SerializeToString())
        self._stream.close()

    def __enter__(self) -> GamesSession:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _opened(self, timeout: float) -> pb.SessionOpened:
        try:
            response = self._next(timeout)
        except BaseException:
            self._stream.cancel()
            raise
        return pb.RunGamesResponse.FromString(self._given(response)).opened

    def _next(self, timeout: float) -> bytes | None:
        """The next message that is an answer; None at the end of the stream.

        After each that only says that there will be one, `timeout` begins anew, and then is long
        enough for the next of those to come.
        """
        response = self._stream.receive(timeout)
        while response is not None and response.startswith(_WAITING):
            response = self._stream.receive(max(timeout, _OPEN_SECONDS))
        return response

    def _given(self, response: bytes | None) -> bytes:
        if response is None:
            raise Unavailable(f"the server ended the session (server {self._address})")
        return response

    def _resume(self, deadline: float) -> StepBytes:
        """The response to the step in flight over a new stream."""
        backoff = 0.05
        while True:
            try:
                return self._resume_once(deadline)
            except Unavailable:
                if time.monotonic() + backoff > deadline:
                    raise
            time.sleep(jittered(backoff))  # nothing tells when the server is back
            backoff = min(2 * backoff, _MAX_BACKOFF)

    def _move(self, open_local: Callable[[bytes], Stream]) -> None:
        """Goes on over another stream, if that can be had."""
        before, self._stream = self._stream, open_local(self._resuming())
        try:
            self._opened(_OPEN_SECONDS)
        except MazemeshError:  # as on another machine
            self._stream = self._open_stream(self._resuming())
            self._opened(_OPEN_SECONDS)
        before.cancel()

    def _resuming(self) -> bytes:
        """The first message of a stream that goes on after the last step."""
        first = pb.RunGamesRequest()
        first.CopyFrom(self._first)
        message = first.open if first.HasField("open") else first.join
        message.resume_sequence = self.step.sequence
        message.resume_token = self.resume_token
        return first.SerializeToString()

    def _resume_once(self, deadline: float) -> StepBytes:
        self._stream.cancel()
        self._stream = self._open_stream(self._resuming())
        opened = self._opened(deadline - time.monotonic())
        if opened.step.sequence > self.step.sequence:
            return encode_message(opened.step)
        assert self._request is not None
        self._stream.send(self._request.SerializeToString())
        return StepBytes(self._given(self._next(deadline - time.monotonic())))

    def _decode(self, message: StepBytes) -> Step:
        games, seats = self.num_games, self.seats
        seen, masks = self._seen, self._masks
        observations = message.columns("observation", seen, games, seats)
        action_masks = self._legal(message.columns("action_mask", masks, games, seats))
        final_observations = message.columns("final_observation", seen, -1, seats)
        final_action_masks = self._legal(message.columns("final_action_mask", masks, -1, seats))
        return Step(
            sequence=message.sequence,
            observation=_only(observations, games, seats),
            action_mask=_only(action_masks, games, seats),
            reward=message.view("reward", _FLOAT32, (games, seats)),
            status=message.view("status", _BYTE, (games,)),
            ended_games=message.view("ended_games", _INT32, (-1,)),
            ended_scores=message.view("ended_scores", _FLOAT32, (-1, seats)),
            ended_steps=message.view("ended_steps", _INT32, (-1,)),
            ended_successes=message.view("ended_successes", _BYTE, (-1, seats)).view(np.bool_),
            final_observation=_only(final_observations, 0, seats),
            final_action_mask=_only(final_action_masks, 0, seats),
            seat_status=message.view("seat_status", _BYTE, (-1, seats)),
            acting=(
                message.view("acting", _BYTE, (games, seats)).view(np.bool_)
                if self.spec.may_wait
                else _everybody(seats)
            ),
            observations=observations,
            action_masks=action_masks,
            final_observations=final_observations,
            final_action_masks=final_action_masks,
            states=message.columns("state", self._state, -1) if self._state else _NOTHING,
            final_states=message.columns("final_state", self._state, -1)
            if self._state
            else _NOTHING,
        )

    def _legal(self, masks: dict[str, npt.NDArray[np.uint8]]) -> dict[str, npt.NDArray[np.uint8]]:
        """Masks as they came, plain."""
        if self.packings is None:
            return masks
        packed = self.packings.by_name
        return {
            name: unpack(packed[name], mask) if name in packed else mask
            for name, mask in masks.items()
        }


def _agreed(packing: int, spec: GameSpec) -> Packings | None:
    """How a session's steps are packed, as server and client both see it.

    Raises:
        FailedPrecondition: they do not see it alike.
    """
    if not packing:
        return None
    found = packings(spec)
    if found is None or found.hash != packing:
        own = "packs nothing" if found is None else f"packs as {found.hash:#x}"
        raise FailedPrecondition(
            f"the server packs steps of {spec.name} as {packing:#x}; this client {own}. Upgrade "
            "the older of the two"
        )
    return found


def _only(columns: dict[str, npt.NDArray[Any]], rows: int, seats: int) -> npt.NDArray[Any]:
    """The column, where there is one; else an array without elements."""
    if len(columns) == 1:
        return next(iter(columns.values()))
    return _nothing(rows, seats)


@lru_cache(maxsize=64)
def _everybody(seats: int) -> npt.NDArray[np.bool_]:
    """Of games in which nobody ever waits."""
    array = np.zeros((0, seats), np.bool_)
    array.flags.writeable = False
    return array


@lru_cache(maxsize=64)
def _nothing(rows: int, seats: int) -> npt.NDArray[np.uint8]:
    array = np.zeros((rows, seats, 0), np.uint8)
    array.flags.writeable = False
    return array
