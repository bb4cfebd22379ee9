"""Variants of files, what drift is measured against, and what a mirror is still to be told."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column(
        "policy_versions",
        sa.Column("has_variants", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    variants = "policy_variants"
    op.create_table(
        variants,
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("largest_difference", sa.Float(), nullable=False),
        sa.Column("same_choices", sa.Float(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("rejection", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", "number", "kind", name=f"pk_{variants}"),
    )
    op.create_index(f"ix_{variants}_sha256", variants, ["sha256"])
    op.create_table(
        "policy_references",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", "number", name="pk_policy_references"),
    )
    outbox = "policy_mirror_outbox"
    op.create_table(
        outbox,
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("alias", sa.String(64), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refused", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=f"pk_{outbox}"),
    )
    op.create_table(
        "policy_mirror",
        sa.Column("only", sa.Boolean(), nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("only", name="pk_policy_mirror"),
    )
