"""Keeps a league: looks at the empirical game now and then, and starts and stops exploiters."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np

from mazemesh.cli.league_record import read_league, write_league
from mazemesh.client.mesh import Mesh
from mazemesh.errors import MazemeshError, NotFound
from mazemesh.v1.elo_pb2 import GetEmpiricalGameResponse
from mazemesh.v1.game_pb2 import GetGameSpecRequest
from supervisor.league.deciding import Kind, Member, Population, decide, version_of
from supervisor.running.layout import MeshPlan

_OF_MAIN = 24
"""The newest snapshots of the main policy that are looked at, of those that are rated."""

_OF_EACH = 8
"""Of each exploiter."""

_ASK_SECONDS = 2.0


class Processes(Protocol):
    """Who starts and stops the processes of a member (`supervise.Supervisor`)."""

    def begin_member(self, name: str) -> None:
        """Starts its processes, unless they run."""

    async def end_member(self, name: str) -> None:
        """Stops them, unless they do not run."""


class League:
    """The members of a run's league; what it has decided outlives the mesh.

    Args:
        plan: What runs.
        processes: Of the members.
        mesh: Clients.
        tell: Shows a line.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        plan: MeshPlan,
        processes: Processes,
        mesh: Mesh,
        tell: Callable[[str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._plan, self._processes, self._mesh = plan, processes, mesh
        self._tell, self._clock = tell, clock
        record = read_league(plan.data_dir) or {}
        before = {one["name"]: one for one in record.get("members", [])}
        self.members: list[Member] = [
            _restored(name, kind, before.get(name)) for name, kind in plan.members.items()
        ]
        self._events: list[dict[str, Any]] = list(record.get("events", []))
        self._ladder = ""

    async def run(self) -> None:
        """Goes on where the record stopped, then looks without end."""
        for member in self.members:
            if member.running:
                self._processes.begin_member(member.name)
                self._tell(f"league: {member.name} runs again: {member.reason}")
        self._save()
        while True:
            await asyncio.sleep(self._plan.league_seconds)
            await self.look()

    async def look(self) -> None:
        """Looks once; while Elo or Model is away, or too little is rated, nothing changes."""
        try:
            population = await asyncio.to_thread(self._ask)
        except MazemeshError:
            return
        if population is None:
            return
        for new in decide(population, self.members):
            await self._change(new)

    async def _change(self, new: Member) -> None:
        at = next(at for at, one in enumerate(self.members) if one.name == new.name)
        self.members[at] = new
        when = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="seconds")
        self._events.append(
            {
                "time": when,
                "member": new.name,
                "running": new.running,
                "version": new.since,
                "reason": new.reason,
            }
        )
        self._save()  # before the processes: a mesh that dies here goes on with the decision
        self._tell(f"league: {new.name} is {'started' if new.running else 'stopped'}: {new.reason}")
        if new.running:
            self._processes.begin_member(new.name)
        else:
            await self._processes.end_member(new.name)

    def _ask(self) -> Population | None:
        """The empirical game; None while the main policy has no rated snapshot.

        Raises:
            MazemeshError: who knows is away.
        """
        main = self._plan.policy
        own = self._snapshots(main, _OF_MAIN)
        others = [one for member in self.members for one in self._snapshots(member.name, _OF_EACH)]
        if not own or len(own) + len(others) < 2:
            return None
        try:
            game = self._mesh.elo.empirical_game(self._find_ladder(), [*own, *others])
        except NotFound:
            return None
        return population(main, game)

    def _snapshots(self, name: str, most: int) -> list[str]:
        """The newest ones."""
        try:
            found = [
                f"{one.name}:{one.version}"
                for one in self._mesh.model.list(name, snapshots_only=True)
            ]
        except NotFound:
            return []
        return sorted(found, key=version_of)[-most:]

    def _find_ladder(self) -> str:
        if not self._ladder:
            collection = self._mesh.model.describe(self._plan.policy).collection
            request = GetGameSpecRequest(game=collection.game, settings=collection.settings)
            self._ladder = self._mesh.game.ask_spec(request, _ASK_SECONDS).spec.ladder
        return self._ladder

    def _save(self) -> None:
        write_league(
            self._plan.data_dir,
            {
                "main": self._plan.policy,
                "members": [
                    {
                        "name": one.name,
                        "kind": one.kind.value,
                        "running": one.running,
                        "since_version": one.since,
                        "reason": one.reason,
                        "resting": one.resting,
                        "starts": one.starts,
                    }
                    for one in self.members
                ],
                "events": self._events,
            },
        )


def population(main: str, game: GetEmpiricalGameResponse) -> Population | None:
    """The game as the league looks at it; None where no snapshot of the main policy is rated."""
    if not any(one.startswith(f"{main}:") for one in game.players):
        return None
    count = len(game.players)

    def square(values: Sequence[float]) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.array(values, np.float64).reshape(count, count)

    return Population(
        main,
        tuple(game.players),
        square(game.scores),
        square(game.deviations),
        np.array(game.nash_shares, np.float64),
        tuple((tuple(one.players), one.chance) for one in game.cycles),
    )


def _restored(name: str, kind: str, before: dict[str, Any] | None) -> Member:
    if before is None:
        return Member(name, Kind(kind))
    return Member(
        name,
        Kind(kind),
        running=bool(before["running"]),
        since=int(before["since_version"]),
        reason=str(before["reason"]),
        resting=bool(before["resting"]),
        starts=int(before["starts"]),
    )
