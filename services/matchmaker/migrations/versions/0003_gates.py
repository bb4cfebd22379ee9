"""Runs of gates, and which matches are theirs."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column(
        "matchmaker_matches",
        sa.Column("gate_id", sa.String(96), nullable=False, server_default=""),
    )
    op.create_index("ix_matchmaker_matches_gate_id", "matchmaker_matches", ["gate_id", "state"])
    gates = "matchmaker_gates"
    op.create_table(
        gates,
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("gate_id", sa.String(96), nullable=False),
        sa.Column("request_id", sa.String(128), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("run", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=f"pk_{gates}"),
        sa.UniqueConstraint("gate_id", name=f"uq_{gates}_gate_id"),
        sa.UniqueConstraint("request_id", name=f"uq_{gates}_request_id"),
    )
    for column in ("state", "name"):
        op.create_index(f"ix_{gates}_{column}", gates, [column, "position"])
