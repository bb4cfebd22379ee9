"""Runs of gates in SQL."""

from __future__ import annotations

from services._harness.sql.database import Database
from services.matchmaker.gates.run import GateRun
from services.matchmaker.stores.contests.gate_columns import from_json, to_json
from services.matchmaker.stores.contests.sql_runs import Kind, SqlRuns
from services.matchmaker.stores.tables import gates

_GATES: Kind[GateRun] = Kind(
    noun="gate",
    setting="MAZEMESH_MATCHMAKER_MAX_GATES",
    table=gates,
    state=lambda run: run.state.value,
    to_json=to_json,
    from_json=from_json,
)


class SqlGates(SqlRuns[GateRun]):
    """A `GateStore` in a migrated database."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, _GATES)
