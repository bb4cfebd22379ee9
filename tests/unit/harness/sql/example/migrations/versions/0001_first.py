import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "players",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("rating", sa.Integer(), server_default="1000", nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_players"),
    )
    op.create_table(
        "results",
        sa.Column("match_id", sa.String(), nullable=False),
        sa.Column("player", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("match_id", name="pk_results"),
        sa.ForeignKeyConstraint(
            ["player"], ["players.name"], name="fk_results_player_players", ondelete="CASCADE"
        ),
    )
    op.execute("INSERT INTO players (name) VALUES ('bot/random')")
    op.execute("INSERT INTO results (match_id, player) VALUES ('m1', 'bot/random')")
