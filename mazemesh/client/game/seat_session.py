"""One seat of one game behind PlayGame, for a person or a foreign bot."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any

from mazemesh.client.game.duplex import Duplex
from mazemesh.errors import Unavailable
from mazemesh.v1 import game_pb2 as pb

_JOIN_SECONDS = 30.0


class SeatSession:
    """A seat: `receive` a turn, `act` on it, until the game is finished; also a context manager.

    When the stream breaks (`Unavailable`), `GameClient.play` with the same token goes on.

    Attributes:
        joined: the game, the seat, its spec and who plays.
    """

    def __init__(self, method: Callable[..., Any], address: str, seat_token: str) -> None:
        join = pb.PlayGameRequest(join=pb.JoinSeat(seat_token=seat_token))
        self._stream: Duplex[pb.PlayGameRequest, pb.PlayGameResponse] = Duplex(
            method, address, join
        )
        try:
            self.joined: pb.SeatJoined = self._next(_JOIN_SECONDS).joined
        except BaseException:
            self._stream.cancel()
            raise

    def receive(self, timeout: float = 90.0) -> pb.Turn | pb.GameFinished:
        """The next turn, or how the game finished, at most `timeout` seconds later.

        Raises:
            DeadlineExceeded: nothing came in time; it may be asked for again.
            Unavailable: the stream broke; play again with the same token.
            Conflict: another stream took the seat.
            FailedPrecondition: an action answered another step than the current turn's.
            InvalidArgument: an action is none.
        """
        message = self._next(timeout)
        return message.turn if message.HasField("turn") else message.finished

    def act(self, step: int, action: int) -> None:
        """Answers the turn of that step, without waiting."""
        self._stream.send(pb.PlayGameRequest(act=pb.Act(step=step, action=action)))

    def close(self) -> None:
        """Leaves the stream; the seat can be taken again while the game runs."""
        self._stream.cancel()

    def __enter__(self) -> SeatSession:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _next(self, timeout: float) -> pb.PlayGameResponse:
        message = self._stream.receive(timeout)
        if message is None:
            raise Unavailable("the server ended the game's stream")
        return message
