"""A policy that sits opposite: it is asked at Model, and its moves go to Game."""

from __future__ import annotations

import uuid

import numpy as np
import structlog

from mazemesh.errors import MazemeshError
from mazemesh.v1 import game_pb2 as game
from mazemesh.v1 import model_pb2 as model
from mazemesh.wire.named_columns import arrays_of, named_columns
from services.gateway.playing.seat import SeatStream
from services.gateway.rpcs import Rpcs

_log = structlog.get_logger(__name__)


async def sit(rpcs: Rpcs, key: str, token: str, game_address: str, policy: str) -> None:
    """Plays a seat to the end of its game.

    Where it cannot go on, the seat stays where it stands, as that of anybody who does not move: the
    person plays on, and the log says why.

    Args:
        rpcs: The services.
        key: Of who asked for the game.
        token: Of the seat.
        game_address: Of the instance of Game that has it.
        policy: "name:version".
    """
    try:
        signature = await rpcs.ask(
            rpcs.model.GetPolicySignature, model.GetPolicySignatureRequest(policy=policy), key
        )
        session = [uuid.uuid4().hex] if signature.state_size else []
        begin = [0] if session else []
        async with SeatStream(rpcs, key, token, game_address) as seat:
            while isinstance(turn := await seat.receive(), game.Turn):
                request = _question(policy, turn, session, begin)
                told = await rpcs.ask(rpcs.model.Infer, request, key)
                await seat.act(turn.step, int(arrays_of(told.columns, 1)["action"][0]))
                begin = []
    except MazemeshError as error:
        _log.warning("a policy left its seat", policy=policy, reason=str(error))


def _question(
    policy: str, turn: game.Turn, session: list[str], begin: list[int]
) -> model.InferRequest:
    columns = {
        "observation": np.frombuffer(turn.observation, np.uint8)[None],
        "action_mask": np.frombuffer(turn.action_mask, np.uint8)[None],
    }
    return model.InferRequest(
        policy=policy,
        rows=1,
        columns=named_columns(columns),
        session_ids=session,
        begin_rows=begin,
    )
