"""How sure ratings are together, beside the standings."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("elo_standings", sa.Column("spread", sa.LargeBinary(), nullable=True))
