"""Gates as they are asked for, and their matches as they are handed out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from mazemesh.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from services._harness.peers.known_games import KnownGames
from services.matchmaker.gates.issuing import issued
from services.matchmaker.gates.run import Asked, GateRun, RunState, ended
from services.matchmaker.gates.store import GateStore
from services.matchmaker.numbers import Numbers
from services.matchmaker.peers import EloPeer, ModelPeer, Question, Resolved
from services.matchmaker.rating.leases import Match, Terms
from services.matchmaker.runs.holds import Holds
from services.matchmaker.runs.resolving import Resolver
from services.matchmaker.runs.store import Step
from services.matchmaker.setup import CreatedMatch


@dataclass(frozen=True, slots=True)
class Limits:
    """What gates may take of the machines.

    Attributes:
        most: Gates that run at once.
        outstanding: Matches of one that are out at once.
        memory_each: Matches against each ancestor.
    """

    most: int
    outstanding: int
    memory_each: int


class Gates:
    """All runs; any number of instances start them and hand out their matches.

    Args:
        store: Where they are kept.
        numbers: Seeds that are never used twice.
        games: What games are like.
        model, elo: The services.
        limits: See there.
        terms: Of leases.
        changed: Told when a run has changed.
        clock: Seconds since 1970.
        holds: Keeps who plays; None: nobody collects versions.

    Attributes:
        busy: Whether a gate ran when matches were last asked for.
    """

    def __init__(
        self,
        store: GateStore,
        numbers: Numbers,
        games: KnownGames,
        model: ModelPeer,
        elo: EloPeer,
        *,
        limits: Limits,
        terms: Terms,
        changed: Callable[[], None],
        clock: Callable[[], float],
        holds: Holds | None = None,
    ) -> None:
        self._store, self._numbers = store, numbers
        self._resolver = Resolver(games, model)
        self._model, self._elo = model, elo
        self._limits, self._terms, self._changed, self._clock = limits, terms, changed, clock
        self._holds = holds
        self.busy = False

    async def start(
        self, request_id: str, asked: Asked, *, key_id: str = "", automatic: bool = False
    ) -> GateRun:
        """Starts a run, or returns the one that this request started.

        Elo opens the gate first, so what it refuses is refused here with its message.

        Raises:
            AlreadyExists: the request asked something else before.
            NotFound, FailedPrecondition, InvalidArgument: as StartGate of matchmaker.proto says.
            ResourceExhausted: too many run.
            Unavailable: Model, Game or Elo is away.
        """
        known = (await self._store.requested([request_id])).get(request_id)
        if known is not None:
            return _same(known, asked)
        run = await self._resolved(request_id, asked, key_id, automatic=automatic)
        finding = await self._elo.evaluate(question(run))
        run = replace(run, finding=finding)
        if self._holds is not None:
            await self._holds.of_run(players_of(run), f"gate {run.gate_id}")
        opened = _same(await self._store.open(run, self._limits.most), asked)
        self._changed()
        return opened

    async def cancel(self, gate_id: str, reason: str) -> GateRun:
        """Ends a run without a verdict; one that has ended stays as it is.

        Raises:
            NotFound: there is none.
        """
        words = f"cancelled: {reason}" if reason else "cancelled"
        await self._end(gate_id, RunState.CANCELLED, words)
        return await self.get(gate_id)

    async def give_up(self, gate_id: str, words: str) -> None:
        """Ends a run that cannot come to an end; one that has ended stays as it is."""
        await self._end(gate_id, RunState.GIVEN_UP, words)

    async def get(self, gate_id: str) -> GateRun:
        """One run.

        Raises:
            NotFound: there is none.
        """
        run = await self._store.get(gate_id)
        if run is None:
            raise NotFound(f"gate_id: there is no gate {gate_id!r} here; ListGateRuns has them")
        return run

    async def issue(self, worker: str, limit: int, game: str = "") -> list[Match]:
        """At most `limit` new matches of gates, leased to a worker; the oldest gate's come first.

        The matches and their count are one transaction, so an id is issued once.
        """
        given: list[Match] = []
        runs = await self._store.running()
        self.busy = bool(runs)
        for run in runs:
            if len(given) == limit:
                break
            if game in ("", run.game):
                given += await self._issue_of(run, worker, limit - len(given))
        if given:
            self._changed()
        return given

    async def created(self, match: Match, made: CreatedMatch) -> CreatedMatch:
        """See `FirstMatches`: all of it is for the worker."""
        return made

    async def _issue_of(self, run: GateRun, worker: str, limit: int) -> Sequence[Match]:
        unplayed = await self._store.unplayed(run.gate_id)
        most = self._limits.outstanding
        asked = {"worker": worker, "terms": self._terms, "most": most, "now": self._clock()}
        # Only as many numbers as there is room for, since those that are not used are gone.
        blank = issued(run, unplayed, range(min(limit, most)), **asked)  # type: ignore[arg-type]
        if blank is None:
            return ()
        identities = await self._numbers.take(run.ladder, len(blank.matches))
        seeds = [identity.seed for identity in identities]
        last: list[Step[GateRun]] = []

        def change(present: GateRun) -> Step[GateRun] | None:
            last.clear()
            step = issued(present, unplayed, seeds, **asked)  # type: ignore[arg-type]
            if step is not None and present.revision == run.revision:
                last.append(step)
                return step
            return None  # another instance was faster; its evaluator has the matches

        await self._store.change(run.gate_id, change)
        return last[0].matches if last else ()

    async def _end(self, gate_id: str, state: RunState, words: str) -> None:
        now = self._clock()

        def change(run: GateRun) -> Step[GateRun] | None:
            over = ended(run, state, words, now)
            return None if over is None else Step(over)

        if await self._store.change(gate_id, change) is not None:
            self._changed()

    async def _resolved(
        self, request_id: str, asked: Asked, key_id: str, *, automatic: bool
    ) -> GateRun:
        """The run that a question means now, before it is kept."""
        candidate = await self._resolver.version("candidate", asked.candidate)
        ladder = await self._resolver.ladder(candidate)
        if ladder.players != 2:
            raise FailedPrecondition(
                f"matches on {ladder.name} are of {ladder.players}; a gate needs a game of two"
            )
        baseline = await self._resolver.opponent(
            "baseline", asked.baseline, ladder, "the candidate"
        )
        ancestors = [
            await self._resolver.opponent(f"ancestors[{index}]", one, ladder, "the candidate")
            for index, one in enumerate(asked.ancestors)
        ]
        if len({candidate.policy, baseline, *ancestors}) < 2 + len(ancestors):
            raise InvalidArgument(
                f"candidate {candidate.policy}, baseline {baseline} and ancestors {ancestors} "
                "should be different players"
            )
        promoted_from = await self._promoted_from(asked.promote, candidate, baseline)
        now = self._clock()
        return GateRun(
            # The same when it is asked for again, also at Elo.
            f"gate-{await self._numbers.unique(f'gate {request_id}')}",
            request_id,
            asked,
            candidate.policy,
            baseline,
            tuple(ancestors),
            ladder.name,
            ladder.game,
            ladder.settings,
            now,
            promoted_from,
            key_id,
            automatic,
            self._limits.memory_each,
            progress_time=now,
        )

    async def _promoted_from(self, alias: str, candidate: Resolved, baseline: str) -> int:
        if not alias:
            return 0
        present = await self._model.alias(candidate.name, alias)
        if present is None:
            return 0
        stands = f"{candidate.name}:{present.version}"
        if stands != baseline:
            raise FailedPrecondition(
                f"promote: {candidate.name}:{alias} is {stands}, and the gate is against "
                f"{baseline}; hold it against {candidate.name}:{alias}, or promote nothing"
            )
        return present.version


def players_of(run: GateRun) -> tuple[str, ...]:
    """Who plays in a gate."""
    return (run.candidate, run.baseline, *run.ancestors)


def question(run: GateRun) -> Question:
    """What Elo is asked."""
    return Question(
        run.gate_id,
        run.ladder,
        run.candidate,
        run.baseline,
        run.asked.hypotheses,
        run.ancestors,
    )


def _same(run: GateRun, asked: Asked) -> GateRun:
    if run.asked != asked:
        raise AlreadyExists(
            f"request_id: {run.request_id!r} started gate {run.gate_id} of {run.asked.candidate} "
            f"against {run.asked.baseline}; another question needs another id"
        )
    return run
