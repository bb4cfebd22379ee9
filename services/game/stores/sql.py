"""Finished matches, and who has which, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import delete, exists, insert, select
from sqlalchemy.orm import Session

from services._harness.sql.database import Database, insert_or
from services.game.store import Claimed, FinishedMatch
from services.game.stores.sql_recordings import insert_recordings
from services.game.stores.tables import CLAIMS, FINISHED, OUTBOX, RECORDINGS

_AT_ONCE = 1000  # rows in one statement; databases limit its variables


class SqlResultStore:
    """A `ResultStore` in a database that has been migrated.

    Args:
        instance: Who claims; no other one has this name.
    """

    def __init__(self, database: Database, instance: str) -> None:
        self._database = database
        self._instance = instance

    async def claim(self, fences: Mapping[str, int], time: float) -> Claimed:
        """See `ResultStore`."""

        def work(session: Session) -> Claimed:
            finished = _finished(session, fences)
            wanted = {
                match_id: fence
                for match_id, fence in sorted(fences.items())
                if fence and match_id not in finished
            }
            return Claimed(finished, self._claim(session, wanted, time))

        return await self._database.run(work)

    async def finish(self, matches: Sequence[FinishedMatch]) -> set[str]:
        """See `ResultStore`."""

        def work(session: Session) -> set[str]:
            passed = self._passed(session, matches)
            own = [match for match in matches if match.match_id not in passed]
            added = _add_finished(session, own)
            new = [match for match in own if match.match_id in added]
            rated = [match for match in new if match.result is not None]
            if rated:
                session.execute(
                    insert(OUTBOX),
                    [
                        {"match_id": m.match_id, "result": m.result, "trace": m.trace or None}
                        for m in rated
                    ],
                )
            insert_recordings(session, [entry for match in new for entry in match.recordings])
            for part in _parts([match.match_id for match in own if match.fence]):
                session.execute(delete(CLAIMS).where(CLAIMS.c.match_id.in_(part)))
            return passed

        return await self._database.run(work)

    async def finished(self, match_ids: Collection[str]) -> set[str]:
        """See `ResultStore`."""
        return await self._database.run(lambda session: _finished(session, match_ids))

    async def forget(self, before: float, keep: int) -> int:
        """See `ResultStore`."""

        def work(session: Session) -> int:
            session.execute(delete(CLAIMS).where(CLAIMS.c.claim_time < before))
            by_age = select(FINISHED.c.finish_time).order_by(FINISHED.c.finish_time.desc())
            oldest_kept = session.scalar(by_age.offset(keep - 1).limit(1))
            first = before if oldest_kept is None else max(before, oldest_kept)
            forgotten = session.scalars(
                delete(FINISHED)
                .where(FINISHED.c.finish_time < first)
                .where(~exists().where(OUTBOX.c.match_id == FINISHED.c.match_id))
                .where(~exists().where(RECORDINGS.c.match_id == FINISHED.c.match_id))
                .returning(FINISHED.c.match_id)
            )
            return len(forgotten.all())

        return await self._database.run(work)

    def _claim(self, session: Session, wanted: Mapping[str, int], time: float) -> dict[str, int]:
        """Claims, and returns the fences that are higher than those wanted."""
        claimed: set[str] = set()
        for part in _parts(list(wanted)):
            rows = [
                {
                    "match_id": match_id,
                    "fence": wanted[match_id],
                    "instance": self._instance,
                    "claim_time": time,
                }
                for match_id in part
            ]
            statement = insert_or(session, CLAIMS).values(rows)
            new = statement.excluded
            claimed.update(
                session.scalars(
                    statement.on_conflict_do_update(
                        index_elements=[CLAIMS.c.match_id],
                        set_={name: new[name] for name in ("fence", "instance", "claim_time")},
                        where=CLAIMS.c.fence <= new.fence,
                    ).returning(CLAIMS.c.match_id)
                )
            )
        missing = [match_id for match_id in wanted if match_id not in claimed]
        if not missing:
            return {}
        query = select(CLAIMS.c.match_id, CLAIMS.c.fence).where(CLAIMS.c.match_id.in_(missing))
        return {row.match_id: row.fence for row in session.execute(query)}

    def _passed(self, session: Session, matches: Sequence[FinishedMatch]) -> set[str]:
        """Ids of matches that are another fence's or instance's; nobody can claim the others now.

        Without a claim, as after it was forgotten, a match is whose it was.
        """
        fences = {match.match_id: match.fence for match in matches if match.fence}
        passed: set[str] = set()
        for part in _parts(sorted(fences)):
            query = select(CLAIMS).where(CLAIMS.c.match_id.in_(part)).order_by(CLAIMS.c.match_id)
            passed.update(
                row.match_id
                for row in session.execute(query.with_for_update())
                if (row.fence, row.instance) != (fences[row.match_id], self._instance)
            )
        return passed


def _add_finished(session: Session, matches: Sequence[FinishedMatch]) -> set[str]:
    """Adds matches to those that are finished; ids of those that were not, of whoever else."""
    added: set[str] = set()
    times = {match.match_id: match.finish_time for match in matches}
    for part in _parts(sorted(times)):
        rows = [{"match_id": match_id, "finish_time": times[match_id]} for match_id in part]
        statement = insert_or(session, FINISHED).values(rows).on_conflict_do_nothing()
        added.update(session.scalars(statement.returning(FINISHED.c.match_id)))
    return added


def _finished(session: Session, match_ids: Collection[str]) -> set[str]:
    found: set[str] = set()
    for part in _parts(list(match_ids)):
        query = select(FINISHED.c.match_id).where(FINISHED.c.match_id.in_(part))
        found.update(session.scalars(query))
    return found


def _parts(match_ids: Sequence[str]) -> list[Sequence[str]]:
    return [match_ids[at : at + _AT_ONCE] for at in range(0, len(match_ids), _AT_ONCE)]
