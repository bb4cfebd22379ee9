"""What follows from a gate that has passed: the alias moves, by compare-and-swap."""

from __future__ import annotations

from typing import Final

from mazemesh.errors import Conflict, FailedPrecondition, NotFound, PermissionDenied
from mazemesh.names import CHAMPION, PREVIOUS
from services.matchmaker.gates.run import GateRun, RunState, figures
from services.matchmaker.peers import ModelPeer

_TRIES: Final = 20


async def promote(model: ModelPeer, run: GateRun) -> tuple[RunState, str]:
    """Moves the alias that a run is for to its candidate; how the run ends, and why.

    The alias moves from where it stood when the run was started, since that is what the candidate
    was held against. One that moved and came back is moved all the same. Asked again, after a crash
    say, it finds its own move and leaves it at that.

    Raises:
        Unavailable: Model is away; to be tried again.
    """
    alias, name = run.asked.promote, run.name
    evidence = f"{run.candidate} against {run.baseline}: {figures(run)}"
    for _ in range(_TRIES):
        present = await model.alias(name, alias)
        if present is not None and present.version == run.version:
            return RunState.PROMOTED, f"{evidence}; {name}:{alias} is {run.candidate}"
        if (present.version if present else 0) != run.promoted_from:
            now = f"{name}:{present.version}" if present else "gone"
            return RunState.OVERTAKEN, (
                f"{evidence}; but {name}:{alias} is {now} by now and not "
                f"{_stood(run)}, so it stays; start a gate against {name}:{alias}"
            )
        try:
            await model.move(
                name,
                alias,
                run.version,
                present.revision if present else 0,
                previous=PREVIOUS if alias == CHAMPION else "",
                reason=evidence[:_LONGEST],
                gate_id=run.gate_id,
            )
        except Conflict:
            continue  # somebody was faster: look where it stands now
        except (NotFound, FailedPrecondition, PermissionDenied) as error:
            return RunState.GIVEN_UP, f"{evidence}; but it cannot be promoted: {error}"
        return RunState.PROMOTED, f"{evidence}; {name}:{alias} moved from {_stood(run)}"
    return RunState.OVERTAKEN, f"{evidence}; but {name}:{alias} is being moved by many others"


_LONGEST: Final = 1024
"""Characters of a reason that Model takes."""


def _stood(run: GateRun) -> str:
    return f"{run.name}:{run.promoted_from}" if run.promoted_from else "nowhere"
