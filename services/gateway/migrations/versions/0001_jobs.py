"""Training jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "gateway_jobs",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("job_id", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("request_id", sa.String(128), nullable=True),
        sa.Column("policy", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.Float(53), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_gateway_jobs"),
        sa.UniqueConstraint("job_id", name="uq_gateway_jobs_job_id"),
        sa.UniqueConstraint("owner", "request_id", name="uq_gateway_jobs_owner_request_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_gateway_jobs_state", "gateway_jobs", ["state"])
