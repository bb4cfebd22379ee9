"""Participants of matches that an experiment chose, until their results are told."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "matchmaker_served",
        sa.Column("match_id", sa.String(128), nullable=False),
        sa.Column("session", sa.String(128), nullable=False),
        sa.Column("experiment_id", sa.String(64), nullable=False),
        sa.Column("player", sa.String(128), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("match_id", "session", name="pk_matchmaker_served"),
    )
