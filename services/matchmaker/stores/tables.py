"""Tables of the Matchmaker."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from services._harness.sql.database import create_metadata

metadata = create_metadata()

numbers = Table(
    "matchmaker_numbers",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("instance", String(36), nullable=False),
    Column("next_number", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False, server_default="0"),
)

leaders = Table(
    "matchmaker_leaders",
    metadata,
    Column("task", String(64), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("expire_time", Float, nullable=False),
)

matches = Table(
    "matchmaker_matches",
    metadata,
    Column("match_id", String(128), primary_key=True),
    Column("ladder", String(128), nullable=False),
    Column("game", String(64), nullable=False),
    Column("settings", JSON, nullable=False),
    Column("participants", JSON, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("create_time", Float, nullable=False),
    Column("state", String(16), nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("worker", String(128), nullable=False),
    Column("expire_time", Float, nullable=False),
    Column("end_time", Float, nullable=False),
    # Of a gate, as it was at first, or of a tournament.
    Column("gate_id", String(96), key="run_id", nullable=False, server_default=""),
    Column("lease_seconds", Float, nullable=False, server_default="0"),
    Column("rule", String(16), nullable=False, server_default=""),
    Column("bits", Float, nullable=False, server_default="0"),
    Column("lease_time", Float, nullable=False, server_default="0"),
    # What was found when the result was looked at; empty: not yet.
    Column("audit", String(16), nullable=False, server_default=""),
    # Of the first participant, its mean over the games; told by the audit.
    Column("score", Float, nullable=False, server_default="0"),
    # What is free to be leased, what ran out, and what ended, oldest first.
    Index("ix_matchmaker_matches_state_create_time", "state", "create_time", "match_id"),
    Index("ix_matchmaker_matches_state_expire_time", "state", "expire_time"),
    Index("ix_matchmaker_matches_state_end_time", "state", "end_time"),
    Index("ix_matchmaker_matches_gate_id", "run_id", "state"),
    Index("ix_matchmaker_matches_worker", "worker", "state"),
    Index("ix_matchmaker_matches_audit", "audit", "state", "end_time"),
)

worker_events = Table(
    "matchmaker_worker_events",
    metadata,
    # Only ever added. A worker is as its last event says.
    Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("worker", String(128), nullable=False),
    Column("time", Float, nullable=False),
    Column("quarantined", Boolean, nullable=False),
    Column("rule", String(16), nullable=False),
    Column("reason", String(1024), nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("starter", String(128), nullable=False),
    Column("key_id", String(64), nullable=False),
    Index("ix_matchmaker_worker_events_worker", "worker", "position"),
)

gates = Table(
    "matchmaker_gates",
    metadata,
    Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("gate_id", String(96), key="run_id", nullable=False, unique=True),
    Column("request_id", String(128), nullable=False, unique=True),
    # Of the candidate's policy.
    Column("name", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("revision", BigInteger, nullable=False),
    # All of the run, as contests/gate_columns.py writes it.
    Column("run", JSON, nullable=False),
    Index("ix_matchmaker_gates_state", "state", "position"),
    Index("ix_matchmaker_gates_name", "name", "position"),
)

tournaments = Table(
    "matchmaker_tournaments",
    metadata,
    Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("tournament_id", String(96), key="run_id", nullable=False, unique=True),
    Column("request_id", String(128), nullable=False, unique=True),
    Column("name", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("revision", BigInteger, nullable=False),
    # All of the run, as contests/tournament_columns.py writes it.
    Column("run", JSON, nullable=False),
    Index("ix_matchmaker_tournaments_state", "state", "position"),
)

entries = Table(
    "matchmaker_entries",
    metadata,
    # The order in which they were written: a tournament's are written under its revision.
    Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("tournament_id", String(96), nullable=False),
    Column("key", String(32), nullable=False),
    # Of the match in its encounter, from 0; -1 of a forfeit.
    Column("number", Integer, nullable=False),
    Column("score", Float, nullable=False),
    Column("forfeit", String(8), nullable=False),
    Column("time", Float, nullable=False),
    Index("ix_matchmaker_entries_tournament", "tournament_id", "position"),
    UniqueConstraint("tournament_id", "key", "number"),
)

presences = Table(
    "matchmaker_presences",
    metadata,
    Column("tournament_id", String(96), primary_key=True),
    Column("player", String(128), primary_key=True),
    # Until when whoever asks for the seat is taken to be there.
    Column("until", Float, nullable=False),
)

anchors = Table(
    "matchmaker_anchors",
    metadata,
    Column("ladder", String(128), primary_key=True),
    Column("bots", String(512), primary_key=True),
    Column("matches", Integer, nullable=False),
)

forms = Table(
    "matchmaker_forms",
    metadata,
    Column("student", String(128), primary_key=True),
    Column("opponent", String(128), primary_key=True),
    Column("score", Float, nullable=False),
    Column("weight", Float, nullable=False),
    Column("games", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False, server_default="0"),
    Index("ix_matchmaker_forms_revision", "revision"),
)

served = Table(
    "matchmaker_served",
    metadata,
    Column("match_id", String(128), primary_key=True),
    Column("session", String(128), primary_key=True),
    Column("experiment_id", String(64), nullable=False),
    Column("player", String(128), nullable=False),
    Column("since", Float, nullable=False),
)

requests = Table(
    "matchmaker_requests",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("request_id", String(128), nullable=False, unique=True),
)

tickets = Table(
    "matchmaker_tickets",
    metadata,
    Column("ticket_id", String(36), primary_key=True),
    # As tickets/ticket_text.py writes it.
    Column("ticket", Text, nullable=False),
)
