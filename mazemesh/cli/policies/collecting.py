"""`mazemesh policies collect`, `retire`, `holds`, `uploads`: which files stay, and which come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mazemesh.cli.options import DATA_DIR, DataDir, Host, Json, PortBase, connected
from mazemesh.cli.output import print_json, print_table

if TYPE_CHECKING:
    from mazemesh.client.mesh import Mesh
    from mazemesh.v1.registry_pb2 import CollectPoliciesRequest

_SHOWN = 20
DryRun = Annotated[bool, typer.Option("--dry-run", help="Tell what would go; change nothing.")]


def collect(
    name: Annotated[str, typer.Argument(help="Name of the policy.")],
    keep: Annotated[
        int | None,
        typer.Option(
            min=0, help="Newest versions that stay, beside snapshots; none is touched without it."
        ),
    ] = None,
    keep_snapshots: Annotated[
        int | None,
        typer.Option(min=0, help="Newest snapshots that stay; none is touched without it."),
    ] = None,
    older_than: Annotated[
        float, typer.Option(min=0, help="Only versions of at least this age, in days.")
    ] = 0.0,
    dry_run: DryRun = False,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Delete the files of old versions that nobody needs.

    What has an alias, is the way back of one, is held by whoever plays it (matches, gates,
    tournaments), or is in an experiment stays, and is told with its reason.
    """
    from mazemesh.v1.registry_pb2 import CollectPoliciesRequest

    if keep is None and keep_snapshots is None:
        raise typer.BadParameter("say how many stay: --keep N, --keep-snapshots N, or both")
    request = CollectPoliciesRequest(
        name=name,
        keep=keep,
        keep_snapshots=keep_snapshots,
        older_than_seconds=older_than * 86400,
        dry_run=dry_run,
    )
    with connected(data_dir, host, port_base, ("model",)) as mesh:
        told = _collected(mesh, request)
    _tell(name, told, json=json, dry_run=dry_run)


def retire(
    policy: Annotated[str, typer.Argument(help="The version, e.g. race:41.")],
    dry_run: DryRun = False,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Retire one version: its file is deleted, and what is known of it stays."""
    from mazemesh.errors import FailedPrecondition
    from mazemesh.v1.registry_pb2 import CollectPoliciesRequest

    with connected(data_dir, host, port_base, ("model",)) as mesh:
        version = mesh.model.describe(policy)
        request = CollectPoliciesRequest(
            name=version.name, versions=[version.version], dry_run=dry_run
        )
        told = _collected(mesh, request)
        if told["kept"]:
            reason = told["kept"][0]["reason"]
            raise FailedPrecondition(f"{policy} stays: {reason}")
    _tell(version.name, told, json=json, dry_run=dry_run)


def holds(
    name: Annotated[str, typer.Argument(help="Name of the policy.")],
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """List who keeps which version from being collected, and until when."""
    with connected(data_dir, host, port_base, ("model",)) as mesh:
        found = mesh.model.holds(name=name)
    rows = [(one.policy, one.holder, one.reason, one.expire_time.ToJsonString()) for one in found]
    if json:
        keys = ("policy", "holder", "reason", "expire_time")
        print_json([dict(zip(keys, row, strict=True)) for row in rows])
        return
    print_table(f"{name}: held", ("policy", "by", "for", "until"), rows)


def uploads(
    name: Annotated[str, typer.Argument(help="Name of the policy; empty: all.")] = "",
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """List versions that come in and are checked, which have no number yet."""
    from mazemesh.v1.registry_pb2 import UploadState

    with connected(data_dir, host, port_base, ("model",)) as mesh:
        found = mesh.model.uploads(name)
    told = [
        {
            "name": one.name,
            "state": UploadState.Name(one.state).removeprefix("UPLOAD_STATE_").lower(),
            "run_id": one.run_id,
            "training_step": one.training_step,
            "received_bytes": one.received_bytes,
            "size_bytes": one.size_bytes,
            "sha256": one.sha256,
            "begin_time": one.begin_time.ToJsonString(),
        }
        for one in found
    ]
    if json:
        print_json(told)
        return
    columns = ("name", "state", "run_id", "training_step", "received_bytes", "size_bytes")
    print_table("On their way", columns, [tuple(one[key] for key in columns) for one in told])


def _collected(mesh: Mesh, request: CollectPoliciesRequest) -> dict[str, Any]:
    """All of it, however many calls that takes; of a dry run the first of them."""
    gone: list[int] = []
    size = 0
    while True:
        found = mesh.model.collect(request)
        gone += found.versions
        size += found.file_bytes
        if not found.more or request.dry_run:
            break
    return {
        "versions": gone,
        "file_bytes": size,
        "kept": [{"version": one.version, "reason": one.reason} for one in found.kept],
        "more": found.more,
        "dry_run": request.dry_run,
    }


def _tell(name: str, told: dict[str, Any], *, json: bool, dry_run: bool) -> None:
    if json:
        print_json({"name": name, **told})
        return
    numbers = told["versions"]
    shown = ", ".join(map(str, numbers[:_SHOWN])) or "none"
    more = f" and {len(numbers) - _SHOWN} more" if len(numbers) > _SHOWN else ""
    verb = "would go" if dry_run else "went"
    typer.echo(
        f"{len(numbers)} versions of {name} {verb} ({told['file_bytes']} bytes): {shown}{more}"
    )
    for one in told["kept"][:_SHOWN]:
        typer.echo(f"  {name}:{one['version']} stays: {one['reason']}")
    if len(told["kept"]) > _SHOWN:
        typer.echo(f"  and {len(told['kept']) - _SHOWN} more stay (--json has them)")
    if told["more"]:
        typer.echo("  there are more than a dry run shows at once")
