"""The first tables of the Matchmaker."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "matchmaker_numbers",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("instance", sa.String(36), nullable=False),
        sa.Column("next_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matchmaker_numbers")),
    )
    op.create_table(
        "matchmaker_matches",
        sa.Column("match_id", sa.String(128), nullable=False),
        sa.Column("ladder", sa.String(128), nullable=False),
        sa.Column("game", sa.String(64), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("participants", sa.JSON(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("create_time", sa.Float(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(128), nullable=False),
        sa.Column("expire_time", sa.Float(), nullable=False),
        sa.Column("end_time", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("match_id", name=op.f("pk_matchmaker_matches")),
    )
    op.create_table(
        "matchmaker_anchors",
        sa.Column("ladder", sa.String(128), nullable=False),
        sa.Column("bots", sa.String(512), nullable=False),
        sa.Column("matches", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("ladder", "bots", name=op.f("pk_matchmaker_anchors")),
    )
    op.create_table(
        "matchmaker_forms",
        sa.Column("student", sa.String(128), nullable=False),
        sa.Column("opponent", sa.String(128), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("weight", sa.Float(), nullable=False),
        sa.Column("games", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("student", "opponent", name=op.f("pk_matchmaker_forms")),
    )
    op.create_table(
        "matchmaker_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matchmaker_requests")),
        sa.UniqueConstraint("request_id", name=op.f("uq_matchmaker_requests_request_id")),
    )
