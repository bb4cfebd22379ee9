"""`python -m bench backup`: how long a backup of a running mesh takes, and its way back."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from mazemesh.client.elo import EloClient
from mazemesh.v1 import elo_pb2
from services._harness import serve
from services._harness.blobs.folder import FolderBlobs
from services._harness.blobs.hashed import HashedBlobs
from services._harness.blobs.store import every
from services._harness.sql.database import Database
from services.elo.bind import bind
from services.elo.settings import EloSettings
from services.game.play.outcome import Outcome
from services.game.store import FinishedMatch, ReplayEntry
from services.game.stores.sql import SqlResultStore
from services.model.registry.policy import State, Version
from services.model.stores.sql.registry import SqlRegistry
from supervisor.stores.backup import back_up
from supervisor.stores.kept import StoreSettings, room, shared_blobs
from supervisor.stores.manifest import find
from supervisor.stores.restore import restore

app = typer.Typer()

LADDER = "race"
RECORDING_BYTES = 2048
GAMES_A_FILE = 2
AT_ONCE = 1000


@app.command("backup")
def backup(
    *,
    matches: Annotated[int, typer.Option(help="of Elo", min=1)] = 100_000,
    policies: Annotated[int, typer.Option(help="versions with a file", min=2)] = 1_000,
    recordings: Annotated[int, typer.Option(help="games with a recording", min=2)] = 20_000,
    policy_kib: Annotated[int, typer.Option(help="size of a policy's file", min=1)] = 200,
    database: Annotated[str | None, typer.Option(help="else SQLite files")] = None,
    blobs: Annotated[str | None, typer.Option(help="else folders")] = None,
    folder: Annotated[str | None, typer.Option(help="for the files; else a temporary one")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Seconds of a backup while Elo takes results, of the next one, and of the way back.

    `ratings_equal`: each player's rating, as it is on the wire, is the same bytes as before.
    """
    sizes = matches, policies, recordings, policy_kib << 10
    with tempfile.TemporaryDirectory(prefix="bench-backup-", dir=folder) as temporary:
        settings = StoreSettings(
            data_dir=Path(temporary) / "data", database_url=database, blobs_url=blobs
        )
        report = {
            "bench": "backup",
            "matches": matches,
            "policies": policies,
            "recordings": recordings,
            "database": (database or "sqlite").partition(":")[0],
            "blobs": (blobs or "folder").partition(":")[0],
            **asyncio.run(_run(settings, Path(temporary), *sizes)),
        }
    print(json.dumps(report) if as_json else "\n".join(f"{k}: {v}" for k, v in report.items()))


async def _run(
    settings: StoreSettings,
    folder: Path,
    matches: int,
    policies: int,
    recordings: int,
    policy_bytes: int,
) -> dict[str, Any]:
    await _fill_model(settings, policies, policy_bytes)
    await _fill_game(settings, recordings)
    kept = FolderBlobs(folder / "backups")
    async with _elo(settings) as client:
        began = time.perf_counter()
        for start in range(0, matches, AT_ONCE):
            await asyncio.to_thread(client.record, _results(start, min(AT_ONCE, matches - start)))
        filled = time.perf_counter() - began
        before = await _settled(client)
        first, made = await _timed(lambda: back_up(settings, kept, experience=True, told=_nothing))
        second, _ = await _timed(lambda: back_up(settings, kept, experience=True, told=_nothing))
    size = sum(blob.size for blob in every(kept))
    back = StoreSettings(data_dir=folder / "back", database_url=None, blobs_url=None)
    found = find(kept, made.id)
    restored, _ = await _timed(lambda: restore(kept, found, back, _nothing))
    async with _elo(back) as client:
        equal = await _settled(client) == before
    return {
        "fill_seconds": filled,
        "backup_seconds": first,
        "next_backup_seconds": second,
        "restore_seconds": restored,
        "two_backups_bytes": size,
        "players": len(before),
        "ratings_equal": equal,
    }


async def _timed(call: Any) -> tuple[float, Any]:
    began = time.perf_counter()
    result = await asyncio.to_thread(call)
    return time.perf_counter() - began, result


@asynccontextmanager
async def _elo(settings: StoreSettings) -> AsyncIterator[EloClient]:
    own = EloSettings(port=0, data_dir=settings.data_dir, database_url=settings.database_url)
    async with serve(own, bind) as server:
        client = EloClient(server.address)
        try:
            yield client
        finally:
            client.close()


async def _settled(client: EloClient) -> list[bytes]:
    """All players' ratings, once the fit has seen all matches."""
    while True:
        page = await asyncio.to_thread(client.leaderboard, LADDER, page_size=1)
        if page.matches and page.fitted_matches == page.matches:
            return await asyncio.to_thread(_ratings, client)
        await asyncio.sleep(0.2)


def _ratings(client: EloClient) -> list[bytes]:
    found, token = list[bytes](), ""
    while True:
        page = client.leaderboard(LADDER, page_size=1000, page_token=token)
        found += [each.SerializeToString(deterministic=True) for each in page.players]
        token = page.next_page_token
        if not token:
            return found


def _results(start: int, count: int, players: int = 1000) -> list[elo_pb2.MatchResult]:
    rng = np.random.default_rng(start)
    results = []
    for index in range(start, start + count):
        first, second = rng.choice(players, 2, replace=False)
        wins = 1.0 / (1.0 + 10.0 ** ((int(second) - int(first)) / players))
        scores = [float(rng.random() < wins) for _ in range(2)]
        result = elo_pb2.MatchResult(
            match_id=f"match-{index}",
            ladder=LADDER,
            seed=index,
            rules_hash="ab" * 32,
            participants=[f"race:{first + 1}", f"race:{second + 1}"],
            games=[
                elo_pb2.GameOutcome(
                    game_id=f"match-{index}-r{rotation}",
                    rotation=rotation,
                    scores=[score, 1.0 - score],
                    steps=[40],
                    termination=1,
                )
                for rotation, score in enumerate(scores)
            ],
        )
        result.finish_time.FromNanoseconds(1_700_000_000_000_000_000 + index)
        results.append(result)
    return results


async def _fill_model(settings: StoreSettings, count: int, size: int) -> None:
    files = HashedBlobs(room(shared_blobs(settings), settings.data_dir, "policies"))
    hashes = await asyncio.to_thread(lambda: [files.put(os.urandom(size)) for _ in range(count)])
    async with _database(settings, "model") as database:

        def add(tx: Any) -> None:
            tx.lock()
            for number, sha256 in enumerate(hashes, 1):
                tx.versions.add(_version(number, sha256, size, tx.advance()))

        await SqlRegistry(database, 10_000).transact(add)


def _version(number: int, sha256: str, size: int, revision: int) -> Version:
    return Version(
        name="race",
        number=number,
        state=State.READY,
        request_id=f"request-{number}",
        run_id="run",
        training_step=number,
        parent_version=number - 1,
        snapshot=True,
        collection=bytes(200),
        spec_hash="ab" * 32,
        sha256=sha256,
        size_bytes=size,
        created=datetime.now(UTC),
        metadata={"torch": "2.9"},
        rejection="",
        revision=revision,
        q_values=False,
        checked="",
    )


async def _fill_game(settings: StoreSettings, count: int) -> None:
    files = HashedBlobs(room(shared_blobs(settings), settings.data_dir, "recordings"))
    async with _database(settings, "game") as database:
        store = SqlResultStore(database)
        for start in range(0, count, AT_ONCE):
            numbers = range(start, min(count, start + AT_ONCE), GAMES_A_FILE)
            await store.finish(await asyncio.to_thread(lambda n=numbers: list(_finished(files, n))))


def _finished(files: HashedBlobs, numbers: Sequence[int]) -> Iterator[FinishedMatch]:
    for number in numbers:
        name = files.put(os.urandom(RECORDING_BYTES))
        entries = tuple(
            ReplayEntry(
                game_id=f"match-{number}-r{index}",
                match_id=f"match-{number}",
                game="race",
                rules_hash="ab" * 32,
                participants=("race:1", "race:2"),
                outcome=Outcome((1.0, 0.0), 40, truncated=False),
                rated=True,
                finish_time=1.7e9 + number,
                file=name,
                index=index,
            )
            for index in range(GAMES_A_FILE)
        )
        yield FinishedMatch(f"match-{number}", 1.7e9 + number, None, entries)


@asynccontextmanager
async def _database(settings: StoreSettings, part: str) -> AsyncIterator[Database]:
    url = settings.database_url or f"sqlite:///{settings.data_dir}/{part}.sqlite"
    database = Database(url)
    await database.migrate(f"services.{part}")
    try:
        yield database
    finally:
        await database.close()


def _nothing(line: str) -> None:
    pass
