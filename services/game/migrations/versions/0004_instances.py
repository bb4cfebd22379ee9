"""Several instances on one database: who has which match, and who delivers which result.

Recordings are found by game and by player through indexes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_AT_ONCE = 1000


def upgrade() -> None:
    op.create_table(
        "game_claims",
        sa.Column("match_id", sa.String(128), nullable=False),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("instance", sa.String(64), nullable=False),
        sa.Column("claim_time", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("match_id", name="pk_game_claims"),
    )
    op.create_index("ix_game_claims_claim_time", "game_claims", ["claim_time"])
    op.add_column(
        "game_outbox",
        sa.Column("visible_time", sa.Float(53), nullable=False, server_default="0"),
    )
    op.drop_index("ix_game_replays_match_id", "game_replays")
    op.create_index("ix_game_replays_match_id", "game_replays", ["match_id", "position"])
    op.create_index("ix_game_replays_game", "game_replays", ["game", "position"])
    players = op.create_table(
        "game_replay_players",
        sa.Column("participant", sa.String(128), nullable=False),
        sa.Column("position", sa.BigInteger, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("participant", "position", name="pk_game_replay_players"),
    )
    op.create_index("ix_game_replay_players_position", "game_replay_players", ["position"])
    _fill(players)


def _fill(players: sa.Table) -> None:
    connection = op.get_bind()
    after = 0
    rows = sa.text(
        "SELECT position, participants FROM game_replays WHERE position > :after "
        "ORDER BY position LIMIT :most"
    )
    while found := connection.execute(rows, {"after": after, "most": _AT_ONCE}).all():
        connection.execute(
            sa.insert(players),
            [
                {"participant": name, "position": position}
                for position, participants in found
                for name in set(participants[1:-1].split("\n"))
            ],
        )
        after = found[-1].position
