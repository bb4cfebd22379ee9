"""`mazemesh cloud`: the mesh on AWS, for a price that is known before (docs/aws.md)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mazemesh.cli.options import Json, errors_as_lines, needs_extra

if TYPE_CHECKING:
    from supervisor.cloud.operating.prices import Bill
    from supervisor.cloud.operating.workspace import Workspace

Profile = Annotated[
    str, typer.Option("--profile", help="hobby (< $30 a month), development (< $100), production.")
]
Folder = Annotated[Path, typer.Option("--folder", help="Of Terraform's files, settings and state.")]
Wheel = Annotated[
    Path | None, typer.Option("--wheel", help="What the machines install; default: built here.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Ask nothing.")]

HOBBY = "hobby"
FOLDER = Path("mazemesh-cloud")

cloud = typer.Typer(no_args_is_help=True, add_completion=False, help="The mesh on AWS.")


@cloud.command()
def cost(profile: Profile = HOBBY, as_json: Json = False) -> None:
    """What a profile costs a month with its defaults; needs no account and no Terraform."""
    from supervisor.cloud.files import shipped
    from supervisor.cloud.operating.prices import LIMITS
    from supervisor.cloud.operating.workspace import Workspace

    with errors_as_lines():
        Workspace(FOLDER, profile)
        bill = json.loads((shipped("terraform") / "costs.json").read_text())[profile]
        if as_json:
            _print_json({"profile": profile, "limit_usd": LIMITS[profile], **bill})
        else:
            _show_bill(profile, bill)


@cloud.command()
def init(
    profile: Profile = HOBBY,
    folder: Folder = FOLDER,
    region: Annotated[str, typer.Option(help="AWS region.")] = "us-east-1",
    name: Annotated[str, typer.Option(help="Prefix of all names; default: mazemesh-PROFILE.")] = "",
    email: Annotated[
        list[str] | None, typer.Option(help="Who is told of alarms and the bill; repeatable.")
    ] = None,
    operator: Annotated[
        list[str] | None,
        typer.Option(help="Addresses that may reach all services: 203.0.113.7/32; repeatable."),
    ] = None,
    players: Annotated[
        list[str] | None, typer.Option(help="Addresses that may reach Game and Matchmaker.")
    ] = None,
    state_bucket: Annotated[
        str, typer.Option(help="Bucket for Terraform's state; made where it is not there.")
    ] = "",
) -> None:
    """Lay out Terraform's files and your settings in a folder, and install the provider."""
    from supervisor.cloud.operating.workspace import Workspace

    with errors_as_lines(), needs_extra("aws"):
        workspace = Workspace(folder, profile)
        workspace.lay_out()
        before = workspace.settings() if workspace.exists else {}
        given = {
            "name": name or None,
            "region": region,
            "emails": email,
            "operator_cidrs": operator,
            "player_cidrs": players,
        }
        settings = {**before, **{key: value for key, value in given.items() if value is not None}}
        workspace.write_settings(settings)
        if state_bucket:
            from supervisor.cloud.operating.state_bucket import ensure_bucket

            ensure_bucket(state_bucket, region)
            workspace.keep_state_in(state_bucket, region)
        workspace.init()
        _say(f"{workspace.folder} is laid out; its settings are in {workspace.root}")
        if not settings.get("operator_cidrs"):
            _say("nobody may reach the services yet: `mazemesh cloud init --operator ADDRESS/32`")


@cloud.command()
def plan(
    profile: Profile = HOBBY, folder: Folder = FOLDER, wheel: Wheel = None, as_json: Json = False
) -> None:
    """What `up` would change, and what it costs a month."""
    with errors_as_lines(), needs_extra("aws"):
        _, counts, bill = _planned(profile, folder, wheel)
        if as_json:
            _print_json({"profile": profile, "changes": counts, "bill": bill.to_json()})
            return
        _show_bill(profile, bill.to_json())
        _say(_counted(counts))


@cloud.command()
def up(
    profile: Profile = HOBBY,
    folder: Folder = FOLDER,
    wheel: Wheel = None,
    yes: Yes = False,
    wait: Annotated[bool, typer.Option(help="Wait until all services serve.")] = True,
    as_json: Json = False,
) -> None:
    """Bring the mesh up, or to the newest version: price, your word, Terraform, health."""
    with errors_as_lines(), needs_extra("aws"):
        from mazemesh.cli.health import serving
        from supervisor.cloud.aws import client
        from supervisor.cloud.operating import certificates, running

        workspace, counts, bill = _planned(profile, folder, wheel)
        _show_bill(profile, bill.to_json(), stderr=True)
        _say(_counted(counts))
        question = f"go on, for usually ${bill.usual:.0f} and at most ${bill.most:.0f} a month?"
        if not yes and any(counts.values()) and not typer.confirm(question, err=True):
            raise typer.Exit(1)
        workspace.apply(_say)
        outputs = workspace.outputs()
        manager = client("secretsmanager", outputs["region"])
        name = workspace.settings().get("name") or f"mazemesh-{profile}"
        if certificates.ensure(
            outputs["tls_secrets"], certificates.hosts(outputs["host"], name), manager
        ):
            _say("certificates are made")
        variables = running.credentials(outputs, workspace.folder / "access", manager)
        if wait:
            _say("waits for the machines, about five minutes the first time")
            with running.environment(variables):
                running.wait_for_health(outputs["addresses"], serving, _say)
        if as_json:
            _print_json({"outputs": outputs, "environment": variables, "bill": bill.to_json()})
        else:
            _show_connect(variables, outputs)


@cloud.command()
def connect(profile: Profile = HOBBY, folder: Folder = FOLDER, as_json: Json = False) -> None:
    """Print the variables that point `mazemesh` at the mesh: eval "$(mazemesh cloud connect)"."""
    with errors_as_lines(), needs_extra("aws"):
        from supervisor.cloud.aws import client
        from supervisor.cloud.operating import running

        workspace, outputs = _applied(profile, folder)
        manager = client("secretsmanager", outputs["region"])
        variables = running.credentials(outputs, workspace.folder / "access", manager)
        if as_json:
            _print_json(variables)
        else:
            _print_exports(variables)


@cloud.command()
def status(profile: Profile = HOBBY, folder: Folder = FOLDER, as_json: Json = False) -> None:
    """Machines, health of the services, hours of the month."""
    with errors_as_lines(), needs_extra("aws"):
        from mazemesh.cli.health import serving
        from mazemesh.cli.output import print_table
        from mazemesh.errors import FailedPrecondition
        from supervisor.cloud.aws import client
        from supervisor.cloud.operating import running

        workspace, outputs = _applied(profile, folder)
        region = outputs["region"]
        groups = running.machines(outputs["groups"], client("autoscaling", region))
        try:
            manager = client("secretsmanager", region)
            variables = running.credentials(outputs, workspace.folder / "access", manager)
        except FailedPrecondition:
            variables = {}
        with running.environment(variables):
            states = running.health(outputs["addresses"], serving)
        if as_json:
            _print_json({"machines": groups, "services": states, "outputs": outputs})
            return
        rows = [(name, one["wanted"], one["in_service"]) for name, one in sorted(groups.items())]
        print_table("machines", ("group", "wanted", "in service"), rows)
        print_table("services", ("service", "state"), sorted(states.items()))
        if "gateway_url" in outputs:
            print(f"{outputs['gateway_url']}/console/")
        print(outputs["console_url"])


@cloud.command()
def start(profile: Profile = HOBBY, folder: Folder = FOLDER, as_json: Json = False) -> None:
    """Start machines that were stopped, for a training job."""
    _ask(profile, folder, "start", as_json)


@cloud.command()
def stop(profile: Profile = HOBBY, folder: Folder = FOLDER, as_json: Json = False) -> None:
    """Stop machines that may rest: learners and actors, in hobby all; what they know stays."""
    _ask(profile, folder, "stop", as_json)


@cloud.command()
def down(profile: Profile = HOBBY, folder: Folder = FOLDER, yes: Yes = False) -> None:
    """Delete all of it; buckets with what was learned only where `force_destroy` is set."""
    with errors_as_lines(), needs_extra("aws"):
        workspace, _ = _applied(profile, folder)
        counts = _changes(workspace.plan(destroy=True))
        _say(_counted(counts))
        question = f"delete {counts['delete']} resources of {profile}?"
        if not yes and not typer.confirm(question, err=True):
            raise typer.Exit(1)
        workspace.apply(_say)


def _ask(profile: str, folder: Path, action: str, as_json: bool) -> None:
    with errors_as_lines(), needs_extra("aws"):
        from supervisor.cloud.aws import client
        from supervisor.cloud.operating import running

        _, outputs = _applied(profile, folder)
        function = client("lambda", outputs["region"])
        changed = running.ask_function(outputs["shutdown_function"], action, function)
        if as_json:
            _print_json(changed)
            return
        for one in changed["changes"]:
            print(f"{one['group']}: {one['desired']} machines ({one['reason']})")
        if not changed["changes"]:
            print("nothing to change")


def _planned(profile: str, folder: Path, wheel: Path | None) -> tuple[Workspace, Any, Bill]:
    from supervisor.cloud.files import shipped
    from supervisor.cloud.operating.prices import price
    from supervisor.cloud.operating.workspace import Workspace, build_wheel

    workspace = Workspace(folder, profile)
    settings = workspace.settings()
    workspace.lay_out()
    settings["files"] = {
        "wheel": str(build_wheel(workspace.folder / "release", wheel)),
        "constraints": str(shipped("constraints.txt")),
        "install": str(shipped("install")),
    }
    workspace.write_settings(settings)
    workspace.init()
    planned = workspace.plan()
    return workspace, _changes(planned), price(planned)


def _applied(profile: str, folder: Path) -> tuple[Workspace, dict[str, Any]]:
    from mazemesh.errors import FailedPrecondition
    from supervisor.cloud.operating.workspace import Workspace

    workspace = Workspace(folder, profile)
    workspace.settings()
    outputs = workspace.outputs()
    if not outputs:
        raise FailedPrecondition(f"{profile} is not up; `mazemesh cloud up --profile {profile}`")
    return workspace, outputs


def _changes(planned: Any) -> dict[str, int]:
    from supervisor.cloud.operating.workspace import changes

    return changes(planned)


def _counted(counts: dict[str, int]) -> str:
    named = [f"{count} to {kind}" for kind, count in counts.items() if count]
    return ", ".join(named) or "nothing to change"


def _show_bill(profile: str, bill: dict[str, Any], *, stderr: bool = False) -> None:
    from supervisor.cloud.operating.prices import LIMITS

    lines = [f"{profile}: $ a month, prices of {bill['table']}, {bill['region']}"]
    lines.append(f"{'usual':>9} {'at most':>9}")
    lines += [
        f"{one['usual']:9.2f} {one['most']:9.2f}  {one['what']}"
        + (f" ({one['note']})" if one["note"] else "")
        for one in bill["lines"]
    ]
    lines.append(
        f"{bill['usual_usd']:9.2f} {bill['most_usd']:9.2f}  in all; the profile's limit is "
        f"{LIMITS[profile]:.0f}"
    )
    (sys.stderr if stderr else sys.stdout).write("\n".join(lines) + "\n")


def _show_connect(variables: dict[str, str], outputs: dict[str, Any]) -> None:
    _say(f"the mesh serves at {outputs['host']}; to reach it:")
    _print_exports(variables)
    _say(f"its figures: {outputs['console_url']}")


def _print_exports(variables: dict[str, str]) -> None:
    import shlex

    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")


def _print_json(data: Any) -> None:
    from mazemesh.cli.output import print_json

    print_json(data)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
