"""`mazemesh gate`, `gates`: whether one version is better than another, decided by matches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mazemesh.cli.following import followed, watched
from mazemesh.cli.options import DATA_DIR, DataDir, Host, Json, PortBase, connected
from mazemesh.cli.output import print_json, print_table

if TYPE_CHECKING:
    from rich.text import Text

    from mazemesh.client.matchmaker import MatchmakerClient
    from mazemesh.v1.matchmaker_pb2 import GateRun

_WIDTH = 48


def gate(
    candidate: Annotated[str, typer.Argument(help="A version, such as race:41.")],
    baseline: Annotated[
        str, typer.Argument(help="Whom it is held against: race:37, race:champion, bot/random.")
    ],
    elo0: Annotated[float, typer.Option(help="Normalized Elo at which it should fail.")] = 0.0,
    elo1: Annotated[
        float | None, typer.Option(help="At which it should pass; default: elo0 + 20.")
    ] = None,
    alpha: Annotated[float, typer.Option(help="Chance of passing at elo0.")] = 0.05,
    beta: Annotated[float, typer.Option(help="Chance of failing at elo1.")] = 0.05,
    max_matches: Annotated[int, typer.Option(help="After which it ends without a pass.")] = 20_000,
    ancestor: Annotated[
        list[str] | None,
        typer.Option(help="Whom it must not have forgotten to beat; may be given again."),
    ] = None,
    promote: Annotated[
        str, typer.Option(help="Alias that moves to the candidate when it passes: champion.")
    ] = "",
    reason: Annotated[str, typer.Option(help="Why, for whoever asks later.")] = "",
    detach: Annotated[bool, typer.Option(help="Start it and do not watch.")] = False,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Hold a gate: evaluators play matches until it is told which version is better.

    Shows the log-likelihood ratio between its bounds as it moves. Ctrl-C ends the watching alone;
    `mazemesh gates --cancel ID` ends the gate. Exit status 1 unless it has passed.
    """
    from mazemesh.v1.elo_pb2 import GateHypotheses
    from mazemesh.v1.matchmaker_pb2 import StartGateRequest

    request = StartGateRequest(
        candidate=candidate,
        baseline=baseline,
        hypotheses=GateHypotheses(
            elo0=elo0, elo1=elo1, alpha=alpha, beta=beta, max_matches=max_matches
        ),
        ancestors=ancestor or (),
        promote=promote,
        reason=reason,
        starter=user(),
    )
    with connected(data_dir, host, port_base) as mesh:
        run = mesh.matchmaker.start_gate(request)
        if not detach:
            run = _watched(mesh.matchmaker, run.gate.gate_id, quiet=json)
    _tell(run, json=json)


def gates(
    name: Annotated[str, typer.Argument(help="Name of the policy; empty: all.")] = "",
    watch: Annotated[str, typer.Option(help="Show this gate until it has ended.")] = "",
    cancel: Annotated[str, typer.Option(help="End this gate without a verdict.")] = "",
    reason: Annotated[str, typer.Option(help="Why it is cancelled.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many gates.")] = 20,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """List gates, the last started first; watch or cancel one."""
    from itertools import islice

    with connected(data_dir, host, port_base, () if watch else ("matchmaker",)) as mesh:
        if watch:
            run = _watched(mesh.matchmaker, watch, quiet=json)
            _tell(run, json=json)
            return
        if cancel:
            runs = [mesh.matchmaker.cancel_gate(cancel, reason)]
        else:
            runs = list(islice(mesh.matchmaker.gate_runs(name=name), limit))
    if json:
        print_json([gate_data(run) for run in runs])
        return
    columns = ("gate", "candidate", "baseline", "state", "matches", "ratio", "bounds", "promotes")
    print_table("Gates", columns, [_row(run) for run in runs])


def gate_data(run: GateRun) -> dict[str, Any]:
    """A gate as plain data."""
    found = run.gate
    tested = found.hypotheses
    return {
        "gate_id": found.gate_id,
        "state": state(run),
        "candidate": found.candidate,
        "baseline": found.baseline,
        "ladder": found.ladder,
        "verdict": verdict(run),
        "matches": found.matches,
        "issued": run.issued,
        "counts": list(found.counts),
        "ratio": found.ratio,
        "lower": found.lower,
        "upper": found.upper,
        "hypotheses": {
            "elo0": tested.elo0,
            "elo1": tested.elo1,
            "alpha": tested.alpha,
            "beta": tested.beta,
            "max_matches": tested.max_matches,
        },
        "ancestors": [
            {
                "ancestor": one.ancestor,
                "score": one.score,
                "games": one.games,
                "chance_worse": one.chance_worse,
            }
            for one in found.memories
        ],
        "promote": run.promote,
        "promoted_from": run.promoted_from,
        "automatic": run.automatic,
        "starter": run.starter,
        "key_id": run.key_id,
        "reason": run.reason,
        "explanation": run.explanation,
        "create_time": run.create_time.ToJsonString(),
        "end_time": run.end_time.ToJsonString() if run.HasField("end_time") else None,
    }


def state(run: GateRun) -> str:
    """Of a gate, in a word."""
    from mazemesh.client.gates import gate_state

    return gate_state(run)


def verdict(run: GateRun) -> str:
    """Of Elo, in a word."""
    from mazemesh.client.gates import gate_verdict

    return gate_verdict(run)


def user() -> str:
    """Who sits at this machine, as far as it says."""
    import getpass

    try:
        return getpass.getuser()[:128]
    except (KeyError, OSError):  # a user without a name
        return ""


def scale(lower: float, ratio: float, upper: float, width: int = _WIDTH) -> str:
    """Where a ratio is between its bounds: `fails [----|==*--------] passes`."""
    if not lower < upper:
        return ""
    place = round((min(max(ratio, lower), upper) - lower) / (upper - lower) * (width - 1))
    zero = min(max(round(-lower / (upper - lower) * (width - 1)), 0), width - 1)
    cells = ["-"] * width
    for between in range(min(place, zero), max(place, zero) + 1):
        cells[between] = "="
    cells[zero], cells[place] = "|", "*"
    return f"fails [{''.join(cells)}] passes"


def line(run: GateRun) -> str:
    """A gate in one line."""
    found = run.gate
    parts = [f"{found.candidate} against {found.baseline}: {state(run)}"]
    if run.memory_matches and not run.issued:
        parts.append(f"{run.memory_issued} of {run.memory_matches} matches against ancestors")
    parts.append(f"{found.matches} matches")
    parts.append(f"ratio {found.ratio:.2f} in {found.lower:.2f}..{found.upper:.2f}")
    if run.explanation:
        parts.append(run.explanation)
    return "; ".join(parts)


def _row(run: GateRun) -> tuple[object, ...]:
    found = run.gate
    bounds = f"{found.lower:.2f}..{found.upper:.2f}"
    return (
        *(found.gate_id, found.candidate, found.baseline, state(run)),
        *(found.matches, f"{found.ratio:.2f}", bounds, run.promote),
    )


def _watched(matchmaker: MatchmakerClient, gate_id: str, *, quiet: bool) -> GateRun:
    """Shows a gate as it goes on; what it was last."""
    told = followed(lambda: matchmaker.watch_gate_run(gate_id))
    return watched(told, line, picture, quiet=quiet)


def picture(run: GateRun) -> Text:
    """A gate on a terminal."""
    from rich.text import Text

    found = run.gate
    return Text(f"{line(run)}\n{scale(found.lower, found.ratio, found.upper)}")


def _tell(run: GateRun, *, json: bool) -> None:
    """How a gate ended, or that it goes on; exit status 1 when it did not pass."""
    if json:
        print_json(gate_data(run))
    elif state(run) == "running":
        typer.echo(f"{run.gate.gate_id} runs; `mazemesh gates --watch {run.gate.gate_id}`")
    else:
        typer.echo(f"{run.gate.gate_id}: {run.explanation}")
    if state(run) not in ("running", "passed", "promoted"):
        raise typer.Exit(1)
