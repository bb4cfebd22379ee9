"""A policy that sits opposite: it is asked at Model, and its moves go to Game."""

from __future__ import annotations

import uuid

import structlog

from mazemesh.client.mesh import Mesh
from mazemesh.errors import MazemeshError
from mazemesh.v1 import game_pb2 as pb

_log = structlog.get_logger(__name__)

_TURN_SECONDS = 90.0


def sit(mesh: Mesh, token: str, game_address: str, policy: str) -> None:
    """Plays a seat to the end of its game, in a thread of its own.

    Where it cannot go on, the seat stays still, as that of anybody who does not move: the person
    plays on, and the log says why.

    Args:
        mesh: Clients.
        token, game_address: Of the seat.
        policy: "name:version".
    """
    try:
        remembers = mesh.model.policy_signature(policy).state_size > 0
        session = [uuid.uuid4().hex] if remembers else []
        with mesh.game.at(game_address).play(token) as seat:
            begin = [0] if remembers else []
            while isinstance(turn := seat.receive(_TURN_SECONDS), pb.Turn):
                columns = {name: row[None] for name, row in seat.seen(turn).items()}
                told = mesh.model.infer(policy, columns, sessions=session, begin=begin)
                seat.act(turn.step, told["action"][0])
                begin = []
        if remembers:
            mesh.model.reset_sessions(policy.partition(":")[0], session)
    except MazemeshError as error:
        _log.warning("a policy left its seat", policy=policy, reason=str(error))
