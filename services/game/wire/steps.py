"""What RunGames asks and is told, at the own address of the server or that of local steps."""

from __future__ import annotations

from dataclasses import dataclass

from mazemesh.errors import InvalidArgument
from mazemesh.v1 import game_pb2 as pb
from mazemesh.wire.games_step import decode_step
from services.game.play.batch import Actions, Batch
from services.game.sessions.session import Reseat, Session
from services.game.wire import convert


@dataclass(frozen=True, slots=True)
class Asked:
    """A step: its sequence, the actions [games, seats], and who changes seats before it."""

    sequence: int
    actions: Actions
    reseat: Reseat | None


def asked(request: pb.RunGamesRequest, batch: Batch) -> Asked | None:
    """The step of a message after the first; None when it closes the session.

    Raises:
        InvalidArgument: it is neither, or the step does not fit the batch.
    """
    if request.HasField("close"):
        return None
    if not request.HasField("step"):
        raise InvalidArgument(
            f"the message is {request.WhichOneof('message')}; after the first one it "
            "should be step or close"
        )
    step = request.step
    try:
        return Asked(step.sequence, convert.actions(step, batch), convert.reseat(step, batch))
    except InvalidArgument as error:
        raise error.within("step") from error


def opened(
    session: Session[bytes], response: bytes, local_address: str = "", game_address: str = ""
) -> bytes:
    """The first answer of a stream."""
    step, token = decode_step(response), session.resume_token
    addresses = local_address, game_address
    return convert.opened(
        session.batch, step, session.game_ids, token, *addresses, packing=session.packing
    )
