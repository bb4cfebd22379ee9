"""The index of replays."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "game_replays",
        sa.Column(
            "position",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("game_id", sa.String(160), nullable=False),
        sa.Column("match_id", sa.String(128), nullable=False),
        sa.Column("game", sa.String(256), nullable=False),
        sa.Column("rules_hash", sa.String(64), nullable=False),
        sa.Column("participants", sa.Text, nullable=False),
        sa.Column("scores", sa.JSON, nullable=False),
        sa.Column("steps", sa.Integer, nullable=False),
        sa.Column("truncated", sa.Boolean, nullable=False),
        sa.Column("rated", sa.Boolean, nullable=False),
        sa.Column("finish_time", sa.Float(53), nullable=False),
        sa.Column("file", sa.String(64), nullable=False),
        sa.Column("file_index", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_game_replays"),
        sa.UniqueConstraint("game_id", name="uq_game_replays_game_id"),
    )
    op.create_index("ix_game_replays_match_id", "game_replays", ["match_id"])
    op.create_index("ix_game_replays_file", "game_replays", ["file"])
