"""Tournaments in SQL: runs, their logs, and who is present."""

from __future__ import annotations

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from services._harness.sql.database import Database, insert_or
from services.matchmaker.runs.store import Step
from services.matchmaker.stores.contests.sql_runs import Kind, SqlRuns
from services.matchmaker.stores.contests.tournament_columns import from_json, to_json
from services.matchmaker.stores.tables import entries, presences, tournaments
from services.matchmaker.tournaments.plan import Forfeit
from services.matchmaker.tournaments.run import Entry, Move, TournamentRun


class SqlTournaments(SqlRuns[TournamentRun]):
    """A `TournamentStore` in a migrated database."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, _TOURNAMENTS)

    async def entries(self, tournament_id: str, after: int) -> list[tuple[int, Entry]]:
        """See `TournamentStore`."""
        asked = (
            select(entries)
            .where(entries.c.tournament_id == tournament_id, entries.c.position > after)
            .order_by(entries.c.position)
        )
        return await self._database.run(
            lambda session: [
                (
                    row.position,
                    Entry(
                        row.key,
                        row.number,
                        row.score,
                        Forfeit(row.forfeit) if row.forfeit else None,
                        row.time,
                    ),
                )
                for row in session.execute(asked)
            ]
        )

    async def beat(self, tournament_id: str, player: str, until: float) -> None:
        """See `TournamentStore`."""

        def write(session: Session) -> None:
            row = {"tournament_id": tournament_id, "player": player, "until": until}
            added = insert_or(session, presences).values(**row)
            session.execute(
                added.on_conflict_do_update(
                    index_elements=["tournament_id", "player"], set_={"until": until}
                )
            )

        await self._database.run(write, idempotent=True)

    async def present(self, tournament_id: str, now: float) -> set[str]:
        """See `TournamentStore`."""
        asked = select(presences.c.player).where(
            presences.c.tournament_id == tournament_id, presences.c.until > now
        )
        return await self._database.run(lambda session: set(session.scalars(asked)))


def _write_entries(session: Session, step: Step[TournamentRun]) -> None:
    if not isinstance(step, Move) or not step.entries:
        return
    rows = [
        {
            "tournament_id": step.run.run_id,
            "key": one.key,
            "number": one.number,
            "score": one.score,
            "forfeit": one.forfeit.value if one.forfeit else "",
            "time": one.time,
        }
        for one in step.entries
    ]
    session.execute(insert(entries), rows)


_TOURNAMENTS: Kind[TournamentRun] = Kind(
    noun="tournament",
    setting="MAZEMESH_MATCHMAKER_MAX_TOURNAMENTS",
    table=tournaments,
    state=lambda run: run.state.value,
    to_json=to_json,
    from_json=from_json,
    also=_write_entries,
)
