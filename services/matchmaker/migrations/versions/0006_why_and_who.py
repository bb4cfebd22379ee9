"""Why matches were chosen, and how workers are judged."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

MATCHES = "matchmaker_matches"
EVENTS = "matchmaker_worker_events"


def upgrade() -> None:
    for column in (
        sa.Column("rule", sa.String(16), nullable=False, server_default=""),
        sa.Column("bits", sa.Float(), nullable=False, server_default="0"),
        sa.Column("lease_time", sa.Float(), nullable=False, server_default="0"),
        sa.Column("audit", sa.String(16), nullable=False, server_default=""),
        sa.Column("score", sa.Float(), nullable=False, server_default="0"),
    ):
        op.add_column(MATCHES, column)
    op.create_index("ix_matchmaker_matches_worker", MATCHES, ["worker", "state"])
    op.create_index("ix_matchmaker_matches_audit", MATCHES, ["audit", "state", "end_time"])
    op.create_table(
        EVENTS,
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("worker", sa.String(128), nullable=False),
        sa.Column("time", sa.Float(), nullable=False),
        sa.Column("quarantined", sa.Boolean(), nullable=False),
        sa.Column("rule", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(1024), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("starter", sa.String(128), nullable=False),
        sa.Column("key_id", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("position", name=f"pk_{EVENTS}"),
    )
    op.create_index(f"ix_{EVENTS}_worker", EVENTS, ["worker", "position"])
