"""Drives gates: has Elo decide, promotes, gives up, and starts gates by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import groupby

import structlog

from mazemesh.errors import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    MazemeshError,
    NotFound,
)
from mazemesh.names import CHAMPION, PREVIOUS
from services._harness.notices import Look
from services.matchmaker.gates.candidates import pairs
from services.matchmaker.gates.gates import Gates, question
from services.matchmaker.gates.issuing import (
    abandoned,
    is_lost,
    reissued,
    waits_for,
)
from services.matchmaker.gates.promotion import promote
from services.matchmaker.gates.run import (
    Asked,
    Finding,
    GateRun,
    Hypotheses,
    RunState,
    Verdict,
    ended,
    figures,
    found,
)
from services.matchmaker.gates.store import GATES, GateStore
from services.matchmaker.peers import EloPeer, ModelPeer
from services.matchmaker.rating.ladders import Ladder
from services.matchmaker.rating.ratings import Ratings
from services.matchmaker.runs.driving import Turns, drive
from services.matchmaker.runs.store import Step
from services.matchmaker.store import LeaderStore, LeaseStore
from services.matchmaker.training.snapshots import SnapshotRoster

_log = structlog.get_logger(__name__)

_QUIET_SECONDS = 10.0
"""After which a run that does not go on says what it waits for."""

_STARTER = "matchmaker"

_LONGEST = 2048
"""Characters of an explanation."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How gates are driven.

    Attributes:
        rounds: How often matches that were abandoned are issued anew before a gate is given up.
        patience: Seconds that Elo may take to hear of a match that was played.
        automatic: What gates test that are started by themselves; None starts none.
    """

    rounds: int
    patience: float
    automatic: Hypotheses | None


class Driver:
    """One instance drives at a time; another goes on when it is gone.

    Attributes:
        running: Gates that ran at the last look.
        ended: How gates ended that this instance saw to the end.
    """

    def __init__(
        self,
        gates: Gates,
        store: GateStore,
        leases: LeaseStore,
        leaders: LeaderStore,
        roster: SnapshotRoster,
        ratings: Ratings,
        model: ModelPeer,
        elo: EloPeer,
        *,
        instance: str,
        policy: Policy,
        changed: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._gates, self._store, self._leases = gates, store, leases
        self._turns = Turns(leaders, GATES, instance)
        self._roster, self._ratings, self._model, self._elo = roster, ratings, model, elo
        self._policy = policy
        self._changed, self._clock = changed, clock
        self.running = 0
        self.ended: Counter[RunState] = Counter()

    async def run(self, look: Look, seconds: float, idle_seconds: float) -> None:
        """Drives without end: at each notice, and else each `seconds` while a gate runs.

        Candidates are looked for each `idle_seconds`, first after as long: the mesh is starting.
        """
        looked = self._clock()

        async def turn() -> bool:
            nonlocal looked
            busy = await self.look()
            if self._clock() - looked >= idle_seconds:
                looked = self._clock()
                await self.look_for_candidates()
            return busy

        await drive(turn, look, "gates", seconds=seconds, idle_seconds=idle_seconds)

    async def close(self) -> None:
        """Another instance may drive at once."""
        await self._turns.leave()

    async def look(self) -> bool:
        """Drives all gates once, unless another instance does; whether any runs.

        Raises:
            Unavailable: the database is away. Peers that are away keep nobody from going on.
        """
        runs = await self._store.running()
        self.running = len(runs)
        for run in runs:
            if not await self._turns.enter():
                return True
            try:
                await self._drive(run)
            except (AlreadyExists, FailedPrecondition, InvalidArgument) as error:
                await self._end(run, RunState.GIVEN_UP, f"given up: Elo refuses it: {error}")
            except MazemeshError as error:
                await self._explain(run, f"waits for another service: {error}")
        return bool(runs)

    async def look_for_candidates(self) -> None:
        """Starts gates for snapshots whose ratings suggest one, unless another instance does.

        Raises:
            MazemeshError: Model, Elo or Game is away.
        """
        if self._policy.automatic is None or not await self._turns.enter():
            return
        busy = {run.name for run in await self._store.running() if run.asked.promote == CHAMPION}
        for ladder in await self._roster.ladders():
            if ladder.players == 2:
                await self._look_on(ladder, busy, self._policy.automatic)

    async def _look_on(self, ladder: Ladder, busy: set[str], tested: Hypotheses) -> None:
        ratings = await self._ratings.of(ladder.name)
        for name, own in groupby(ladder.snapshots, lambda one: one.name):
            rated = [one.policy for one in own if one.policy in ratings and not one.exploits]
            if name in busy or not rated:
                continue
            champion = await self._model.alias(name, CHAMPION)
            stands = f"{name}:{champion.version}" if champion else ""
            wanted = pairs(rated, ratings, champion=stands, bots=ladder.bots)
            known = await self._store.requested([pair.request_id for pair in wanted])
            new = next((pair for pair in wanted if pair.request_id not in known), None)
            if new is None:
                continue
            asked = Asked(
                new.candidate,
                new.baseline,
                ancestors=await self._ancestors(name, rated, {new.candidate, new.baseline}),
                promote=CHAMPION,
                hypotheses=tested,
                reason=f"its rating interval lies above {new.baseline}'s rating",
                starter=_STARTER,
            )
            try:
                run = await self._gates.start(new.request_id, asked, automatic=True)
            except (FailedPrecondition, NotFound) as error:
                _log.warning("gate not started", candidate=new.candidate, reason=str(error))
                continue
            _log.info("gate started", gate_id=run.gate_id, candidate=run.candidate)

    async def _ancestors(self, name: str, rated: list[str], compared: set[str]) -> tuple[str, ...]:
        """The champion before the present one, if it is still rated."""
        previous = await self._model.alias(name, PREVIOUS)
        one = f"{name}:{previous.version}" if previous else ""
        return (one,) if one in rated and one not in compared else ()

    async def _drive(self, run: GateRun) -> None:
        unplayed = await self._store.unplayed(run.gate_id)
        now = self._clock()
        finding = run.finding
        if run.outstanding > 0:
            finding = await self._elo.evaluate(question(run))
        if finding.verdict is not Verdict.RUNNING:
            await self._decided(run, finding)
        elif lost := abandoned(unplayed):
            await self._abandoned(run, lost)
        elif finding.matches > run.finding.matches:
            await self._found(run, finding, "")
        elif is_lost(run, unplayed, self._policy.patience, now):
            await self._end(
                run,
                RunState.GIVEN_UP,
                f"given up: Elo was not told of match {run.gate_id}/{run.finding.matches} for "
                f"{self._policy.patience:g} s after it was played; Game's log says why",
            )
        else:
            await self._found(run, finding, waits_for(run, unplayed, _QUIET_SECONDS, now))

    async def _decided(self, run: GateRun, finding: Finding) -> None:
        await self._found(run, finding, "")
        run = replace(run, finding=finding)
        if finding.verdict is not Verdict.PASSED:
            state, words = RunState.FAILED, figures(run)
        elif run.asked.promote:
            state, words = await promote(self._model, run)
        else:
            state, words = RunState.PASSED, figures(run)
        await self._end(run, state, words)

    async def _abandoned(self, run: GateRun, lost: list[str]) -> None:
        if run.reissued >= self._policy.rounds:
            await self._end(
                run,
                RunState.GIVEN_UP,
                f"given up: match {lost[0]} was abandoned {run.reissued + 1} times, each after "
                "several leases; the logs of evaluators and the Matchmaker say why",
            )
            return

        def again(present: GateRun) -> Step[GateRun] | None:
            # Counted first: a crash in between costs a round, and no gate goes on for ever.
            if not present.running or present.reissued != run.reissued:
                return None
            words = f"issues {lost[0]} again, which was abandoned"
            return Step(replace(present, reissued=run.reissued + 1, explanation=words))

        if await self._store.change(run.gate_id, again) is None:
            return
        for match in lost:
            await self._leases.change(match, reissued)
        self._changed()

    async def _found(self, run: GateRun, finding: Finding, explanation: str) -> None:
        now = self._clock()

        def change(present: GateRun) -> Step[GateRun] | None:
            new = found(present, finding, explanation, now)
            return None if new is None else Step(new)

        if await self._store.change(run.gate_id, change) is not None:
            self._changed()

    async def _explain(self, run: GateRun, words: str) -> None:
        await self._found(run, run.finding, words[:_LONGEST])

    async def _end(self, run: GateRun, state: RunState, words: str) -> None:
        now = self._clock()

        def change(present: GateRun) -> Step[GateRun] | None:
            over = ended(present, state, words[:_LONGEST], now)
            return None if over is None else Step(over)

        if await self._store.change(run.gate_id, change) is None:
            return
        self.ended[state] += 1
        self.running = max(0, self.running - 1)
        _log.info("gate ended", gate_id=run.gate_id, state=state.value, explanation=words)
        self._changed()
