"""Where the five services of a mesh listen."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields

GAME_PORT = 50051
"""Default port of the Game service; the others follow in the order of `Addresses`' fields."""


@dataclass(frozen=True)
class Addresses:
    """`host:port` of each service; of Replay also several, separated by commas."""

    game: str
    matchmaker: str
    model: str
    elo: str
    replay: str

    @classmethod
    def local(cls, host: str = "127.0.0.1", port_base: int = GAME_PORT) -> Addresses:
        """Consecutive ports on one host: Game, Matchmaker, Model, Elo, Replay."""
        return cls(*(f"{host}:{port_base + offset}" for offset in range(len(fields(cls)))))

    @classmethod
    def from_environment(cls, host: str | None = None, port_base: int | None = None) -> Addresses:
        """From MAZEMESH_HOST and MAZEMESH_PORT_BASE, each overridden by MAZEMESH_<SERVICE>_ADDRESS.

        Arguments that are given come before the environment.
        """
        base = cls.local(
            host or os.environ.get("MAZEMESH_HOST", "127.0.0.1"),
            port_base or int(os.environ.get("MAZEMESH_PORT_BASE", GAME_PORT)),
        )
        if host is not None or port_base is not None:
            return base
        return cls(
            **{
                field.name: os.environ.get(
                    f"MAZEMESH_{field.name.upper()}_ADDRESS", getattr(base, field.name)
                )
                for field in fields(cls)
            }
        )
