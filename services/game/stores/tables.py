"""The tables of the Game service."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, String, Table, Text

from services._harness.database import create_metadata

METADATA = create_metadata()

FINISHED = Table(
    "game_finished_matches",
    METADATA,
    Column("match_id", String(128), primary_key=True),
    Column("finish_time", Float(53), nullable=False),
)

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
