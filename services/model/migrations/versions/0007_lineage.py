"""Lineage of versions, their checks, who holds them, and rules for moves of aliases."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_GAME = 0x0A
"""Of `Collection.game` in the serialized message: field 1, a length and the text."""


def upgrade() -> None:
    versions = "policy_versions"
    for column, size in (
        ("code_version", 128),
        ("game", 128),
        ("game_hash", 64),
        ("config_sha256", 64),
    ):
        op.add_column(
            versions, sa.Column(column, sa.String(size), nullable=False, server_default="")
        )
    op.add_column(versions, sa.Column("checks", sa.Text(), nullable=False, server_default=""))
    op.create_index(f"ix_{versions}_run", versions, ["run_id", "position"])
    _fill_games()
    op.create_table(
        "policy_graph_checks",
        sa.Column("graph_sha256", sa.String(64), nullable=False),
        sa.Column("version", sa.String(96), nullable=False),
        sa.Column("checks", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("graph_sha256", name="pk_policy_graph_checks"),
    )
    op.create_table(
        "policy_configs",
        sa.Column("config_sha256", sa.String(64), nullable=False),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("value", sa.String(1024), nullable=False),
        sa.PrimaryKeyConstraint("config_sha256", "key", name="pk_policy_configs"),
    )
    op.create_index("ix_policy_configs_value", "policy_configs", ["key", "value"])
    op.create_table(
        "policy_holds",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("holder", sa.String(128), nullable=False),
        sa.Column("reason", sa.String(256), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", "number", "holder", name="pk_policy_holds"),
    )
    op.create_index("ix_policy_holds_holder", "policy_holds", ["holder"])
    op.create_index("ix_policy_holds_expires", "policy_holds", ["expires"])
    op.create_table(
        "policy_rules",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("alias", sa.String(64), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", "alias", name="pk_policy_rules"),
    )


def _fill_games() -> None:
    """Games of versions that are there: those of a run all have one collection."""
    connection = op.get_bind()
    found = connection.execute(sa.text("SELECT DISTINCT collection FROM policy_versions"))
    for (collection,) in found.all():
        content = bytes(collection)
        if len(content) > 2 and content[0] == _GAME and content[1] < 128:
            connection.execute(
                sa.text("UPDATE policy_versions SET game = :game WHERE collection = :whose"),
                {"game": content[2 : 2 + content[1]].decode(), "whose": collection},
            )
