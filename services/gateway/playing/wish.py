"""What somebody who wants to play asks for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from mazemesh.v1 import game_pb2 as pb

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Size(_Message):
    """What of a game's settings a person may choose; absent is the game's own."""

    width: int | None = Field(default=None, ge=2, le=64)
    height: int | None = Field(default=None, ge=2, le=64)
    seats: int | None = Field(default=None, ge=1, le=64)

    def settings(self) -> pb.GameSettings:
        """As settings of a game."""
        return pb.GameSettings(width=self.width, height=self.height, seats=self.seats)


class Wish(_Message):
    """The first message of a socket: to play a new game.

    Attributes:
        game: Name of it.
        size: Of its maze.
        opponent: "bot/...", "name:version" or "name:alias"; empty: whoever waits (FindMatch).
        name: The player is "player/NAME"; a player's key has a name of its own.
        rated: Whether the result counts; then it is FindMatch that pairs, also with an opponent who
            was chosen and waits in the same queue.
        wait: Seconds in the queue.
        request_id: The same again follows the same ticket.
    """

    type: Literal["play"]
    game: str = Field(min_length=1, max_length=64)
    size: Size = Size()
    opponent: str = Field(default="", max_length=128)
    name: Name = "guest"
    rated: bool = False
    wait: float = Field(default=120.0, gt=0, le=3600)
    bot_after: float | None = Field(default=None, ge=0, le=3600)
    request_id: str = Field(default="", max_length=64)


class Return(_Message):
    """The first message of a socket: to go on with a game whose socket broke.

    Attributes:
        seat_token, game_address: As `joined` told.
    """

    type: Literal["return"]
    seat_token: str = Field(min_length=1, max_length=128)
    game_address: str = Field(default="", max_length=256)


class Move(_Message):
    """A move: of the turn of that step."""

    type: Literal["act"]
    step: int = Field(ge=0, lt=2**31)
    action: int = Field(ge=0, lt=2**31)


class Leave(_Message):
    """Nobody wants to wait any more."""

    type: Literal["leave"]
