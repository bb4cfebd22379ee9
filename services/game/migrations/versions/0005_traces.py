"""Results carry the trace of who played them, on their way to Elo."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("game_outbox", sa.Column("trace", sa.String(64), nullable=True))
