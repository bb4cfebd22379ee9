"""One seat of one game behind PlayGame, for a person or a foreign bot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.client.game.duplex import Duplex
from mazemesh.errors import Unavailable
from mazemesh.games import GameSpec
from mazemesh.games.spaces.arrays import mask_columns, observation_columns
from mazemesh.v1 import game_pb2 as pb
from mazemesh.wire.actions import decode_row, encode_actions
from mazemesh.wire.specs import spec_from_proto

_JOIN_SECONDS = 30.0


class SeatSession:
    """A seat: `receive` a turn, `act` on it, until the game is finished; also a context manager.

    When the stream breaks (`Unavailable`), `GameClient.play` with the same token goes on.

    Attributes:
        joined: the game, the seat, its spec and who plays.
        spec: the game's spec.
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

        self.spec: GameSpec = spec_from_proto(self.joined.spec)

    def seen(self, turn: pb.Turn) -> dict[str, npt.NDArray[Any]]:
        """What a turn shows and allows, one row of each column: observations and masks by name.

        Raises:
            InvalidArgument: the turn has too many or too few bytes.
        """
        observations = decode_row(
            observation_columns(self.spec.observation_space), turn.observation, "observation"
        )
        masks = decode_row(mask_columns(self.spec.action_space), turn.action_mask, "action_mask")
        return observations | masks

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

    def act(self, step: int, action: npt.ArrayLike | Mapping[str, npt.ArrayLike]) -> None:
        """Answers the turn of that step, without waiting.

        Args:
            step: `Turn.step`.
            action: A number where actions are numbers; elsewhere the row of the only column, or
                rows by column.

        Raises:
            InvalidArgument: a column is missing, too many, or of another shape.
        """
        act = pb.Act(step=step)
        if self.spec.has_numbered_actions and not isinstance(action, Mapping):
            act.action = int(np.asarray(action))
        else:
            act.actions = encode_actions(self.spec.action_space, action, ())
        self._stream.send(pb.PlayGameRequest(act=act))

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
