"""Gates."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "elo_gates",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("gate_id", sa.String(96), nullable=False),
        sa.Column("ladder", sa.String(128), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_elo_gates"),
        sa.UniqueConstraint("gate_id", name="uq_elo_gates_gate_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_elo_gates_ladder", "elo_gates", ["ladder"])
