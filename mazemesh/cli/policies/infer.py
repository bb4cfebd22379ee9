"""`mazemesh infer`: asks a policy that the mesh runs, and tells what it takes and gives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mazemesh.cli.options import DATA_DIR, DataDir, Host, Json, PortBase, connected, errors_as_lines
from mazemesh.cli.output import print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mazemesh.v1.model_pb2 import GetPolicySignatureResponse
    from mazemesh.v1.tensor_pb2 import TensorSpec

_LOAD_SECONDS = 60.0
_SHOWN_ROWS = 20


def infer(
    policy: Annotated[
        str, typer.Argument(help='"race:41", "race:champion", or "race" for its latest version.')
    ],
    columns: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]",
            help="Observations: an .npz with a column [rows, ...] for each input. Without it the "
            "command tells what the policy takes and gives.",
        ),
    ] = None,
    output: Annotated[
        list[str] | None, typer.Option(help="A column to answer; again for more.")
    ] = None,
    temperature: Annotated[
        float | None, typer.Option(min=0.0, help="Of the draws; 0 takes the best. Default: 1.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the draws.")] = None,
    variant: Annotated[
        str,
        typer.Option(
            help="fp16, bf16 or int8: that form of the version's file, where it has it; else the "
            "file as it was published answers."
        ),
    ] = "",
    info: Annotated[
        bool,
        typer.Option(
            "--info", help="Tell what the policy takes and gives, and what it is run on and why."
        ),
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Save all answers to this .npz; else they are shown.")
    ] = None,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Ask a policy about observations, as the mesh runs it."""
    import numpy as np

    from mazemesh.errors import InvalidArgument

    given = None
    if columns is not None and not info:
        with errors_as_lines():
            try:
                with np.load(columns) as file:
                    given = {name: file[name] for name in file.files}
            except (ValueError, AttributeError, TypeError) as error:
                raise InvalidArgument(f"{columns} is no .npz with columns: {error}") from error
    with connected(data_dir, host, port_base, ("model",)) as mesh:
        if given is None:
            _show(mesh.model.policy_signature(policy, _LOAD_SECONDS, variant), json=json)
            return
        told = mesh.model.infer(
            policy,
            given,
            outputs=output or (),
            temperature=temperature,
            seed=seed,
            variant=variant,
            deadline=_LOAD_SECONDS,
        )
    if out is not None:
        with errors_as_lines():
            np.savez(out, **told.columns)  # type: ignore[arg-type]
    if json:
        answers = {} if out else {name: array.tolist() for name, array in told.columns.items()}
        print_json({"policy": told.reference, "variant": told.variant, "columns": answers})
    elif out is not None:
        typer.echo(f"{told.reference} answered {', '.join(told.columns)}: {out}")
    else:
        _table(told.reference, told.columns)


def _table(reference: str, columns: Mapping[str, Any]) -> None:
    names = list(columns)
    rows = len(columns[names[0]])
    shown = [
        (row, *(_text(columns[name][row]) for name in names))
        for row in range(min(rows, _SHOWN_ROWS))
    ]
    print_table(reference, ("row", *names), shown)
    if rows > _SHOWN_ROWS:
        typer.echo(f"{rows - _SHOWN_ROWS} more rows; --out FILE.npz or --json has all", err=True)


def _text(value: Any) -> str:
    import numpy as np

    return np.array2string(value, precision=4, threshold=12, separator=" ")


def _show(told: GetPolicySignatureResponse, *, json: bool) -> None:
    from mazemesh.client.policies.inferring import variant_name

    reference = f"{told.name}:{told.version}"
    rows = [
        *_rows("in", told.inputs.columns, set(told.optional_inputs)),
        *_rows("out", told.outputs.columns, set()),
    ]
    if json:
        names = ("way", "column", "dtype", "shape", "optional")
        columns = [dict(zip(names, row, strict=True)) for row in rows]
        print_json(
            {
                "policy": reference,
                "state_size": told.state_size,
                "variant": variant_name(told.variant),
                "providers": list(told.providers),
                "providers_reason": told.providers_reason,
                "columns": columns,
            }
        )
        return
    table = [
        (way, name, kind, shape, "yes" if free else "") for way, name, kind, shape, free in rows
    ]
    print_table(reference, ("way", "column", "dtype", "row", "may be left out"), table)
    typer.echo(f"file: {variant_name(told.variant) or 'as it was published'}")
    typer.echo(f"run on: {', '.join(told.providers)}: {told.providers_reason}")


def _rows(
    way: str, columns: Iterable[TensorSpec], optional: set[str]
) -> list[tuple[str, str, str, list[int], bool]]:
    from mazemesh.wire.tensors import dtype_from_wire

    return [
        (
            way,
            one.name,
            dtype_from_wire(one.dtype, one.name).name,
            list(one.shape),
            one.name in optional,
        )
        for one in columns
    ]
