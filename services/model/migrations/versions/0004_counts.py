"""Numbers of versions by state, and the bytes of their files, so that nobody counts them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "policy_counts",
        sa.Column("state", sa.SmallInteger, nullable=False, autoincrement=False),
        sa.Column("versions", sa.BigInteger, nullable=False),
        sa.Column("file_bytes", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("state", name="pk_policy_counts"),
    )
    # Only READY (1) versions have files; several may have the same one.
    op.execute(
        "INSERT INTO policy_counts (state, versions, file_bytes) "
        "SELECT state, count(*), 0 FROM policy_versions GROUP BY state"
    )
    op.execute(
        "UPDATE policy_counts SET file_bytes = (SELECT coalesce(sum(size), 0) FROM "
        "(SELECT max(size_bytes) AS size FROM policy_versions WHERE state = 1 GROUP BY sha256) f) "
        "WHERE state = 1"
    )
