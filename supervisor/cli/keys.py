"""`mazemesh keys`: makes, lists and revokes API keys (docs/security.md)."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from mazemesh.cli.options import DATA_DIR, DataDir, Json, errors_as_lines

if TYPE_CHECKING:
    from services._harness.access.callers.keys import Key
    from services._harness.access.callers.sql_keys import SqlKeys

T = TypeVar("T")

DatabaseUrl = Annotated[
    str,
    typer.Option(
        "--database-url",
        envvar="MAZEMESH_DATABASE_URL",
        help="Database of the services; default: access.sqlite in the data folder.",
    ),
]
_UNITS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}

keys = typer.Typer(no_args_is_help=True, add_completion=False, help="API keys: who may call what.")


@keys.command()
def create(
    role: Annotated[
        str,
        typer.Option(
            help="viewer, player, worker, trainer, operator, admin, game-service, "
            "matchmaker-service or model-service; docs/security.md tells what each may do."
        ),
    ],
    label: Annotated[str, typer.Option(help="Whose it is, for people.")] = "",
    policies: Annotated[
        list[str] | None,
        typer.Option(
            help="Prefix of the policies and tables that it may touch; may be repeated. A trainer "
            "needs one, or '*'."
        ),
    ] = None,
    game: Annotated[
        list[str] | None, typer.Option(help="Game that it is for; may be repeated. Default: all.")
    ] = None,
    player: Annotated[str, typer.Option(help="player/NAME that a player's key acts as.")] = "",
    expires: Annotated[str, typer.Option(help="After how long: 12h, 90d. Default: never.")] = "",
    out: Annotated[
        Path | None, typer.Option(help="Write the key to this new file, of mode 600.")
    ] = None,
    data_dir: DataDir = DATA_DIR,
    database_url: DatabaseUrl = "",
    as_json: Json = False,
) -> None:
    """Make a key. It is shown once, and only its hash is kept."""
    import time

    with errors_as_lines():
        from services._harness.access.callers.keys import new_key

        key, text = new_key(
            _role(role),
            time.time(),
            label=label,
            policies=tuple(policies or ()),
            games=tuple(game or ()),
            player=player,
            expires_in=_duration(expires) if expires else None,
        )
        with _new_key_file(out, text):
            _administer(data_dir, database_url, "keys create", key, lambda store: store.add(key))
        _show_created(key, text, out, as_json=as_json)


@keys.command("list")
def list_keys(
    data_dir: DataDir = DATA_DIR, database_url: DatabaseUrl = "", as_json: Json = False
) -> None:
    """All keys, the oldest first, without their secrets."""
    import time

    from mazemesh.cli.output import print_json, print_table

    with errors_as_lines():
        found = _with_store(data_dir, database_url, lambda store: store.keys())
    now = time.time()
    if as_json:
        print_json({"keys": [_described(key, now) for key in found]})
        return
    columns = ("id", "role", "label", "names", "created", "last used", "state")
    rows = [
        (
            *(key.id, key.role.value, key.label, _names(key), _date(key.create_time)),
            *(_date(key.use_time), _described(key, now)["state"]),
        )
        for key in found
    ]
    print_table("keys", columns, rows)


@keys.command()
def revoke(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="As `keys list` shows it.")],
    data_dir: DataDir = DATA_DIR,
    database_url: DatabaseUrl = "",
    as_json: Json = False,
) -> None:
    """Void a key for ever, on all instances within 5 seconds."""
    import time

    from mazemesh.cli.output import print_json

    with errors_as_lines():
        key = _with_store(
            data_dir, database_url, lambda store: _revoked(store, data_dir, identifier)
        )
    if as_json:
        print_json(_described(key, time.time()))
    else:
        print(f"{key.id} ({key.role}{', ' + key.label if key.label else ''}) is revoked")


def _role(text: str) -> Any:
    from mazemesh.errors import InvalidArgument
    from services._harness.access.callers.roles import Role

    if text not in {role.value for role in Role}:
        raise InvalidArgument(f"role: {text!r} should be one of {', '.join(Role)}")
    return Role(text)


def _duration(text: str) -> float:
    from mazemesh.errors import InvalidArgument

    number, unit = text[:-1], text[-1:]
    try:
        value = float(number) * _UNITS[unit]
    except (ValueError, KeyError):
        value = 0.0
    if not 0 < value < 1e10:
        raise InvalidArgument(f"expires: {text!r} is no duration; examples: 12h, 90d")
    return value


@contextmanager
def _new_key_file(out: Path | None, text: str) -> Iterator[None]:
    """Keeps a file with the key, if what happens inside succeeds."""
    from mazemesh.errors import Conflict

    if out is None:
        yield
        return
    try:
        file = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise Conflict(f"out: {out} is there already; choose a new file") from error
    try:
        with os.fdopen(file, "w") as stream:
            stream.write(text + "\n")
        yield
    except BaseException:
        out.unlink(missing_ok=True)
        raise


def _show_created(key: Key, text: str, out: Path | None, *, as_json: bool) -> None:
    from mazemesh.cli.output import print_json

    shown = {"key_file": str(out)} if out else {"key": text}
    if as_json:
        print_json({**_described(key, key.create_time), **shown})
    elif out is not None:
        print(f"{key.id} ({key.role}): the key is in {out}; give it as MAZEMESH_KEY_FILE")
    else:
        print(text)
        sys.stderr.write("This is shown once; give it as MAZEMESH_KEY, or in a file of mode 600\n")


def _described(key: Key, now: float) -> dict[str, Any]:
    return {
        "id": key.id,
        "role": key.role.value,
        "label": key.label,
        "policies": list(key.policies),
        "games": list(key.games),
        "player": key.player,
        "create_time": key.create_time,
        "expire_time": key.expire_time,
        "revoke_time": key.revoke_time,
        "last_use_time": key.use_time,
        "state": key.why_void(now) or "good",
    }


def _names(key: Key) -> str:
    policies = [f"{prefix}*" for prefix in key.policies]
    return " ".join((*policies, *key.games, *filter(None, [key.player]))) or "all"


def _date(time: float | None) -> str:
    from datetime import UTC, datetime

    return "-" if time is None else datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M")


async def _revoked(store: SqlKeys, data_dir: Path, identifier: str) -> Key:
    import time

    from mazemesh.errors import NotFound

    known = [key for key in await store.keys() if key.id == identifier]
    if not known:
        raise NotFound(f"there is no key {identifier!r}; `mazemesh keys list` has them")
    return await _audited(
        data_dir, "keys revoke", known[0], lambda: store.revoke(identifier, time.time())
    )


def _administer(
    data_dir: Path, database_url: str, what: str, key: Key, work: Callable[[SqlKeys], Awaitable[T]]
) -> T:
    return _with_store(
        data_dir, database_url, lambda store: _audited(data_dir, what, key, lambda: work(store))
    )


async def _audited(data_dir: Path, what: str, key: Key, work: Callable[[], Awaitable[T]]) -> T:
    """Does something to a key, with a line before and one after; without the first it is not."""
    import getpass
    import time

    from services._harness.access.audit.log import FOLDER, AuditLog

    log = AuditLog(data_dir / FOLDER, "keys", time.time)
    line = {
        "method": what,
        "key": "-",
        "role": "-",
        "label": getpass.getuser(),
        "address": "this machine",
        "names": {"key": key.id, "role": key.role.value, "label": key.label},
    }
    try:
        await log.write_first(**line, outcome="ASKED")
        try:
            done = await work()
        except BaseException as error:
            log.note(**line, outcome=type(error).__name__)
            raise
        log.note(**line, outcome="OK")
        return done
    finally:
        log.close()


def _with_store(data_dir: Path, database_url: str, work: Callable[[SqlKeys], Awaitable[T]]) -> T:
    import asyncio

    from mazemesh.errors import FailedPrecondition
    from mazemesh.process.errors import StartError
    from mazemesh.sqlite_url import sqlite_url
    from services._harness.access.callers.sql_keys import PACKAGE, SqlKeys
    from services._harness.sql.database import Database

    url = database_url or sqlite_url(data_dir.expanduser().absolute() / "access.sqlite")

    async def run() -> T:
        database = Database(url)
        try:
            await database.migrate(PACKAGE)
            return await work(SqlKeys(database))
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except StartError as error:
        raise FailedPrecondition(str(error)) from error
