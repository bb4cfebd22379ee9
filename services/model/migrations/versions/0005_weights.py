"""The graph of a version's file, and files of versions that act for a moment."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column(
        "policy_versions",
        sa.Column("graph_sha256", sa.String(64), nullable=False, server_default=""),
    )
    op.create_table(
        "policy_files",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_policy_files"),
    )
