"""Payloads as bytes, known by themselves and not by a hash; what was made of the log so far."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _results_of_sqlite()
    else:
        op.alter_column(
            "elo_results",
            "payload",
            type_=sa.LargeBinary(),
            postgresql_using="convert_to(payload, 'UTF8')",
        )
        op.drop_column("elo_results", "payload_hash")
    op.create_table(
        "elo_leases",
        sa.Column("task", sa.String(32), nullable=False),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("task", name="pk_elo_leases"),
    )
    op.create_table(
        "elo_marks",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_elo_marks"),
    )
    op.create_table(
        "elo_ladders",
        sa.Column("ladder", sa.String(128), nullable=False),
        sa.Column("high_water", sa.BigInteger(), nullable=False),
        sa.Column("matches", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("ladder", name="pk_elo_ladders"),
    )
    op.create_table(
        "elo_pairs",
        sa.Column("ladder", sa.String(128), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("ladder", "part", name="pk_elo_pairs"),
    )
    op.create_table(
        "elo_standings",
        sa.Column("ladder", sa.String(128), nullable=False),
        sa.Column("high_water", sa.BigInteger(), nullable=False),
        sa.Column("matches", sa.BigInteger(), nullable=False),
        sa.Column("log_nu", sa.Float(53), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("ladder", name="pk_elo_standings"),
    )
    op.create_table(
        "elo_histories",
        sa.Column("ladder", sa.String(128), nullable=False),
        sa.Column("player", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("first", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("ladder", "player", "first", name="pk_elo_histories"),
        sqlite_with_rowid=False,
    )


def _results_of_sqlite() -> None:
    """SQLite changes no column's type: the table is copied, its numbers with it."""
    op.rename_table("elo_results", "elo_results_before")
    op.create_table(
        "elo_results",
        sa.Column("sequence", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("match_id", sa.String(128), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_elo_results"),
        sa.UniqueConstraint("match_id", name="uq_elo_results_match_id"),
        sqlite_autoincrement=True,
    )
    op.execute(
        "INSERT INTO elo_results (sequence, match_id, payload) "
        "SELECT sequence, match_id, CAST(payload AS BLOB) FROM elo_results_before ORDER BY sequence"
    )
    # Numbers of rows that are gone are not given again either. Copying no row notes a number too.
    op.execute(
        "DELETE FROM sqlite_sequence WHERE name = 'elo_results' "
        "AND NOT EXISTS (SELECT 1 FROM elo_results)"
    )
    op.execute(
        "INSERT INTO sqlite_sequence (name, seq) SELECT 'elo_results', seq FROM sqlite_sequence "
        "WHERE name = 'elo_results_before' "
        "AND NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'elo_results')"
    )
    op.drop_table("elo_results_before")
