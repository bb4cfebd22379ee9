"""`mazemesh champion`, `history`, `promote`, `rollback`: which version acts, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mazemesh.cli.options import DATA_DIR, DataDir, Host, Json, PortBase, connected
from mazemesh.cli.output import print_json, print_table
from mazemesh.cli.ratings.gates import gate_data, user, verdict

if TYPE_CHECKING:
    from mazemesh.client.mesh import Mesh
    from mazemesh.v1.matchmaker_pb2 import GateRun
    from mazemesh.v1.model_pb2 import AliasMove

Name = Annotated[str, typer.Argument(help="Name of the policy.")]
AliasName = Annotated[str, typer.Option("--alias", help="Another alias than champion.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for whoever asks later.")]
Why = Annotated[bool, typer.Option("--why", help="Tell on what it rests.")]


def champion(
    name: Name = "race",
    why: Why = False,
    alias: AliasName = "champion",
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Show which version is the champion; with --why the gate, its figures, when and who."""
    from mazemesh.errors import NotFound

    services = ("model", "matchmaker") if why else ("model",)
    with connected(data_dir, host, port_base, services) as mesh:
        found = mesh.model.alias(name, alias)
        if found is None:
            raise NotFound(
                f"{name} has no {alias} yet; a gate makes one, or `mazemesh promote {name}:VERSION`"
            )
        move = found.last_move if found.HasField("last_move") else None
        gate = _gate(mesh, move) if why else None
    if json:
        data: dict[str, Any] = {
            "policy": f"{name}:{found.alias.version}",
            "alias": alias,
            "revision": found.alias.revision,
            "move": move_data(move) if move else None,
        }
        if why:
            data["gate"] = gate_data(gate) if gate else None
        print_json(data)
        return
    typer.echo(f"{name}:{alias} is {name}:{found.alias.version}")
    if why:
        _echo(explained(move, gate))


def history(
    name: Name,
    alias: Annotated[str, typer.Option(help="Of this alias alone; empty: of all.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many moves.")] = 50,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Show how a policy's aliases moved, the last first: from where, when, by whom and why."""
    from itertools import islice

    with connected(data_dir, host, port_base, ("model",)) as mesh:
        moves = list(islice(mesh.model.alias_history(name, alias), limit))
    if json:
        print_json([move_data(move) for move in moves])
        return
    columns = ("time", "alias", "from", "to", "by", "why")
    rows = [
        (
            move.time.ToDatetime().isoformat(" ", "seconds"),
            move.alias,
            move.from_version or "-",
            move.version,
            _who(move),
            move.reason or move.gate_id,
        )
        for move in moves
    ]
    print_table(f"{name}: moves of its aliases", columns, rows)


def promote(
    policy: Annotated[str, typer.Argument(help="The version that becomes champion: race:41.")],
    reason: Reason = "",
    why: Why = False,
    alias: AliasName = "champion",
    gate: Annotated[
        str,
        typer.Option(help="The gate that it follows from, where the rules of the policy want one."),
    ] = "",
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Make a version the champion by hand; `previous` keeps the one that was it.

    Others who promote at the same time are not overwritten unseen: each move follows the one before
    it, and `mazemesh history` shows them all. A gate decides by matches: `mazemesh gate`. What else
    has to be there first `mazemesh policies rules` says.
    """
    from mazemesh.client.policies.promotion import promote as move_alias

    services = ("model", *(["matchmaker"] if why else []), *(["elo"] if gate else []))
    with connected(data_dir, host, port_base, services) as mesh:
        version = mesh.model.describe(policy)
        move = move_alias(
            mesh.model,
            version.name,
            version.version,
            alias=alias,
            reason=reason,
            mover=user(),
            gate_id=gate,
        )
        gates = _gates_of(mesh, f"{version.name}:{version.version}") if why else []
    _tell(move, gates, json=json, why=why)


def rollback(
    name: Name,
    reason: Reason = "",
    alias: AliasName = "champion",
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Move the champion back to where it stood before its last move.

    Refused when somebody moves it at the same time: look at `mazemesh history` first.
    """
    from mazemesh.client.policies.promotion import roll_back

    with connected(data_dir, host, port_base, ("model",)) as mesh:
        move = roll_back(mesh.model, name, alias=alias, reason=reason, mover=user())
    _tell(move, [], json=json, why=False)


def move_data(move: AliasMove) -> dict[str, Any]:
    """A move as plain data."""
    return {
        "name": move.name,
        "alias": move.alias,
        "from_version": move.from_version,
        "version": move.version,
        "revision": move.revision,
        "time": move.time.ToJsonString(),
        "mover": move.mover,
        "key_id": move.key_id,
        "reason": move.reason,
        "gate_id": move.gate_id,
    }


def explained(move: AliasMove | None, gate: GateRun | None) -> list[str]:
    """Why an alias stands where it does, in lines."""
    if move is None:
        return ["it was moved before moves were kept, or by itself"]
    when = move.time.ToDatetime().isoformat(" ", "seconds")
    before = f"{move.name}:{move.from_version}" if move.from_version else "nowhere"
    lines = [f"moved from {before} at {when} (UTC) by {_who(move)}"]
    if move.reason:
        lines.append(f"reason: {move.reason}")
    if gate is not None:
        lines += _figures(gate)
    elif move.gate_id:
        lines.append(f"gate: {move.gate_id}, of which the Matchmaker does not know")
    return lines


def _figures(run: GateRun) -> list[str]:
    found = run.gate
    tested = found.hypotheses
    started = "by itself" if run.automatic else f"by {run.starter or 'somebody'}"
    why = f": {run.reason}" if run.reason else ""
    lines = [
        (
            f"gate: {found.gate_id}, {found.candidate} against {found.baseline} on "
            f"{found.ladder}, started {started}{why}"
        ),
        (
            f"tested: normalized Elo {tested.elo0:g} against {tested.elo1:g}, alpha "
            f"{tested.alpha:g}, beta {tested.beta:g}, at most {tested.max_matches} matches"
        ),
        (
            f"found: {verdict(run)} after {found.matches} matches, log-likelihood ratio "
            f"{found.ratio:.2f} in {found.lower:.2f}..{found.upper:.2f}"
        ),
        f"matches by score: {_counts(found.counts)}",
    ]
    lines += [
        f"ancestor: {one.ancestor}, {one.score:g} of {one.games} games, worse with a chance of "
        f"{one.chance_worse:.2f}"
        for one in found.memories
    ]
    return lines


def _counts(counts: Sequence[int]) -> str:
    steps = max(len(counts) - 1, 1)
    return ", ".join(f"{count} of {place / steps:g}" for place, count in enumerate(counts))


def _who(move: AliasMove) -> str:
    key = f"key {move.key_id}" if move.key_id else ""
    return " with ".join(filter(None, (move.mover, key))) or "somebody"


def _gate(mesh: Mesh, move: AliasMove | None) -> GateRun | None:
    if move is None or not move.gate_id:
        return None
    return next(mesh.matchmaker.gate_runs(gate_id=move.gate_id), None)


def _gates_of(mesh: Mesh, policy: str) -> list[GateRun]:
    """Gates that a version has had, the last first."""
    name = policy.rpartition(":")[0]
    return [run for run in mesh.matchmaker.gate_runs(name=name) if run.gate.candidate == policy]


def _tell(move: AliasMove, gates: Sequence[GateRun], *, json: bool, why: bool) -> None:
    if json:
        told = move_data(move)
        print_json({**told, "gates": [gate_data(run) for run in gates]} if why else told)
        return
    before = f"{move.name}:{move.from_version}" if move.from_version else "nowhere"
    typer.echo(f"{move.name}:{move.alias} is {move.name}:{move.version}; it was {before}")
    if why:
        _echo([line for run in gates for line in _figures(run)] or ["it has had no gate"])


def _echo(lines: Sequence[str]) -> None:
    for line in lines:
        typer.echo(f"  {line}")
