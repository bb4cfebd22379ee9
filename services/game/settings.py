"""What the Game service can be told."""

from __future__ import annotations

import re
from typing import ClassVar, Self

from pydantic import Field, PositiveFloat, PositiveInt, field_validator, model_validator

from mazemesh.client.addresses import Addresses
from mazemesh.games import Catalogue
from mazemesh.process.settings import GameNames
from services._harness import Port, ServiceSettings

_ADDRESS = re.compile(r"[^\s,/]{1,255}:[0-9]{1,5}")
_HOW = "its operator adds it to --foreign-games (MAZEMESH_GAME_FOREIGN_GAMES) of the Game service"


class GameServiceSettings(ServiceSettings):
    """Settings of the Game service (MAZEMESH_GAME_*)."""

    component: ClassVar[str] = "game"

    port: Port = 50051
    draw_ahead: bool = Field(
        False,
        description="draw the mazes of next training episodes in threads of their own; pays where "
        "there are more cores than work",
    )
    public_address: str = Field(
        "",
        description="host:port at which clients reach this very instance, told with matches and "
        "sessions, which live here; not set: they go on where they are. Needed where several "
        "instances have one address together",
    )
    elo_address: str = Field(
        default_factory=lambda: Addresses.local().elo, description="where rated results go"
    )
    session_grace: PositiveFloat = Field(
        75.0, description="seconds a session waits for its client after the stream broke"
    )
    max_sessions: PositiveInt = Field(512, description="RunGames sessions at one time")
    max_key_games: PositiveInt = Field(
        65_536, description="games that one key may have in RunGames sessions at one time"
    )
    max_memory_mib: PositiveInt = Field(
        1024, description="MiB of memory that all games together may take"
    )
    max_session_mib: PositiveInt = Field(
        256, description="MiB of memory that the games of one session may take"
    )
    max_watchers: PositiveInt = Field(256, description="who watches games at one time")
    max_replay_watchers: PositiveInt = Field(
        16, description="who has finished games played once more at one time"
    )
    move_timeout: PositiveFloat = Field(
        60.0, description="seconds a seat in PlayGame has for a move before it stays"
    )
    unplayed_seconds: PositiveFloat = Field(
        600.0, description="seconds after which a match that nobody plays is dropped"
    )
    max_matches: PositiveInt = Field(65536, description="unfinished matches at one time")
    max_match_games: PositiveInt = Field(131072, description="their games at one time")
    max_bot_moves: PositiveInt = Field(
        1 << 24,
        description="moves (games x seats x step_limit) that the games of bots alone in one call "
        "of CreateGames may take; four times so many may wait",
    )
    foreign_games: GameNames = Field(
        (),
        description="foreign games that may be played, by their exact names with arguments: "
        "separated by spaces, or a list in JSON; 'installed' stands for all that packages offer "
        "in the entry-point group mazemesh.games. Others are refused",
    )
    warm_games: GameNames = Field(
        ("race",),
        description="games that are loaded right after the start, written as in foreign_games; "
        "commas will do where no name has arguments",
    )
    finished_days: PositiveFloat = Field(
        30.0, description="days for which the id of a finished match is remembered and refused"
    )
    max_finished: PositiveInt = Field(
        1_000_000, description="ids of finished matches that are remembered, the newest"
    )
    max_recordings: int = Field(
        100_000, ge=0, description="games whose recordings are kept, the newest; 0 keeps none"
    )
    inline_seats: PositiveInt = Field(
        4096,
        description="batches of up to so many seats are stepped in the event loop, larger ones "
        "in a thread",
    )
    local_streams: bool = Field(
        True,
        description="answer training sessions of clients on this machine over a socket and in a "
        "thread of their own",
    )
    threads: int = Field(
        64, ge=1, le=1024, description="for large batches, and foreign games, which may hang in one"
    )
    foreign_workers: int = Field(
        1, ge=1, le=64, description="processes that share the games of one session or match batch"
    )
    foreign_step_seconds: PositiveFloat = Field(
        10.0, description="seconds that one step of one foreign game may take before it is killed"
    )
    max_worlds: PositiveInt = Field(64, description="worlds of dm_env_rpc at one time")
    outbox_batch: int = Field(100, ge=1, le=1000, description="results sent to Elo in one call")
    outbox_taken_seconds: PositiveFloat = Field(
        60.0,
        description="seconds after which another instance delivers the results that one has taken "
        "and is gone with",
    )
    outbox_max_backoff: PositiveFloat = Field(
        10.0, description="longest pause in seconds between tries to reach Elo"
    )

    @field_validator("public_address")
    @classmethod
    def _one_address(cls, value: str) -> str:
        if value and not _ADDRESS.fullmatch(value):
            raise ValueError("it should be host:port, as game-1.example.org:50051 or [::1]:50051")
        return value

    @field_validator("foreign_games")
    @classmethod
    def _foreign(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        Catalogue(value)
        return value

    @model_validator(mode="after")
    def _known(self) -> Self:
        for name in self.warm_games:
            self.catalogue.check(name)
        return self

    @property
    def catalogue(self) -> Catalogue:
        """The games that may be played under names that come over the network."""
        return Catalogue(self.foreign_games, how=_HOW)
