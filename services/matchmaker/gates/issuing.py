"""Which matches of a gate come next, and what one waits for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.matchmaker.gates.run import GateRun
from services.matchmaker.rating.leases import Match, State, Terms, leased
from services.matchmaker.runs.store import Step

MEMORY = "memory"
"""Of ids of matches against ancestors: "<gate_id>/memory/0"."""


def memory_id(run: GateRun, number: int) -> str:
    """Id of a match against an ancestor, from 0."""
    return f"{run.gate_id}/{MEMORY}/{number}"


def match_id(run: GateRun, number: int) -> str:
    """Id of a match against the baseline, from 0."""
    return f"{run.gate_id}/{number}"


def issued(
    run: GateRun,
    unplayed: Mapping[str, State],
    seeds: Sequence[int],
    *,
    worker: str,
    terms: Terms,
    most: int,
    now: float,
) -> Step[GateRun] | None:
    """At most one match for each seed, leased to a worker; None when there is none to issue now.

    Those against ancestors come first, and those against the baseline when they are all over: Elo
    looks at ancestors at the moment in which it decides.

    Args:
        run: As it is now.
        unplayed: Its matches that are not completed.
        seeds: Of mazes, never used before.
        worker: Who gets them.
        terms: Of the leases.
        most: Matches of a gate that are out at once.
        now: The time.
    """
    if not run.running:
        return None
    remembering = run.memory_issued < run.memory_matches
    if not remembering and _memories(run, unplayed):
        return None
    out = len(unplayed) if remembering else run.outstanding
    left = (
        run.memory_matches - run.memory_issued
        if remembering
        else (run.finding.hypotheses.max_matches or 0) - run.issued
    )
    count = min(len(seeds), most - out, left)
    if count <= 0:
        return None
    first = run.memory_issued if remembering else run.issued
    matches = [
        leased(_match(run, number, seed, now, memory=remembering), worker, terms, now)
        for number, seed in enumerate(seeds[:count], first)
    ]
    if remembering:
        return Step(replace(run, memory_issued=first + count, progress_time=now), matches)
    progress = run.progress_time if run.outstanding else now
    return Step(replace(run, issued=first + count, progress_time=progress), matches)


def reissued(match: Match) -> Match | None:
    """An abandoned match once more, with all its attempts; None when it is not abandoned."""
    if match.state is not State.ABANDONED:
        return None
    return replace(match, state=State.QUEUED, attempts=0, worker="", expire_time=0.0, end_time=0.0)


def abandoned(unplayed: Mapping[str, State]) -> list[str]:
    """Ids of matches that no worker could play."""
    return [one for one, state in unplayed.items() if state is State.ABANDONED]


def is_lost(run: GateRun, unplayed: Mapping[str, State], patience: float, now: float) -> bool:
    """Whether Elo has not been told for long of the match that it waits for, though it is over."""
    late = run.outstanding > 0 and now - run.progress_time > patience
    return late and match_id(run, run.finding.matches) not in unplayed


def waits_for(run: GateRun, unplayed: Mapping[str, State], after_seconds: float, now: float) -> str:
    """What a run waits for, in words; empty when it goes on, or that is not long ago."""
    if now - max(run.progress_time, run.create_time) <= after_seconds:
        return ""
    if not run.memory_issued + run.issued:
        return "waits for an evaluator: none has asked for its matches"
    playing = _memories(run, unplayed)
    if playing:
        return f"waits for an evaluator, who has {playing[0]}, against an ancestor"
    following = match_id(run, run.finding.matches)
    if not run.outstanding:
        return "waits for an evaluator: none has asked for further matches"
    if following in unplayed:
        return f"waits for match {following}, which is {unplayed[following].value}"
    return f"waits for the result of match {following}, which was played and is on its way to Elo"


def _memories(run: GateRun, unplayed: Mapping[str, State]) -> list[str]:
    beginning = f"{run.gate_id}/{MEMORY}/"
    return [one for one in unplayed if one.startswith(beginning)]


def _match(run: GateRun, number: int, seed: int, now: float, *, memory: bool) -> Match:
    ancestors = run.ancestors
    return Match(
        memory_id(run, number) if memory else match_id(run, number),
        run.ladder,
        run.game,
        run.settings,
        (run.candidate, ancestors[number % len(ancestors)] if memory else run.baseline),
        seed,
        now + number * 1e-6,  # issued again in this order
        run_id=run.gate_id,
    )
