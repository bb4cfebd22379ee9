"""`mazemesh policies`: what was published, and all that is known of one version."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from mazemesh.cli.options import DATA_DIR, DataDir, Host, Json, PortBase, connected
from mazemesh.cli.output import print_json, print_table
from mazemesh.cli.policies.checks import check_data, check_line, pairs
from mazemesh.cli.policies.collecting import collect, holds, retire, uploads
from mazemesh.cli.policies.rules import rules
from mazemesh.cli.ratings.promotion import move_data

if TYPE_CHECKING:
    from mazemesh.client.mesh import Mesh
    from mazemesh.v1.elo_pb2 import PlayerRating
    from mazemesh.v1.matchmaker_pb2 import GateRun
    from mazemesh.v1.model_pb2 import Collection, PolicyVariantFile, PolicyVersion

_ANCESTORS = 1000
_CHILDREN = 1000
_DRIFT_COLUMNS = 8


class _Listing(TyperGroup):
    """Lists unless its first word is a command, so that `policies race` need not say so."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args[:1] != ["--help"] and (not args or args[0] not in self.commands):
            args = ["list", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_Listing,
    help="List published versions (`policies [list] NAME`), or show all that is known of one.",
    add_completion=False,
    rich_markup_mode=None,
)

for _command in (collect, retire, holds, uploads, rules):
    app.command()(_command)


@app.command("list")
def policies(
    name: Annotated[str, typer.Argument(help="Name of the policy; empty: all.")] = "",
    snapshots: Annotated[bool, typer.Option(help="Only versions kept for rating.")] = False,
    every_state: Annotated[
        bool, typer.Option("--all", help="Rejected and retired versions too.")
    ] = False,
    run: Annotated[str, typer.Option(help="Only of the run with this id.")] = "",
    game: Annotated[str, typer.Option(help="Only of this game.")] = "",
    game_hash: Annotated[str, typer.Option(help="Only of these rules of it.")] = "",
    spec_hash: Annotated[str, typer.Option(help="Only with these inputs and outputs.")] = "",
    sha256: Annotated[str, typer.Option(help="Only with this file.")] = "",
    code: Annotated[str, typer.Option(help="Only by code whose version begins so.")] = "",
    parent: Annotated[
        int, typer.Option(min=0, help="Only what grew from this version of NAME.")
    ] = 0,
    from_step: Annotated[int, typer.Option(min=0, help="From this training step on.")] = 0,
    to_step: Annotated[int | None, typer.Option(min=0, help="Up to this training step.")] = None,
    config: Annotated[
        list[str] | None,
        typer.Option(
            "--config", help="Only of runs that were started so, KEY=VALUE; repeat for several."
        ),
    ] = None,
    since: Annotated[datetime | None, typer.Option(help="Published from then on.")] = None,
    before: Annotated[datetime | None, typer.Option(help="Published before then.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many versions.")] = 50,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """List published versions, newest first."""
    with connected(data_dir, host, port_base, ("model",)) as mesh:
        listed = mesh.model.list(
            name,
            snapshots_only=snapshots,
            include_all_states=every_state,
            run_id=run,
            game=game,
            game_hash=game_hash,
            spec_hash=spec_hash,
            sha256=sha256,
            code_version=code,
            parent_version=parent,
            min_training_step=from_step,
            max_training_step=to_step,
            config=pairs("--config", config or []),
            since=since,
            before=before,
        )
        versions = list(islice(listed, limit))
    if json:
        print_json([_version(one) for one in versions])
        return
    columns = ("policy", "state", "step", "snapshot", "bytes", "aliases", "created")
    rows = [
        (
            _reference(one),
            _state(one),
            one.training_step,
            "yes" if one.snapshot else "",
            one.size_bytes,
            " ".join(one.aliases),
            one.create_time.ToDatetime().isoformat(" ", "seconds"),
        )
        for one in versions
    ]
    print_table("Policies", columns, rows)


@app.command()
def show(
    policy: Annotated[str, typer.Argument(help='Version, e.g. "race:41" or "race:champion".')],
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Show what is known of a version: file, checks, lineage, training, ratings, gates, aliases."""
    services = ("model", "elo", "matchmaker")
    with connected(data_dir, host, port_base, services) as mesh:
        version = mesh.model.describe(policy)
        details = mesh.model.details(_reference(version))
        ancestors = list(islice(_ancestors(mesh, version), _ANCESTORS))
        told: dict[str, Any] = {
            **_version(version),
            "run_id": version.run_id,
            "checked": version.checked,
            "checks": [check_data(one) for one in details.checks],
            "config": dict(details.config),
            "kept_by": details.kept_by,
            "graph_sha256": version.graph_sha256,
            "variants": [_variant(one) for one in version.variants],
            "drift": _drift(mesh, version),
            "spec_hash": version.spec_hash,
            "game_hash": version.game_hash,
            "q_values": version.q_values,
            "ancestors": ancestors,
            "children": list(islice(_children(mesh, version), _CHILDREN)),
            "training": _training(version.collection),
            "ratings": _unless_away(
                lambda: [
                    {"ladder": ladder, "rating": row.rating, "low": row.low, "high": row.high}
                    | {"games": row.games}
                    for ladder, row in _ratings(mesh, version)
                ]
            ),
            "gates": _unless_away(lambda: [_gate(run) for run in _gates(mesh, version)]),
            "moves": [
                move_data(move)
                for move in mesh.model.alias_history(version.name)
                if version.version in (move.version, move.from_version)
            ],
        }
    if json:
        print_json(told)
        return
    for name, value in _lines(told):
        typer.echo(f"{name:12} {value}")


def _lines(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What is known, a line each; what there is nothing to say of is left out."""
    state = told["state"] + (", kept for rating" if told["snapshot"] else "")
    aliases = "".join(f" = {alias}" for alias in told["aliases"])
    yield "policy", f"{told['policy']}{aliases}: {state}"
    if told["rejection"]:
        yield "rejected", told["rejection"]
    yield "file", f"{told['size_bytes']} bytes, sha256 {told['sha256']}"
    if told["checked"]:
        yield "compared", told["checked"]
    for one in told["variants"]:
        yield "variant", one["told"]
    for one in told["checks"]:
        yield "check", check_line(one)
    if told["kept_by"]:
        yield "kept", told["kept_by"]
    code = f", code {told['code_version']}" if told["code_version"] else ""
    yield "published", f"{told['create_time']}, run {told['run_id'] or '-'}{code}"
    training = told["training"]
    if training["game"]:
        settings = "".join(f", {name} {value}" for name, value in training["settings"].items())
        rules = f"; rules {told['game_hash']}" if told["game_hash"] else ""
        yield "game", f"{training['game']}{settings}; spec {told['spec_hash']}{rules}"
    if training["method"]:
        at = f"{told['training_step']} steps"
        yield "trained", f"{at}, from {training['method']} in table {training['table']}"
    grew = told["ancestors"]
    if grew:
        more = f" and {len(grew) - 5} before" if len(grew) > 5 else ""
        yield "grew from", " <- ".join(grew[:5]) + more
    if told["children"]:
        more = f" and {len(told['children']) - 5} more" if len(told["children"]) > 5 else ""
        yield "led to", ", ".join(told["children"][:5]) + more
    for what, by in (("ratings", "Elo"), ("gates", "the Matchmaker")):
        if told[what] is None:
            yield what, f"not known: {by} is away"
    for one in told["ratings"] or ():
        low, high = one["low"], one["high"]
        yield (
            "rating",
            f"{one['rating']:.0f} [{low:.0f}, {high:.0f}] on {one['ladder']}, {one['games']} games",
        )
    yield from _drift_lines(told["drift"], told["policy"])
    for one in told["gates"] or ():
        yield "gate", f"{one['candidate']} against {one['baseline']}: {one['state']}"
    for one in told["moves"]:
        why = one["reason"] or one["gate_id"] or "no reason told"
        origin = f"{told['policy'].partition(':')[0]}:{one['from_version'] or '-'}"
        yield "alias", f"{one['time']} {one['alias']}: {origin} -> {one['version']}, {why}"
    for name, value in sorted(told["config"].items()):
        yield "config", f"{name} = {value}"
    for name, value in told["metadata"].items():
        yield "said of it", f"{name} = {value}"


def _unless_away(tell: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]] | None:
    """What another service tells; None while it is away, which keeps nobody from the rest."""
    from mazemesh.errors import DeadlineExceeded, Unavailable

    try:
        return tell()
    except (Unavailable, DeadlineExceeded):
        return None


def _reference(one: PolicyVersion) -> str:
    return f"{one.name}:{one.version}"


def _version(one: PolicyVersion) -> dict[str, Any]:
    return {
        "policy": _reference(one),
        "state": _state(one),
        "training_step": one.training_step,
        "snapshot": one.snapshot,
        "parent_version": one.parent_version,
        "code_version": one.code_version,
        "sha256": one.sha256,
        "size_bytes": one.size_bytes,
        "aliases": list(one.aliases),
        "create_time": one.create_time.ToJsonString(),
        "rejection": one.rejection,
        "metadata": dict(one.metadata),
    }


def _state(one: PolicyVersion) -> str:
    from mazemesh.v1.model_pb2 import PolicyState

    return PolicyState.Name(one.state).removeprefix("POLICY_STATE_").lower()


def _training(collection: Collection) -> dict[str, Any]:
    """How experience for it was collected; of settings those that are not the usual ones."""
    from mazemesh.games import GameSettings
    from mazemesh.wire.specs import settings_from_proto

    usual = asdict(GameSettings())
    settings = asdict(settings_from_proto(collection.settings))
    return {
        "game": collection.game,
        "settings": {name: value for name, value in settings.items() if value != usual[name]},
        "method": {"unroll": "unrolls", "transition": "transitions", "sequence": "sequences"}.get(
            collection.WhichOneof("method") or "", ""
        ),
        "table": collection.table,
    }


def _variant(one: PolicyVariantFile) -> dict[str, Any]:
    from mazemesh.policy.publishing import MadeVariant

    made = MadeVariant.of(one)
    return {**asdict(made), "sha256": one.sha256, "rows": one.rows, "told": str(made)}


def _drift(mesh: Mesh, version: PolicyVersion) -> dict[str, Any]:
    """How what it is asked differs from what it was validated on; empty where nothing is known."""
    from mazemesh.errors import NotFound

    try:
        (told,) = mesh.model.drift(_reference(version))
    except NotFound:  # nobody asks a version without a file
        return {}
    return {
        "measured_by": told.policy,
        "rows": told.rows,
        "reference_rows": told.reference_rows,
        "window_seconds": told.window_seconds,
        "drifted": told.drifted,
        "reason": told.reason,
        "columns": [
            {"column": one.column, "psi": one.psi, "ks": one.ks, "feature": one.feature}
            | {"drifted": one.drifted, "mean": one.mean, "reference_mean": one.reference_mean}
            for one in told.columns
        ],
    }


def _drift_lines(told: dict[str, Any], policy: str) -> Iterator[tuple[str, str]]:
    if not told or not told["rows"]:
        return
    of = "" if told["measured_by"] == policy else f" of {told['measured_by']}"
    found = "DRIFTED" if told["drifted"] else "none"
    seen = f"{told['rows']} rows of the last {told['window_seconds']:.0f} s"
    yield "drift", f"{found}: {seen} against {told['reference_rows']} at validation{of}"
    for one in told["columns"][:_DRIFT_COLUMNS]:
        means = f"mean {one['mean']:.3g} (validation {one['reference_mean']:.3g})"
        figures = f"PSI {one['psi']:.2f}, KS {one['ks']:.2f}, {means}"
        drifted = ", drifted" if one["drifted"] else ""
        yield "", f"{one['column']}[{one['feature']}]: {figures}{drifted}"


def _ancestors(mesh: Mesh, version: PolicyVersion) -> Iterator[str]:
    """Versions that it grew from, the nearest first."""
    while version.parent_version:
        reference = f"{version.name}:{version.parent_version}"
        yield reference
        version = mesh.model.describe(reference)


def _children(mesh: Mesh, version: PolicyVersion) -> Iterator[str]:
    """Versions that grew from it, the oldest first."""
    found = mesh.model.list(version.name, include_all_states=True, parent_version=version.version)
    yield from reversed([_reference(one) for one in found])


def _ratings(mesh: Mesh, version: PolicyVersion) -> Iterator[tuple[str, PlayerRating]]:
    """On the ladder of the rules that it was trained for, where those are ours or asked for."""
    from mazemesh.errors import MazemeshError, NotFound
    from mazemesh.games import get_game
    from mazemesh.games.ladder import ladder
    from mazemesh.wire.specs import settings_from_proto

    game = version.collection.game
    try:
        settings = settings_from_proto(version.collection.settings)
        name = ladder(get_game(game), settings)
    except MazemeshError:  # a foreign game: its ladder has its own name
        name = game
    if not name:
        return
    try:
        yield name, mesh.elo.rating(name, _reference(version))
    except NotFound:
        return


def _gates(mesh: Mesh, version: PolicyVersion) -> Iterator[GateRun]:
    """Those that it was held to, or the measure of."""
    reference = _reference(version)
    for run in mesh.matchmaker.gate_runs(name=version.name):
        if reference in (run.gate.candidate, run.gate.baseline):
            yield run


def _gate(run: GateRun) -> dict[str, Any]:
    from mazemesh.v1.matchmaker_pb2 import GateRunState

    return {
        "gate_id": run.gate.gate_id,
        "candidate": run.gate.candidate,
        "baseline": run.gate.baseline,
        "state": GateRunState.Name(run.state).removeprefix("GATE_RUN_STATE_").lower(),
        "explanation": run.explanation,
    }
