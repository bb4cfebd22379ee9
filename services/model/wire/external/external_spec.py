"""What a version says of a game that only a simulator knows."""

from __future__ import annotations

from mazemesh.game_names import check_external_name
from mazemesh.games.spec import GameSpec, spec_of_spaces
from mazemesh.v1 import model_pb2 as pb
from mazemesh.wire.external_spaces import external_from_proto


def read_external(collection: pb.Collection) -> GameSpec:
    """The spec of the game of a collection that has its spaces.

    Raises:
        InvalidArgument: its name is none of such a game, or a space is wrong.
    """
    name = check_external_name(collection.game)
    return spec_of_spaces(name, *external_from_proto(collection.external, "external"))
