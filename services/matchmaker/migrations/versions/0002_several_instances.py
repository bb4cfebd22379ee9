"""Several instances: whose turn it is, revisions of records, and matches by state."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "matchmaker_leaders",
        sa.Column("task", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("expire_time", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("task", name=op.f("pk_matchmaker_leaders")),
    )
    for table in ("matchmaker_numbers", "matchmaker_forms"):
        op.add_column(
            table, sa.Column("revision", sa.BigInteger(), nullable=False, server_default="0")
        )
    op.create_index("ix_matchmaker_forms_revision", "matchmaker_forms", ["revision"])
    matches = "matchmaker_matches"
    for last in (("create_time", "match_id"), ("expire_time",), ("end_time",)):
        op.create_index(f"ix_{matches}_state_{last[0]}", matches, ["state", *last])
