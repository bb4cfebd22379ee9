import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # SQLite replaces the whole table, which the results refer to.
    with op.batch_alter_table("players") as players:
        players.alter_column("rating", type_=sa.Double(), existing_server_default="1000")
