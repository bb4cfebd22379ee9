"""The tables of the Game service."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from services._harness.database import create_metadata

METADATA = create_metadata()

FINISHED = Table(
    "game_finished_matches",
    METADATA,
    Column("match_id", String(128), primary_key=True),
    Column("finish_time", Float(53), nullable=False),
)

Index("ix_game_finished_matches_finish_time", FINISHED.c.finish_time)

# A row with a reason is a result that Elo refused.
OUTBOX = Table(
    "game_outbox",
    METADATA,
    Column(
        "position",
        BigInteger().with_variant(Integer(), "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    Column("match_id", String(128), nullable=False, unique=True),
    Column("result", LargeBinary, nullable=False),
    Column("refused", Text, nullable=True),
)
Index("ix_game_outbox_refused", OUTBOX.c.refused, OUTBOX.c.position)

# `participants` are lines, with an empty first and last one, so that one can look for a whole name.
RECORDINGS = Table(
    "game_replays",
    METADATA,
    Column(
        "position",
        BigInteger().with_variant(Integer(), "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    Column("game_id", String(160), nullable=False, unique=True),
    Column("match_id", String(128), nullable=False),
    Column("game", String(256), nullable=False),
    Column("rules_hash", String(64), nullable=False),
    Column("participants", Text, nullable=False),
    Column("scores", JSON, nullable=False),
    Column("steps", Integer, nullable=False),
    Column("truncated", Boolean, nullable=False),
    Column("rated", Boolean, nullable=False),
    Column("finish_time", Float(53), nullable=False),
    Column("file", String(64), nullable=False),
    Column("file_index", Integer, nullable=False),
)
Index("ix_game_replays_match_id", RECORDINGS.c.match_id)
Index("ix_game_replays_file", RECORDINGS.c.file)
