"""Tables of experience and checkpoints of learners, as files: where they are, and where they go."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from learner.record.checkpoint import find
from learner.record.journal import DESCRIPTION
from mazemesh.errors import Conflict
from services._harness.blobs.store import Blobs, every, read_all
from services._harness.blobs.within import Within
from services.replay.journal.table_folder import parse_name
from services.replay.stores.shard_copy import CLAIM, WHOLE, ShardCopy, key
from supervisor.stores.transfer import fetch

_ATTEMPTS: Final = 5
_JOURNALS: Final = ("*.jsonl", "*.json", "*.toml")


@dataclass(frozen=True, slots=True)
class LooseFile:
    """A file that is not named by its hash.

    Attributes:
        name: relative to the backup.
        path: of a copy that nobody changes.
    """

    name: str
    path: Path


def local_tables(data_dir: Path, unfinished: Path) -> Iterator[LooseFile]:
    """The newest checkpoint of each table and the log since, of a folder in use.

    A log only grows, so what is copied of it is what a restart would find at that moment. Nothing
    but the end of the log is copied, if `unfinished` is on the same disk.
    """
    folders = sorted((data_dir / "replay").glob("*/"))
    for folder in folders:
        for attempt in range(1, _ATTEMPTS + 1):
            target = unfinished / folder.name
            try:
                names = _needed(folder)
                target.mkdir(parents=True)
                for name in names[:-1]:
                    _link(folder / name, target / name)
                for name in names[-1:]:  # it may still grow
                    shutil.copyfile(folder / name, target / name)
            except FileNotFoundError:
                # A checkpoint was made meanwhile, or the table is gone.
                shutil.rmtree(target, ignore_errors=True)
                if attempt == _ATTEMPTS:
                    raise
                continue
            for name in names:
                yield LooseFile(f"experience/0/{folder.name}/{name}", target / name)
            break


def shared_tables(shared: Blobs, unfinished: Path) -> Iterator[LooseFile]:
    """The same, of all shards that are copied to a blob store, as far as they are."""
    for shard in first_parts(Within(shared, "experience/")):
        copy = ShardCopy(Within(shared, f"experience/{shard}/"))
        life = copy.newest_whole()
        for table in copy.tables(life) if life is not None else ():
            target = unfinished / shard / table.folder
            target.mkdir(parents=True)
            for name in table.names:
                fetch(copy.blobs, f"{table.prefix}/{name}", target / name)
                yield LooseFile(f"experience/{shard}/{table.folder}/{name}", target / name)


def local_runs(data_dir: Path, unfinished: Path) -> Iterator[LooseFile]:
    """The newest checkpoint of each learner's folder, and the run's record."""
    for folder in sorted((data_dir / "learner").glob("*/")):
        paths = [*find(folder)[-1:], *(p for each in _JOURNALS for p in sorted(folder.glob(each)))]
        for path in paths:
            target = unfinished / quoted(folder.name) / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                shutil.copyfile(path, target)
            except FileNotFoundError:
                continue  # there is a newer one, and this one is still in the next backup
            yield LooseFile(f"learner/{quoted(folder.name)}/{path.name}", target)


def shared_runs(shared: Blobs, unfinished: Path) -> Iterator[LooseFile]:
    """The newest checkpoint of each policy's learner in a blob store."""
    room = Within(shared, "learner/")
    for policy in first_parts(room):
        copies = [blob for blob in every(room, f"{policy}/") if blob.key.endswith(".pt")]
        if not copies:
            continue
        newest = max(copies, key=lambda blob: (blob.put_time, blob.key))
        _, run_id, name = newest.key.split("/")
        target = unfinished / policy
        target.mkdir(parents=True)
        fetch(room, newest.key, target / name)
        (target / DESCRIPTION).write_text(json.dumps({"run_id": run_id}))
        yield LooseFile(f"learner/{policy}/{name}", target / name)
        yield LooseFile(f"learner/{policy}/{DESCRIPTION}", target / DESCRIPTION)


def put_tables(files: Iterable[tuple[str, Path]], shared: Blobs, source_id: str) -> int:
    """Puts tables as a life of their shards, from which these start on any machine; tables.

    Args:
        files: names as those of `LooseFile`, with what they hold; each is deleted when it is put.
        shared: the blob store.
        source_id: tells a try that goes on from another one.

    Raises:
        Conflict: see `Blobs`.
    """
    lives: dict[str, tuple[ShardCopy, int]] = {}
    tables = set()
    for name, path in files:
        _, shard, table, file = name.split("/")
        if shard not in lives:
            lives[shard] = _life(ShardCopy(Within(shared, f"experience/{shard}/")), source_id)
        copy, life = lives[shard]
        copy.blobs.put(key(life, table, "copied", file), path)
        path.unlink()
        tables.add((shard, table))
    for copy, life in lives.values():
        copy.blobs.put(key(life, WHOLE), b"")
    return len(tables)


def put_runs(files: list[tuple[str, Path]], shared: Blobs) -> int:
    """Puts checkpoints where learners look for them; how many."""
    described = {
        name.split("/")[1]: json.loads(path.read_text())["run_id"]
        for name, path in files
        if name.endswith(f"/{DESCRIPTION}")
    }
    count = 0
    for name, path in files:
        _, policy, file = name.split("/")
        if file.endswith(".pt") and policy in described:
            shared.put(f"learner/{policy}/{described[policy]}/{file}", path)
            count += 1
    return count


def first_parts(blobs: Blobs) -> list[str]:
    """The first parts of all keys, each once."""
    found, after = list[str](), ""
    while page := blobs.list("", after, 1):
        part, slash, _ = page[0].key.partition("/")
        if slash:
            found.append(part)
        after = f"{part}0"  # comes after the slash
    return found


def quoted(policy: str) -> str:
    """A policy's name as a part of a key."""
    return quote(policy, safe="").replace(".", "%2E")


def _link(source: Path, target: Path) -> None:
    """A second name for a file that changes no more; a copy where there are no second names."""
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(source, target)


def _life(copy: ShardCopy, source_id: str) -> tuple[ShardCopy, int]:
    """The life that an earlier try began, or a new one."""
    lives = copy.lives()
    if lives and read_all(copy.blobs, key(lives[-1], CLAIM)) == source_id.encode():
        return copy, lives[-1]
    if copy.newest_whole() is not None:
        raise Conflict("the blob store has experience already; give another place in it")
    return copy, copy.begin(source_id)


def _needed(folder: Path) -> list[str]:
    """The newest checkpoint and the segments since, in order; none where that is no table."""
    known = [(*parse_name(path.name), path.name) for path in folder.iterdir()]
    checkpoints = [(number, name) for kind, number, name in known if kind == "checkpoint"]
    if not checkpoints:
        return []
    newest, name = max(checkpoints)
    segments = sorted((n, each) for kind, n, each in known if kind == "log" and n >= newest)
    return [name, *(each for _, each in segments)]
