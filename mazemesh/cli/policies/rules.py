"""`mazemesh policies rules`: what a version must have before an alias may move to it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mazemesh.cli.options import DATA_DIR, DataDir, Host, Json, PortBase, connected
from mazemesh.cli.output import print_json

if TYPE_CHECKING:
    from mazemesh.v1.registry_pb2 import PromotionRules, RequiredCheck

_CHECK = re.compile(r"([a-z0-9-]+)(?:(<=|>=)(.+))?")


def rules(
    name: Annotated[str, typer.Argument(help="Name of the policy.")],
    alias: Annotated[str, typer.Option(help="The alias that they are for.")] = "champion",
    movers: Annotated[
        list[str] | None,
        typer.Option("--mover", help="Id of a key that may move it; repeat for several."),
    ] = None,
    checks: Annotated[
        list[str] | None,
        typer.Option(
            "--check",
            help='A check that must have been passed, with or without a bound: "parity-64", '
            '"latency-1<=5", "smoke>=0.5"; repeat for several.',
        ),
    ] = None,
    gate: Annotated[
        bool, typer.Option("--gate", help="A gate must have passed, against the present version.")
    ] = False,
    against: Annotated[
        str, typer.Option(help="A gate must have passed, against this player.")
    ] = "",
    min_elo0: Annotated[
        float | None, typer.Option(help="Least elo0 (normalized Elo) of that gate.")
    ] = None,
    max_alpha: Annotated[float | None, typer.Option(help="Largest alpha of that gate.")] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Take the rules away.")] = False,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Show or set the rules for moves of an alias.

    Without options they are shown; with any, these take the place of those that were there. A
    version that the alias stood for before needs neither checks nor a gate: `mazemesh rollback`
    works always.
    """
    from mazemesh.v1.registry_pb2 import PromotionRules, RequiredGate

    with_gate = gate or bool(against) or min_elo0 is not None or max_alpha is not None
    changes = bool(movers or checks or with_gate)
    if clear and changes:
        raise typer.BadParameter("--clear takes all rules away; say it alone")
    wanted = PromotionRules(
        name=name, alias=alias, movers=movers or (), checks=map(_check, checks or ())
    )
    if with_gate:
        wanted.gate.CopyFrom(RequiredGate(baseline=against, min_elo0=min_elo0, max_alpha=max_alpha))
    with connected(data_dir, host, port_base, ("model",)) as mesh:
        found = list(mesh.model.rules(name))
        if changes or clear:
            revision = next((one.revision for one in found if one.alias == alias), 0)
            found = [mesh.model.set_rules(wanted, revision)]
    if json:
        print_json([_data(one) for one in found])
        return
    lines = [line for one in found for line in _lines(one)]
    for line in lines or [f"{name} has no rules; whoever may move its aliases moves them"]:
        typer.echo(line)


def _check(text: str) -> RequiredCheck:
    from mazemesh.v1.registry_pb2 import RequiredCheck

    match = _CHECK.fullmatch(text.replace(" ", ""))
    try:
        if match is None:
            raise ValueError(text)
        name, bound, figure = match.groups()
        number = float(figure) if bound else None
    except ValueError as error:
        raise typer.BadParameter(
            f'--check {text!r}; expected "parity-64", "latency-1<=5" or "smoke>=0.5"'
        ) from error
    least, most = (number if bound == sign else None for sign in (">=", "<="))
    return RequiredCheck(check=name, at_least=least, at_most=most)


def _lines(one: PromotionRules) -> list[str]:
    data = _data(one)
    found = [f"{one.name}:{one.alias} (revision {one.revision})"]
    if data["movers"]:
        found.append(f"  may be moved by {', '.join(data['movers'])}")
    found += [f"  needs check {text}" for text in data["checks"]]
    if data["gate"] is not None:
        gate = data["gate"]
        bounds = [
            f", {words} {gate[key]:g}"
            for key, words in (("min_elo0", "elo0 at least"), ("max_alpha", "alpha at most"))
            if gate[key] is not None
        ]
        found.append(
            f"  needs a gate against {gate['baseline'] or 'the version that it stands for'}"
            f"{''.join(bounds)}"
        )
    if len(found) == 1:
        found.append("  no rules")
    return found


def _data(one: PromotionRules) -> dict[str, Any]:
    gate = None
    if one.HasField("gate"):
        gate = {
            "baseline": one.gate.baseline,
            "min_elo0": one.gate.min_elo0 if one.gate.HasField("min_elo0") else None,
            "max_alpha": one.gate.max_alpha if one.gate.HasField("max_alpha") else None,
        }
    return {
        "name": one.name,
        "alias": one.alias,
        "revision": one.revision,
        "movers": list(one.movers),
        "checks": [_text(check) for check in one.checks],
        "gate": gate,
    }


def _text(check: RequiredCheck) -> str:
    least = f">={check.at_least:g}" if check.HasField("at_least") else ""
    most = f"<={check.at_most:g}" if check.HasField("at_most") else ""
    return f"{check.check}{least}{most}"
