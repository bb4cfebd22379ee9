"""Experiments over aliases, what their arms did, and sessions of theirs."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_POSITION = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    experiments, arms, sessions = (
        "policy_experiments",
        "policy_experiment_arms",
        "policy_experiment_sessions",
    )
    op.create_table(
        experiments,
        sa.Column("position", _POSITION, nullable=False),
        sa.Column("experiment_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("alias", sa.String(64), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("weights", sa.JSON(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("step_begun", sa.DateTime(timezone=True), nullable=False),
        sa.Column("step_answers", sa.BigInteger(), nullable=False),
        sa.Column("step_outcomes", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.String(64), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("position", name=f"pk_{experiments}"),
        sa.UniqueConstraint("experiment_id", name=f"uq_{experiments}_experiment_id"),
    )
    op.create_index(f"ix_{experiments}_name", experiments, ["name", "position"])
    op.create_index(f"ix_{experiments}_state", experiments, ["state", "position"])
    op.create_index(
        f"ux_{experiments}_running",
        experiments,
        ["name", "alias"],
        unique=True,
        postgresql_where=sa.text("state = 1"),
        sqlite_where=sa.text("state = 1"),
    )
    op.create_table(
        arms,
        sa.Column("experiment_id", sa.String(64), nullable=False),
        sa.Column("arm", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("sessions", sa.BigInteger(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("errors", sa.BigInteger(), nullable=False),
        sa.Column("slow", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("dropped", sa.BigInteger(), nullable=False),
        sa.Column("compared", sa.BigInteger(), nullable=False),
        sa.Column("agreeing", sa.BigInteger(), nullable=False),
        sa.Column("outcomes", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("latencies", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("experiment_id", "arm", name=f"pk_{arms}"),
    )
    op.create_table(
        sessions,
        sa.Column("experiment_id", sa.String(64), nullable=False),
        sa.Column("session", sa.String(128), nullable=False),
        sa.Column("arm", sa.SmallInteger(), nullable=False),
        sa.Column("score", sa.Float()),
        sa.PrimaryKeyConstraint("experiment_id", "session", name=f"pk_{sessions}"),
    )
