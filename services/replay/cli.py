"""`mazemesh tables ...`: look into the tables of Replay, and carry their rows out and in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mazemesh.cli.options import (
    DATA_DIR,
    DataDir,
    Host,
    Json,
    PortBase,
    connected,
    errors_as_lines,
    is_listing,
)
from mazemesh.cli.output import print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from mazemesh.v1.replay_pb2 import TableInfo
    from mazemesh.wire.tensors import Signature
    from services.replay.export.parquet import Rows

app = typer.Typer(
    help="Tables of experience: list them, carry rows out and in.",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
)

TableName = Annotated[str, typer.Argument(help="Name of the table.")]


@app.callback()
def list_tables(
    context: typer.Context,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Show the tables: how full they are, and who waits for their limiters."""
    if not is_listing(context):
        return
    with connected(data_dir, host, port_base, ("replay",)) as mesh:
        infos = mesh.replay.list_tables()
    if json:
        print_json([_as_data(info) for info in infos])
        return
    columns = ["table", "rows", "capacity", "inserted", "sampled", "diff", "waiting", "log MB"]
    rows = [
        [
            info.table.name,
            info.size,
            info.table.capacity,
            info.inserts,
            info.samples,
            info.diff,
            f"{info.waiting_inserts} in, {info.waiting_samples} out",
            f"{info.log_bytes / 1e6:.1f}",
        ]
        for info in infos
    ]
    print_table("Tables", columns, rows)


@app.command()
def export(
    table: TableName,
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Parquet file to write.")],
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
) -> None:
    """Write the rows of a table to a Parquet file; nothing is taken out of the table.

    Reads the data folder. A service that runs on it is asked for a checkpoint first.
    """
    with errors_as_lines():
        signature, rows = _rows_on_disk(table, data_dir, host, port_base)
        count = _parquet().write(file, signature, rows)
    typer.echo(f"{count} rows of {table} in {file}")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Parquet file.")],
    table: TableName,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
) -> None:
    """Insert the rows of a Parquet file into a table that is there, as its limiter allows."""
    from mazemesh.errors import NotFound
    from mazemesh.wire.tensors import Signature

    with connected(data_dir, host, port_base, ("replay",)) as mesh:
        found = [i.table for i in mesh.replay.list_tables() if i.table.name == table]
        if not found:
            raise NotFound(f"table {table!r} does not exist")
        signature = Signature.from_proto(found[0].signature)
        batch_rows = max(1, min(1024, 1_000_000 // max(1, signature.row_bytes), found[0].capacity))
        count = 0
        with mesh.replay.writer(table, signature) as writer:
            for columns, beside in _parquet().read(file, signature, batch_rows):
                writer.append(columns, beside.priorities, beside.policy_versions)
                count += len(beside.priorities)
    typer.echo(f"{count} rows of {file} in {table}")


@app.command()
def checkpoint(
    table: Annotated[str, typer.Argument(help="Name of the table; none is all.")] = "",
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
) -> None:
    """Store tables as they are now; their logs begin anew."""
    with connected(data_dir, host, port_base, ("replay",)) as mesh:
        made = mesh.replay.checkpoint(table)
    for each in made:
        typer.echo(f"{each.table}: checkpoint {each.number}, {each.size_bytes / 1e6:.1f} MB")


@app.command()
def delete(
    table: TableName,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
) -> None:
    """Delete a table with its rows."""
    with connected(data_dir, host, port_base, ("replay",)) as mesh:
        mesh.replay.delete_table(table)
    typer.echo(f"deleted {table}")


def _rows_on_disk(
    table: str, data_dir: Path, host: str | None, port_base: int | None
) -> tuple[Signature, Iterator[Rows]]:
    from mazemesh.cli.options import find
    from mazemesh.client.mesh import connect
    from mazemesh.errors import Unavailable
    from services.replay.export import stored_rows
    from services.replay.journal.files import lock_folder

    folder = data_dir / "replay"
    try:
        with connect(*find(data_dir, host, port_base)) as mesh:
            mesh.replay.checkpoint(table)
        return stored_rows.checkpointed_rows(folder, table)
    except Unavailable:
        # Held until this process ends, so that no service starts meanwhile.
        lock_folder(folder)
        return stored_rows.all_rows(folder, table)


def _parquet() -> ModuleType:
    from mazemesh.errors import FailedPrecondition

    try:
        from services.replay.export import parquet
    except ModuleNotFoundError as error:
        raise FailedPrecondition(
            "Parquet files need pyarrow: pip install 'mazemesh[archive]'"
        ) from error
    return parquet


def _as_data(info: TableInfo) -> dict[str, object]:
    return {
        "table": info.table.name,
        "rows": info.size,
        "capacity": info.table.capacity,
        "inserts": info.inserts,
        "samples": info.samples,
        "deletes": info.deletes,
        "diff": info.diff,
        "waiting_inserts": info.waiting_inserts,
        "waiting_samples": info.waiting_samples,
        "insert_wait_seconds": info.insert_wait.ToNanoseconds() / 1e9,
        "sample_wait_seconds": info.sample_wait.ToNanoseconds() / 1e9,
        "bytes": info.bytes,
        "log_bytes": info.log_bytes,
    }
