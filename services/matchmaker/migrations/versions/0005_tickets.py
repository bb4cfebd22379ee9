"""Tickets of players who wait, over a restart."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "matchmaker_tickets",
        sa.Column("ticket_id", sa.String(36), nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", name="pk_matchmaker_tickets"),
    )
