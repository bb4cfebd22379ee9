"""Moves of aliases: from where, when, by whom and why."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    moves = "policy_alias_moves"
    op.create_table(
        moves,
        sa.Column("revision", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("alias", sa.String(64), nullable=False),
        sa.Column("from_number", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(1024), nullable=False),
        sa.Column("mover", sa.String(128), nullable=False),
        sa.Column("key_id", sa.String(64), nullable=False),
        sa.Column("gate_id", sa.String(96), nullable=False),
        sa.PrimaryKeyConstraint("revision", name=f"pk_{moves}"),
    )
    op.create_index(f"ix_{moves}_name", moves, ["name", "revision"])
    op.create_index(f"ix_{moves}_alias", moves, ["name", "alias", "revision"])
