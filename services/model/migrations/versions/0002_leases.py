"""Names are held by runs; versions tell of Q-values, and what they were checked on."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # What is known of older versions is in their collections: see services/model/wire/registry.
    op.add_column(
        "policy_versions",
        sa.Column("q_values", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    op.add_column(
        "policy_versions", sa.Column("checked", sa.Text, nullable=False, server_default="")
    )
    op.create_table(
        "policy_leases",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(128), nullable=False),
        sa.Column("run_id", sa.String(128), nullable=False),
        sa.Column("place", sa.String(128), nullable=False),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_policy_leases"),
    )
