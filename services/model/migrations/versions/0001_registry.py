"""Versions, aliases, events and the revision."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_POSITION = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "policy_versions",
        sa.Column("position", _POSITION, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("request_id", sa.String(128), nullable=True),
        sa.Column("run_id", sa.String(128), nullable=False),
        sa.Column("training_step", sa.BigInteger, nullable=False),
        sa.Column("parent_version", sa.BigInteger, nullable=False),
        sa.Column("snapshot", sa.Boolean, nullable=False),
        sa.Column("collection", sa.LargeBinary, nullable=False),
        sa.Column("spec_hash", sa.String(64), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("notes", sa.JSON, nullable=False),
        sa.Column("rejection", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_policy_versions"),
        sa.UniqueConstraint("request_id", name="uq_policy_versions_request_id"),
        sa.UniqueConstraint("name", "number", name="uq_policy_versions_name_number"),
    )
    op.create_index("ix_policy_versions_state_sha256", "policy_versions", ["state", "sha256"])
    op.create_index(
        "ix_policy_versions_collection",
        "policy_versions",
        ["name", "state", "snapshot", "number"],
    )
    op.create_table(
        "policy_aliases",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("alias", sa.String(64), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", "alias", name="pk_policy_aliases"),
    )
    op.create_table(
        "policy_events",
        sa.Column("revision", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("alias", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("revision", name="pk_policy_events"),
    )
    op.create_index("ix_policy_events_name_revision", "policy_events", ["name", "revision"])
    counter = op.create_table(
        "policy_revision",
        sa.Column("only", sa.Boolean, nullable=False),
        sa.Column("value", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("only", name="pk_policy_revision"),
    )
    # 0 asks a watch to begin now, so an empty registry must be further on than that.
    op.bulk_insert(counter, [{"only": True, "value": 1}])
