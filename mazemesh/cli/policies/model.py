"""`mazemesh publish`: put an ONNX file into the registry."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mazemesh.cli.options import (
    DATA_DIR,
    DataDir,
    Host,
    Json,
    PortBase,
    connected,
    errors_as_lines,
)
from mazemesh.cli.output import print_json
from mazemesh.cli.policies.checks import pairs


def publish(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The ONNX file.")],
    name: Annotated[str, typer.Option(help="Name of the policy.")],
    game: Annotated[str, typer.Option(help="The game it plays, under its default settings.")],
    snapshot: Annotated[bool, typer.Option(help="Keep it and rate it.")] = True,
    q_values: Annotated[
        bool | None,
        typer.Option(
            "--q-values/--preferences",
            help="Its logits are Q-values, of which the best is played, or preferences, by whose "
            "softmax is drawn. Default: what the file's own metadata say (mazemesh.q_values), "
            "else preferences.",
        ),
    ] = None,
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="What an input or output of the file is, THEIRS=OURS, e.g. obs=observation or "
            "q=logits; for each that cannot be told by itself.",
        ),
    ] = None,
    variants: Annotated[
        str,
        typer.Option(
            help="Other forms that the Model service makes of the file, compares with it and "
            "stores beside it: some of fp16, bf16, int8, separated by commas."
        ),
    ] = "",
    run: Annotated[str, typer.Option(help="Id of the run that trained it.")] = "",
    step: Annotated[int, typer.Option(min=0, help="Training step of that run.")] = 0,
    parent: Annotated[
        int, typer.Option(min=0, help="Version of the same name that it grew from.")
    ] = 0,
    code: Annotated[str, typer.Option(help="Version of the code that trained it.")] = "",
    config: Annotated[
        list[str] | None,
        typer.Option(
            "--config", help="What the run was started with, KEY=VALUE; repeat for several."
        ),
    ] = None,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Publish a policy that was trained elsewhere.

    The file is validated against the game by the Model service, on observations of real play whose
    answers are computed here first, by another program than the one that plays it. Weights that lie
    beside the file are put into it. Files of other libraries (docs/third-party.md) are given the
    form of a policy: names, element types, a free batch axis, a mask over illegal actions.
    """
    from mazemesh.policy.publishing import prepare

    with errors_as_lines():
        publication = prepare(
            *(file, name, game),
            snapshot=snapshot,
            q_values=q_values,
            names=_mapping(names or []),
            variants=[part.strip() for part in variants.split(",") if part.strip()],
        )
        header = publication.header
        header.run_id, header.training_step, header.parent_version = run, step, parent
        header.code_version = code
        header.config.update(pairs("--config", config or []))
        with connected(data_dir, host, port_base, ("game", "model"), [game]) as mesh:
            published = publication.send(mesh.model)
    if json:
        told = asdict(published)
        del told["size_bytes"]
        print_json(told)
    else:
        typer.echo(f"published {published.policy} ({published.size_bytes} bytes)")
        if published.changes:
            typer.echo(f"changed in the file: {'; '.join(published.changes)}")
        kind = (
            "the best of its Q-values" if published.q_values else "draws by softmax of its logits"
        )
        typer.echo(
            f"plays {kind}; expected answers are {published.expected_from}'s; compared: "
            f"{published.compared}"
        )
        for one in published.variants:
            typer.echo(f"variant {one}")


def _mapping(given: list[str]) -> dict[str, str]:
    from mazemesh.errors import InvalidArgument

    found = {}
    for one in given:
        theirs, equals, ours = one.partition("=")
        if not (theirs and equals and ours):
            raise InvalidArgument(f"map: {one!r}; expected THEIRS=OURS, as in obs=observation")
        found[theirs] = ours
    return found
