"""The registry's tables."""

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from services._harness.sql.database import create_metadata

METADATA: Final = create_metadata()

_POSITION = BigInteger().with_variant(Integer, "sqlite")  # SQLite only counts up plain integers

VERSIONS: Final = Table(
    "policy_versions",
    METADATA,
    Column("position", _POSITION, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("state", SmallInteger, nullable=False),
    # NULL, unlike an empty text, may repeat.
    Column("request_id", String(128), nullable=True, unique=True),
    Column("run_id", String(128), nullable=False),
    Column("training_step", BigInteger, nullable=False),
    Column("parent_version", BigInteger, nullable=False),
    Column("snapshot", Boolean, nullable=False),
    Column("collection", LargeBinary, nullable=False),
    Column("spec_hash", String(64), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("notes", JSON, nullable=False),
    Column("rejection", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("q_values", Boolean, nullable=False, server_default=false()),
    Column("checked", Text, nullable=False, server_default=""),
    Column("graph_sha256", String(64), nullable=False, server_default=""),
    Column("has_variants", Boolean, nullable=False, server_default=false()),
    Column("code_version", String(128), nullable=False, server_default=""),
    Column("game", String(128), nullable=False, server_default=""),
    Column("game_hash", String(64), nullable=False, server_default=""),
    Column("config_sha256", String(64), nullable=False, server_default=""),
    # A version's own (services/model/checks.py).
    Column("checks", Text, nullable=False, server_default=""),
    UniqueConstraint("name", "number"),
    Index("ix_policy_versions_state_sha256", "state", "sha256"),
    Index("ix_policy_versions_collection", "name", "state", "snapshot", "number"),
    # Of the lists, each newest first.
    Index("ix_policy_versions_state", "state", "position"),
    Index("ix_policy_versions_name", "name", "position"),
    Index("ix_policy_versions_name_state", "name", "state", "position"),
    Index("ix_policy_versions_run", "run_id", "position"),
    Index(
        "ix_policy_versions_snapshots",
        "position",
        postgresql_where=text("snapshot"),
        sqlite_where=text("snapshot"),
    ),
    Index(
        "ix_policy_versions_name_snapshots",
        "name",
        "position",
        postgresql_where=text("snapshot"),
        sqlite_where=text("snapshot"),
    ),
)

FILES: Final = Table(
    "policy_files",
    METADATA,
    Column("sha256", String(64), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
"""Small files of versions that act for a moment; all others are among the blobs."""

VARIANTS: Final = Table(
    "policy_variants",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(16), primary_key=True),
    # Empty of one that was rejected.
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("largest_difference", Float, nullable=False),
    Column("same_choices", Float, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("rejection", Text, nullable=False),
    Index("ix_policy_variants_sha256", "sha256"),
)
"""Other forms of versions' files; rows stay when a version is retired, their files go."""

REFERENCES: Final = Table(
    "policy_references",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
)
"""What snapshots were validated on, as counts, which live rows are compared with."""

MIRROR_OUTBOX: Final = Table(
    "policy_mirror_outbox",
    METADATA,
    Column("position", _POSITION, primary_key=True),
    Column("name", String(64), nullable=False),
    # Of a version; 0: an alias has moved.
    Column("number", BigInteger, nullable=False),
    Column("alias", String(64), nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    # Why the mirror will never take it; empty while it waits.
    Column("refused", Text, nullable=False),
)
"""What a mirror is still to be told, written with the change itself. It says where to look."""

MIRROR: Final = Table(
    "policy_mirror",
    METADATA,
    Column("only", Boolean, primary_key=True),
    # Which mirror all of the registry was put into the outbox for.
    Column("uri", Text, nullable=False),
    # The instance that empties the outbox.
    Column("holder", String(64), nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
)
"""At most one row."""

GRAPH_CHECKS: Final = Table(
    "policy_graph_checks",
    METADATA,
    Column("graph_sha256", String(64), primary_key=True),
    # The version with whose file they were made.
    Column("version", String(96), nullable=False),
    Column("checks", Text, nullable=False),
)
"""What holds for a graph whatever its weights."""

CONFIGS: Final = Table(
    "policy_configs",
    METADATA,
    Column("config_sha256", String(64), primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("value", String(1024), nullable=False),
    Index("ix_policy_configs_value", "key", "value"),
)
"""What runs were started with, once for all versions that have the same."""

HOLDS: Final = Table(
    "policy_holds",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("holder", String(128), primary_key=True),
    Column("reason", String(256), nullable=False),
    Column("expires", DateTime(timezone=True), nullable=False),
    Index("ix_policy_holds_holder", "holder"),
    Index("ix_policy_holds_expires", "expires"),
)

RULES: Final = Table(
    "policy_rules",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("alias", String(64), primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("rules", Text, nullable=False),
)

ALIASES: Final = Table(
    "policy_aliases",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("alias", String(64), primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
)

ALIAS_MOVES: Final = Table(
    "policy_alias_moves",
    METADATA,
    Column("revision", BigInteger, primary_key=True, autoincrement=False),
    Column("name", String(64), nullable=False),
    Column("alias", String(64), nullable=False),
    # 0 where the alias did not exist.
    Column("from_number", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("reason", String(1024), nullable=False),
    Column("mover", String(128), nullable=False),
    Column("key_id", String(64), nullable=False),
    Column("gate_id", String(96), nullable=False),
    Index("ix_policy_alias_moves_name", "name", "revision"),
    Index("ix_policy_alias_moves_alias", "name", "alias", "revision"),
)
"""A row for each move that somebody made; rows are only ever added."""

COUNTS: Final = Table(
    "policy_counts",
    METADATA,
    Column("state", SmallInteger, primary_key=True, autoincrement=False),
    Column("versions", BigInteger, nullable=False),
    # Of all files of these versions, each counted once.
    Column("file_bytes", BigInteger, nullable=False),
)
"""Changed with each version, so that a look at them reads three rows."""

EVENTS: Final = Table(
    "policy_events",
    METADATA,
    Column("revision", BigInteger, primary_key=True, autoincrement=False),
    Column("name", String(64), nullable=False),
    Column("number", BigInteger, nullable=False),
    # Empty when the version itself changed.
    Column("alias", String(64), nullable=False),
    Index("ix_policy_events_name_revision", "name", "revision"),
)

LEASES: Final = Table(
    "policy_leases",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("owner", String(128), nullable=False),
    Column("run_id", String(128), nullable=False),
    Column("place", String(128), nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("expires", DateTime(timezone=True), nullable=False),
)

EXPERIMENTS: Final = Table(
    "policy_experiments",
    METADATA,
    # The order in which they were started.
    Column("position", _POSITION, primary_key=True),
    Column("experiment_id", String(64), nullable=False, unique=True),
    Column("name", String(64), nullable=False),
    Column("alias", String(64), nullable=False),
    Column("state", SmallInteger, nullable=False),
    # As stores/experiment_json.py writes it.
    Column("definition", JSON, nullable=False),
    Column("weights", JSON, nullable=False),
    Column("step", Integer, nullable=False),
    Column("step_begun", DateTime(timezone=True), nullable=False),
    Column("step_answers", BigInteger, nullable=False),
    Column("step_outcomes", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("key_id", String(64), nullable=False),
    Column("explanation", Text, nullable=False),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("ended", DateTime(timezone=True)),
    Index("ix_policy_experiments_name", "name", "position"),
    Index("ix_policy_experiments_state", "state", "position"),
    # One at a time over an alias.
    Index(
        "ux_policy_experiments_running",
        "name",
        "alias",
        unique=True,
        postgresql_where=text("state = 1"),
        sqlite_where=text("state = 1"),
    ),
)

EXPERIMENT_ARMS: Final = Table(
    "policy_experiment_arms",
    METADATA,
    Column("experiment_id", String(64), primary_key=True),
    Column("arm", SmallInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    # Sessions that were written down.
    Column("sessions", BigInteger, nullable=False),
    Column("calls", BigInteger, nullable=False),
    Column("errors", BigInteger, nullable=False),
    Column("slow", BigInteger, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("dropped", BigInteger, nullable=False),
    Column("compared", BigInteger, nullable=False),
    Column("agreeing", BigInteger, nullable=False),
    Column("outcomes", BigInteger, nullable=False),
    Column("score", Float, nullable=False),
    # Calls by class of latency.
    Column("latencies", JSON, nullable=False),
)

EXPERIMENT_SESSIONS: Final = Table(
    "policy_experiment_sessions",
    METADATA,
    Column("experiment_id", String(64), primary_key=True),
    Column("session", String(128), primary_key=True),
    Column("arm", SmallInteger, nullable=False),
    # Absent until it has an outcome.
    Column("score", Float),
)
"""Sessions that were assigned or have an outcome; deleted some days after the experiment's end."""

REVISION: Final = Table(
    "policy_revision",
    METADATA,
    Column("only", Boolean, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""One row. Writers update it first, so transactions commit in the order of their revisions."""
