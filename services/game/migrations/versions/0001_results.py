"""Finished matches and the outbox of their results."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "game_finished_matches",
        sa.Column("match_id", sa.String(128), nullable=False),
        sa.Column("finish_time", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("match_id", name="pk_game_finished_matches"),
    )
    op.create_table(
        "game_outbox",
        sa.Column(
            "position",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("match_id", sa.String(128), nullable=False),
        sa.Column("result", sa.LargeBinary, nullable=False),
        sa.Column("refused", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("position", name="pk_game_outbox"),
        sa.UniqueConstraint("match_id", name="uq_game_outbox_match_id"),
    )
    op.create_index("ix_game_outbox_refused", "game_outbox", ["refused", "position"])
