"""Finished matches by time, so that old ones can be forgotten."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_index(
        "ix_game_finished_matches_finish_time", "game_finished_matches", ["finish_time"]
    )
