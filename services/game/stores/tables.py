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

from services._harness.sql.database import create_metadata

METADATA = create_metadata()

FINISHED = Table(
    "game_finished_matches",
    METADATA,
    Column("match_id", String(128), primary_key=True),
    Column("finish_time", Float(53), nullable=False),
)

Index("ix_game_finished_matches_finish_time", FINISHED.c.finish_time)

# Which instance has a match that is not finished, and under which fence. Only matches with a fence.
CLAIMS = Table(
    "game_claims",
    METADATA,
    Column("match_id", String(128), primary_key=True),
    Column("fence", BigInteger, nullable=False),
    Column("instance", String(64), nullable=False),
    Column("claim_time", Float(53), nullable=False),
)
Index("ix_game_claims_claim_time", CLAIMS.c.claim_time)

# A row with a reason is a result that Elo refused. One that an instance has taken to deliver is not
# given to another before its time.
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
    Column("visible_time", Float(53), nullable=False, server_default="0"),
    Column("trace", String(64), nullable=True),
)
Index("ix_game_outbox_refused", OUTBOX.c.refused, OUTBOX.c.position)

# `participants` are lines, with an empty first and last one.
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
Index("ix_game_replays_match_id", RECORDINGS.c.match_id, RECORDINGS.c.position)
Index("ix_game_replays_game", RECORDINGS.c.game, RECORDINGS.c.position)
Index("ix_game_replays_file", RECORDINGS.c.file)

# Who plays in which recording, each name once.
PLAYERS = Table(
    "game_replay_players",
    METADATA,
    Column("participant", String(128), primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
)
Index("ix_game_replay_players_position", PLAYERS.c.position)
