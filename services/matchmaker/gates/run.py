"""A gate that is run: what was asked, how far its matches are, what Elo has found, how it ended.

Elo decides by the contiguous prefix of the matches "<gate_id>/0", "<gate_id>/1" and so on. Here is
who issues them, so here is what they are counted by. Each function makes a new run of one, and the
store replaces it unless it was changed meanwhile. Times are seconds since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum

from mazemesh.games import GameSettings


class RunState(Enum):
    """Where a run is in its life."""

    RUNNING = "running"
    PASSED = "passed"
    """And there was no alias to move."""

    FAILED = "failed"
    """Its verdict is another one than PASSED."""

    PROMOTED = "promoted"
    """It has passed, and the alias stands for the candidate."""

    OVERTAKEN = "overtaken"
    """It has passed, but the alias has moved meanwhile."""

    GIVEN_UP = "given_up"
    """It cannot come to an end."""

    CANCELLED = "cancelled"


class Verdict(Enum):
    """What Elo says."""

    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    CAPPED = "capped"
    FORGOTTEN = "forgotten"


@dataclass(frozen=True, slots=True)
class Hypotheses:
    """What is tested, as GateHypotheses of elo.proto says; None is Elo's default."""

    elo0: float | None = None
    elo1: float | None = None
    alpha: float | None = None
    beta: float | None = None
    max_matches: int | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """How a candidate does against an ancestor: its scores added up, games, chance to be worse."""

    ancestor: str
    score: float
    games: int
    chance_worse: float


@dataclass(frozen=True, slots=True)
class Finding:
    """What Elo makes of the matches.

    Attributes:
        verdict: Whether it has decided, and how.
        hypotheses: What is tested, written out.
        counts: Matches by the candidate's score, which are in equal steps from 0 to 1.
        ratio: Log-likelihood ratio of `elo1` over `elo0`.
        lower: At which it fails.
        upper: At which it passes.
        memories: Once it has decided: what is known of ancestors.
    """

    verdict: Verdict = Verdict.RUNNING
    hypotheses: Hypotheses = Hypotheses()
    counts: tuple[int, ...] = ()
    ratio: float = 0.0
    lower: float = 0.0
    upper: float = 0.0
    memories: tuple[Memory, ...] = ()

    @property
    def matches(self) -> int:
        """Matches that it has seen."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it was asked; who asks and why is no part of it.

    Attributes:
        candidate: "name:version" or "name:alias".
        baseline: The same, or a bot.
        ancestors: Players that the candidate must not have forgotten to beat.
        promote: Alias to move when it has passed; empty: none.
        hypotheses: What is to be tested.
        reason: Why.
        starter: Who, as the caller says.
    """

    candidate: str
    baseline: str
    ancestors: tuple[str, ...] = ()
    promote: str = ""
    hypotheses: Hypotheses = Hypotheses()
    reason: str = field(default="", compare=False)
    starter: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class GateRun:
    """One gate.

    Attributes:
        gate_id: Begins the ids of its matches.
        request_id: Of the request that started it.
        asked: The question.
        candidate: "name:version".
        baseline: The same, or a bot.
        ancestors: The same, as they were then.
        ladder: Where its matches count.
        game: Name of the game.
        settings: Of its matches.
        create_time: When it was started.
        promoted_from: Version that the alias to move stood for then; 0: none, or no alias.
        key_id: Of the key that was shown.
        automatic: Whether the Matchmaker started it.
        memory_each: Matches against each ancestor.
        state: See `RunState`.
        finding: Elo's, as of the last look.
        issued: Matches against the baseline that were issued.
        memory_issued: Matches against ancestors that were.
        reissued: How often abandoned ones were issued anew.
        progress_time: When a match was last seen, or issued after none was out.
        explanation: How it ended, or what it waits for.
        end_time: When it ended.
        revision: Counts its changes.
    """

    gate_id: str
    request_id: str
    asked: Asked
    candidate: str
    baseline: str
    ancestors: tuple[str, ...]
    ladder: str
    game: str
    settings: GameSettings
    create_time: float
    promoted_from: int = 0
    key_id: str = ""
    automatic: bool = False
    memory_each: int = 0
    state: RunState = RunState.RUNNING
    finding: Finding = Finding()
    issued: int = 0
    memory_issued: int = 0
    reissued: int = 0
    progress_time: float = 0.0
    explanation: str = ""
    end_time: float = 0.0
    revision: int = 0

    @property
    def run_id(self) -> str:
        """The same as of a tournament."""
        return self.gate_id

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.state is RunState.RUNNING

    @property
    def name(self) -> str:
        """The candidate's policy."""
        return self.candidate.rpartition(":")[0]

    @property
    def version(self) -> int:
        """The candidate's version."""
        return int(self.candidate.rpartition(":")[2])

    @property
    def memory_matches(self) -> int:
        """Matches against ancestors, all together."""
        return self.memory_each * len(self.ancestors)

    @property
    def outstanding(self) -> int:
        """Matches against the baseline that were issued and not seen by Elo."""
        return self.issued - self.finding.matches


def ended(run: GateRun, state: RunState, explanation: str, now: float) -> GateRun | None:
    """The run at its end; None when it has ended before."""
    if not run.running:
        return None
    return replace(run, state=state, explanation=explanation, end_time=now)


def found(run: GateRun, finding: Finding, explanation: str, now: float) -> GateRun | None:
    """The run with what Elo has found; None when that is nothing new.

    A finding of fewer matches is an older one.
    """
    if not run.running or finding.matches < run.finding.matches:
        return None
    progress = now if finding.matches > run.finding.matches else run.progress_time
    new = replace(run, finding=finding, explanation=explanation, progress_time=progress)
    return None if new == run else new


def figures(run: GateRun) -> str:
    """What Elo has found, in words."""
    seen = run.finding
    memories = "".join(
        f"; {memory.score:g} of {memory.games} games against {memory.ancestor}"
        for memory in seen.memories
    )
    return (
        f"{seen.verdict.value} after {seen.matches} matches, log-likelihood ratio "
        f"{seen.ratio:.2f} in {seen.lower:.2f}..{seen.upper:.2f}{memories}"
    )
