"""Tournaments, their logs, and who is present at them; leases that last longer."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column(
        "matchmaker_matches",
        sa.Column("lease_seconds", sa.Float(), nullable=False, server_default="0"),
    )
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    runs = "matchmaker_tournaments"
    op.create_table(
        runs,
        sa.Column("position", number, nullable=False),
        sa.Column("tournament_id", sa.String(96), nullable=False),
        sa.Column("request_id", sa.String(128), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("run", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=f"pk_{runs}"),
        sa.UniqueConstraint("tournament_id", name=f"uq_{runs}_tournament_id"),
        sa.UniqueConstraint("request_id", name=f"uq_{runs}_request_id"),
    )
    op.create_index(f"ix_{runs}_state", runs, ["state", "position"])
    entries = "matchmaker_entries"
    op.create_table(
        entries,
        sa.Column("position", number, nullable=False),
        sa.Column("tournament_id", sa.String(96), nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("forfeit", sa.String(8), nullable=False),
        sa.Column("time", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=f"pk_{entries}"),
        sa.UniqueConstraint(
            *("tournament_id", "key", "number"), name=f"uq_{entries}_tournament_id_key_number"
        ),
    )
    op.create_index(f"ix_{entries}_tournament", entries, ["tournament_id", "position"])
    op.create_table(
        "matchmaker_presences",
        sa.Column("tournament_id", sa.String(96), nullable=False),
        sa.Column("player", sa.String(128), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("tournament_id", "player", name="pk_matchmaker_presences"),
    )
