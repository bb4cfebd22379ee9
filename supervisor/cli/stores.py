"""`mazemesh migrate`, `backup` and `restore`: all that a mesh keeps, moved, saved, brought back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mazemesh.cli.options import DATA_DIR, DataDir, Json, errors_as_lines
from mazemesh.cli.output import print_json

if TYPE_CHECKING:
    from pathlib import Path

    from supervisor.stores.kept import StoreSettings

Database = Annotated[
    str | None,
    typer.Option(help="postgresql://user:password@host/name; else MAZEMESH_DATABASE_URL."),
]
BlobsUrl = Annotated[
    str | None,
    typer.Option("--blobs", help="s3://bucket/prefix or a folder; else MAZEMESH_BLOBS_URL."),
]


def migrate(
    to: Annotated[str, typer.Option(help="The database: postgresql://user:password@host/name.")],
    blobs: Annotated[
        str | None,
        typer.Option(help="Where files go: s3://bucket/prefix or a folder; without it they stay."),
    ] = None,
    data_dir: DataDir = DATA_DIR,
    json: Json = False,
) -> None:
    """Move the data folder of a stopped mesh into PostgreSQL and S3.

    Rows are counted and hashed on both sides. The folder stays as it is. Repeat the command when it
    was cut off: it goes on. A database that holds something else is refused.
    """
    from supervisor.stores.migrate import move

    with errors_as_lines(), _databases_errors():
        copied = move(_settings(data_dir, to, blobs, from_environment=False), _tell(json))
    if json:
        print_json({name: found._asdict() for name, found in copied.items()})
    else:
        sys.stdout.write(_next(to, blobs))


def backup(
    target: Annotated[str, typer.Argument(help="Where to: a folder, or s3://bucket/prefix.")],
    data_dir: DataDir = DATA_DIR,
    database: Database = None,
    blobs: BlobsUrl = None,
    experience: Annotated[
        bool, typer.Option(help="Also tables of experience and checkpoints of learners.")
    ] = True,
    json: Json = False,
) -> None:
    """Back a mesh up while it runs: ratings, policies, recordings, experience, learners.

    Several backups in one place share the files that are the same.
    """
    from services._harness.blobs.opening import open_url
    from supervisor.stores.backup import back_up

    with errors_as_lines(), _databases_errors():
        settings = _settings(data_dir, database, blobs)
        made = back_up(
            settings, open_url(target, settings), experience=experience, told=_tell(json)
        )
    if made.missing:
        sys.stderr.write(f"mazemesh: {len(made.missing)} files were missing in the mesh itself\n")
    if json:
        print_json({"id": made.id, "parts": made.parts, "missing": made.missing})
    else:
        sys.stdout.write(f"backup {made.id}; bring it back with: mazemesh restore {target}\n")


def restore(
    source: Annotated[str, typer.Argument(help="Where backups are: a folder or s3://...")],
    at: Annotated[str | None, typer.Option(help="Id of the backup; else the newest.")] = None,
    data_dir: DataDir = DATA_DIR,
    database: Database = None,
    blobs: BlobsUrl = None,
    json: Json = False,
) -> None:
    """Bring a backup back: into an empty data folder, or into --database and --blobs.

    Repeat the command when it was cut off: it goes on.
    """
    from services._harness.blobs.opening import open_url
    from supervisor.stores.manifest import find
    from supervisor.stores.restore import restore as bring_back

    with errors_as_lines(), _databases_errors():
        settings = _settings(data_dir, database, blobs)
        kept = open_url(source, settings)
        manifest = find(kept, at)
        bring_back(kept, manifest, settings, _tell(json))
    if json:
        print_json({"id": manifest.id, "parts": manifest.parts})
    else:
        sys.stdout.write(f"backup {manifest.id} is back\n")


def _settings(
    data_dir: Path, database: str | None, blobs: str | None, *, from_environment: bool = True
) -> StoreSettings:
    """Flags, and where they are not given the environment."""
    from supervisor.stores.kept import StoreSettings

    given: dict[str, Any] = {"data_dir": data_dir}
    if database is not None or not from_environment:
        given["database_url"] = database
    if blobs is not None or not from_environment:
        given["blobs_url"] = blobs
    return StoreSettings(**given)


@contextmanager
def _databases_errors() -> Iterator[None]:
    """What a database says, and what is wrong with a URL, in one line as well."""
    from sqlalchemy.exc import DBAPIError

    from mazemesh.errors import Unavailable
    from mazemesh.process.errors import StartError

    try:
        yield
    except DBAPIError as error:
        raise Unavailable(f"the database cannot be used ({str(error.orig).strip()})") from error
    except StartError as error:
        sys.stderr.write(f"mazemesh: {error}\n")
        raise typer.Exit(error.exit_code) from error


def _tell(json: bool) -> Any:
    return lambda line: None if json else sys.stdout.write(f"{line}\n") and sys.stdout.flush()


def _next(to: str, blobs: str | None) -> str:
    from sqlalchemy.engine import make_url

    shown = make_url(to).render_as_string(hide_password=True)
    more = f" and MAZEMESH_BLOBS_URL={blobs}" if blobs else ""
    return f"moved; start services with MAZEMESH_DATABASE_URL={shown}{more}\n"
