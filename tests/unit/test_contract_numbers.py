"""Numbers that travel packed in bytes mean in the code what the contract's enums say."""

from mazemesh.games.bots import BOTS
from mazemesh.games.foreign.environments import environment
from mazemesh.games.mazes import render
from mazemesh.games.mazes.kernels import moves
from mazemesh.v1 import game_pb2 as pb
from services.game.play import batch


def test_what_became_of_a_game() -> None:
    assert pb.STEP_STATUS_RUNNING == batch.RUNNING == environment.RUNNING
    assert pb.STEP_STATUS_TERMINATED == batch.TERMINATED == environment.TERMINATED
    assert pb.STEP_STATUS_TRUNCATED == batch.TRUNCATED == environment.TRUNCATED
    assert pb.STEP_STATUS_OVER == batch.OVER == environment.GONE


def test_moves_and_passages() -> None:
    sides = ("NORTH", "EAST", "SOUTH", "WEST")
    assert [pb.MazeAction.Value(f"MAZE_ACTION_{side}") for side in sides] == [
        getattr(moves, f"_{side}") for side in sides
    ]
    assert [pb.Passage.Value(f"PASSAGE_{side}") for side in sides] == [
        getattr(render, f"_{side}") for side in sides
    ]


def test_a_bot_keeps_its_number_for_ever() -> None:
    """A new bot is put at the end, here and there: clients hold these numbers (docs/adr/0108)."""
    assert BOTS == ("random", "wall-follower", "shortest-path")
