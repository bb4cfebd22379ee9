"""What a Game service has to do."""

from __future__ import annotations

import queue
import uuid
from collections.abc import Iterator
from typing import Any, Final

import grpc
import numpy as np

from mazemesh.conformance.checks import DEADLINE, Check, agree, expect
from mazemesh.games.spaces import Discrete, single
from mazemesh.games.spaces.packings import Packings, packings
from mazemesh.packing.rows import unpack
from mazemesh.v1 import game_pb2 as pb
from mazemesh.v1.game_pb2_grpc import GameServiceStub
from mazemesh.wire.spaces import space_from_proto
from mazemesh.wire.specs import spec_from_proto

_GAMES: Final = 3
_SEED: Final = 7
_GAME: Final = "race"
"""What is played, where it is known: the first of a server may have to be compiled."""

_STREAM_SECONDS: Final = 60.0


class _Session:
    """A RunGames stream of some games of one game that the server lists."""

    def __init__(self, channel: grpc.Channel, **fields: Any) -> None:
        stub = GameServiceStub(channel)
        listed = stub.ListGames(pb.ListGamesRequest(), timeout=DEADLINE).games
        names = [game.name for game in listed]
        agree(bool(names), "no games are listed")
        game = _GAME if _GAME in names else names[0]
        values: dict[str, Any] = {"session_id": str(uuid.uuid4()), "seed": _SEED, **fields}
        self.first = pb.OpenSession(game=game, num_games=_GAMES, **values)
        self._requests: queue.SimpleQueue[pb.RunGamesRequest | None] = queue.SimpleQueue()
        self._requests.put(pb.RunGamesRequest(open=self.first))
        self._call: Any = stub.RunGames(self._sent(), timeout=_STREAM_SECONDS)
        self.opened: pb.SessionOpened = self._next().opened

    def step(self, sequence: int, action: int = 0) -> pb.GamesStep:
        """Plays one action in all seats."""
        actions = bytes([action]) * (_GAMES * self.opened.spec.seats)
        message = pb.StepGames(sequence=sequence, actions=actions)
        self._requests.put(pb.RunGamesRequest(step=message))
        return self._next().step

    def drop(self) -> None:
        """Breaks the stream without a word."""
        self._call.cancel()
        self._requests.put(None)

    def close(self) -> None:
        """Ends the session."""
        self._requests.put(pb.RunGamesRequest(close=pb.CloseSession()))
        self._requests.put(None)
        for _ in self._call:
            pass

    def _next(self) -> pb.RunGamesResponse:
        while (response := next(self._call)).HasField("waiting"):
            pass
        found: pb.RunGamesResponse = response
        return found

    def _sent(self) -> Iterator[pb.RunGamesRequest]:
        while (request := self._requests.get()) is not None:
            yield request


def _lists_games(channel: grpc.Channel) -> None:
    listed = GameServiceStub(channel).ListGames(pb.ListGamesRequest(), timeout=DEADLINE)
    agree(bool(listed.games), "no games are listed")
    for game in listed.games:
        spec = game.default_spec
        agree(len(spec.spec_hash) == 64, f"{game.name}: spec_hash is {spec.spec_hash!r}")
        agree(len(spec.rules_hash) == 64, f"{game.name}: rules_hash is {spec.rules_hash!r}")
        agree(set(game.bots) <= set(listed.bots), f"{game.name}: bots that are not listed")
    agree(all(bot.startswith("bot/") for bot in listed.bots), f"bots are {list(listed.bots)}")


def _refuses_unknown_game(channel: grpc.Channel) -> None:
    request = pb.GetGameSpecRequest(game="no-such-game")
    stub = GameServiceStub(channel)
    expect(grpc.StatusCode.INVALID_ARGUMENT, lambda: stub.GetGameSpec(request, timeout=DEADLINE))


def _names_field(channel: grpc.Channel) -> None:
    request, stub = pb.ListActiveGamesRequest(page_size=-1), GameServiceStub(channel)
    expect(
        grpc.StatusCode.INVALID_ARGUMENT,
        lambda: stub.ListActiveGames(request, timeout=DEADLINE),
        "page_size",
    )


def _packs_arrays(channel: grpc.Channel) -> None:
    session = _Session(channel)
    spec = session.opened.spec
    step = session.step(1)
    session.close()
    seats = _GAMES * spec.seats
    width = np.dtype(spec.observation_dtype or "uint8").itemsize
    for name, size in (
        ("observation", seats * spec.observation_size * width),
        ("action_mask", seats * spec.num_actions),
        ("reward", seats * 4),
        ("status", _GAMES),
    ):
        found = len(getattr(step, name))
        agree(found == size, f"{name} has {found} bytes; expected {size}")
    agree(max(step.status) <= pb.STEP_STATUS_OVER, f"status has {max(step.status)}")
    agree(set(step.action_mask) <= {0, 1}, "action_mask has other bytes than 0 and 1")


def _tells_spaces(channel: grpc.Channel) -> None:
    for game in GameServiceStub(channel).ListGames(pb.ListGamesRequest(), timeout=DEADLINE).games:
        spec = game.default_spec
        if not spec.HasField("observation_space"):  # an older server tells sizes alone
            continue
        seen = single(space_from_proto(spec.observation_space, "observation_space"))
        done = single(space_from_proto(spec.action_space, "action_space"))
        size, count = (seen.size if seen else 0), done.n if isinstance(done, Discrete) else 0
        agree(
            spec.observation_size == size,
            f"{game.name}: observation_size {spec.observation_size} is not its space's {size}",
        )
        agree(
            spec.num_actions == count,
            f"{game.name}: num_actions {spec.num_actions} is not its space's {count}",
        )


def _packs_bits(channel: grpc.Channel) -> None:
    """A server may answer plain; one that packs shows the same."""
    plain, packed = _Session(channel), _Session(channel, packed=True)
    spec = spec_from_proto(plain.opened.spec)
    found, told = packings(spec), packed.opened.packing
    agree(plain.opened.packing == 0, "a session that did not ask for it is packed")
    if told:
        agree(found is not None and found.hash == told, f"packing is {told:#x}, not the layout's")
        for sequence in (1, 2):
            one, other = plain.step(sequence), packed.step(sequence)
            for name in ("observation", "action_mask"):
                _unpacks_to(getattr(one, name), getattr(other, name), found, name)
    plain.close()
    packed.close()


def _unpacks_to(plain: bytes, packed: bytes, found: Packings | None, name: str) -> None:
    packing = None if found is None else found.by_name.get(name)
    if packing is None:
        agree(plain == packed, f"{name} is neither packed nor plain")
        return
    rows = np.frombuffer(packed, np.uint8)
    fits = len(packed) * packing.size == len(plain) * packing.row_bytes
    agree(fits, f"packed {name} has {len(packed)} bytes for {len(plain)} plain ones")
    found_bytes = unpack(packing, rows.reshape(-1, packing.row_bytes)).tobytes()
    agree(found_bytes == plain, f"packed {name} is not the plain one")


def _answers_in_order(channel: grpc.Channel) -> None:
    session = _Session(channel)
    agree(session.opened.step.sequence == 0, "the first observations are not of sequence 0")
    for sequence in (1, 2, 3):
        found = session.step(sequence).sequence
        agree(found == sequence, f"step {sequence} was answered by {found}")
    expect(grpc.StatusCode.FAILED_PRECONDITION, lambda: session.step(9))


def _plays_the_same(channel: grpc.Channel) -> None:
    sessions = [_Session(channel) for _ in range(2)]
    for sequence in (1, 2, 3, 4):
        one, other = (session.step(sequence, sequence % 2) for session in sessions)
        agree(one == other, f"two sessions of one seed differ in step {sequence}")
    for session in sessions:
        session.close()


def _resumes(channel: grpc.Channel) -> None:
    session = _Session(channel)
    session.step(1)
    last = session.step(2)
    session.drop()
    secret = session.opened.resume_token
    again = _Session(
        channel, session_id=session.first.session_id, resume_sequence=1, resume_token=secret
    )
    agree(
        again.opened.step == last, "the step after the resumed one is not the last that was played"
    )
    agree(again.step(2) == last, "the last request again is not answered by the last response")
    agree(again.step(3).sequence == 3, "a resumed session does not go on")
    again.close()


def _keeps_sessions_apart(channel: grpc.Channel) -> None:
    session = _Session(channel)
    values: dict[str, Any] = {
        "session_id": session.first.session_id,
        "resume_sequence": 0,
        "resume_token": "guessed",
    }
    expect(grpc.StatusCode.NOT_FOUND, lambda: _Session(channel, **values))
    agree(session.step(1).sequence == 1, "the session does not go on")
    session.close()


GAME: Final = (
    Check("lists-games", "ListGames tells games with specs, and bots by name", _lists_games),
    Check("tells-spaces", "sizes in a spec are those of its spaces", _tells_spaces),
    Check("refuses-unknown-games", "a game it does not know is refused", _refuses_unknown_game),
    Check("names-the-field", "INVALID_ARGUMENT has a BadRequest", _names_field),
    Check("packs-arrays", "arrays of a step have their shapes", _packs_arrays),
    Check("packs-bits", "bits that were asked for are the bytes", _packs_bits),
    Check("answers-in-order", "steps have sequences without gaps", _answers_in_order),
    Check("plays-the-same", "one seed and the same actions give the same bytes", _plays_the_same),
    Check("resumes", "a broken stream goes on and nothing is played twice", _resumes),
    Check("keeps-sessions-apart", "a session needs its resume_token", _keeps_sessions_apart),
)
"""Checks of a Game service, by what `mazemesh.v1.GameService` says."""
