"""An index for each list of versions."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    for name, columns in (
        ("state", ["state", "position"]),
        ("name", ["name", "position"]),
        ("name_state", ["name", "state", "position"]),
    ):
        op.create_index(f"ix_policy_versions_{name}", "policy_versions", columns)
    for name, columns in (("snapshots", ["position"]), ("name_snapshots", ["name", "position"])):
        op.create_index(
            f"ix_policy_versions_{name}",
            "policy_versions",
            columns,
            postgresql_where=sa.text("snapshot"),
            sqlite_where=sa.text("snapshot"),
        )
