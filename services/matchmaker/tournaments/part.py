"""What a person's tournament looks like from their seat."""

from __future__ import annotations

from dataclasses import dataclass

from mazemesh.errors import NotFound
from services.matchmaker.tournaments.plan import ELIMINATIONS, Encounter, Format
from services.matchmaker.tournaments.run import Out, TournamentRun
from services.matchmaker.tournaments.tournament import Tournament

_SEMIFINALISTS = (3, 4)


@dataclass(frozen=True, slots=True)
class Part:
    """See the module.

    Attributes:
        encounter: The one that is next; None where it is not known.
        out: Its match, once its people are called.
        opponent: Name of the other entrant; empty where it is not known.
        over: Whether there is nothing more to play.
        place: The entrant's; 0 while it is open.
    """

    encounter: Encounter | None = None
    out: Out | None = None
    opponent: str = ""
    over: bool = False
    place: int = 0


def entrant_of(run: TournamentRun, player: str) -> int:
    """Index of the entrant that a person plays for.

    Raises:
        NotFound: it plays for none.
    """
    for index, people in enumerate(run.people):
        if player in people:
            return index
    raise NotFound(f"player: {player!r} takes no part in tournament {run.tournament_id}")


def part_of(run: TournamentRun, folded: Tournament, entrant: int) -> Part:
    """What is next for an entrant."""
    place = folded.places[entrant]
    if not run.running:
        return Part(over=True, place=place)
    own = {one.key: one for one in folded.next if entrant in (one.first, one.second)}
    for out in run.out:
        if out.key in own:
            one = own[out.key]
            return Part(one, out, _other(run, one, entrant))
    if own:
        one = next(iter(own.values()))
        return Part(one, None, _other(run, one, entrant))
    return Part(over=_is_out(run, folded, place), place=place)


def _is_out(run: TournamentRun, folded: Tournament, place: int) -> bool:
    if run.plan.format not in ELIMINATIONS or not place:
        return False
    # Who lost a semifinal plays for the third place, as soon as the other one has lost, too.
    waits = run.plan.format is Format.SINGLE and place in _SEMIFINALISTS
    return not waits or folded.over


def _other(run: TournamentRun, one: Encounter, entrant: int) -> str:
    other = one.second if one.first == entrant else one.first
    return "" if other is None else run.entrants[other].name
