"""A whole mesh moved, backed up while it runs, and brought back."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from typer.testing import CliRunner

from mazemesh.cli.app import app
from mazemesh.client.elo import EloClient
from mazemesh.client.replay.replay import ReplayClient
from mazemesh.errors import Conflict, FailedPrecondition, InvalidArgument, NotFound
from mazemesh.game_replay import verify
from mazemesh.v1 import elo_pb2, game_pb2
from services._harness.blobs.folder import FolderBlobs
from services._harness.sql.database import Database
from services.elo.bind import bind as bind_elo
from services.elo.settings import EloSettings
from services.matchmaker.stores.tables import numbers
from services.replay.bind import bind as bind_replay
from services.replay.settings import ReplaySettings
from supervisor.stores.backup import back_up
from supervisor.stores.kept import StoreSettings
from supervisor.stores.manifest import complete, find
from supervisor.stores.migrate import move
from supervisor.stores.restore import restore
from tests.s3_server import S3Server
from tests.servers.elo_results import RESULTS
from tests.servers.game_matches import play_match
from tests.servers.game_server import race, running_game
from tests.servers.model_policies import publish
from tests.servers.model_server import running_model
from tests.servers.replay_rows import PRIORITIZED, SIGNATURE, rows
from tests.servers.running import RunningService, eventually

SMALL = game_pb2.GameSettings(width=5, height=4, step_limit=40)
LADDER = RESULTS[0].ladder


@contextmanager
def running_elo(data_dir: Path, **stores: Any) -> Iterator[EloClient]:
    service = RunningService(
        EloSettings(port=0, data_dir=data_dir, refit_seconds=0.05, **stores), bind_elo
    )
    client = EloClient(service.address)
    try:
        yield client
    finally:
        client.close()
        service.close()


@contextmanager
def running_replay(data_dir: Path, **stores: Any) -> Iterator[ReplayClient]:
    settings = ReplaySettings(port=0, data_dir=data_dir, memory_limit_gib=1.0, **stores)
    service = RunningService(settings, bind_replay)
    client = ReplayClient(service.address)
    try:
        yield client
    finally:
        client.close()
        service.close()


class Mesh:
    """The services that keep something, in a folder or on shared stores."""

    def __init__(self, data_dir: Path, **stores: Any) -> None:
        self.data_dir = data_dir
        self.stores = stores
        self._open = ExitStack()

    def __enter__(self) -> Mesh:
        opened = self._open.enter_context
        self.model = opened(running_model(self.data_dir, blobs_grace_hours=1, **self.stores))
        self.game = opened(running_game(self.data_dir, **self.stores))
        self.elo = opened(running_elo(self.data_dir, **self.stores))
        self.replay = opened(running_replay(self.data_dir, **self.stores))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def fill(self) -> None:
        """Something of each kind."""
        for seed in range(3):
            publish(self.model.client, seed=seed)
        self.model.client.set_alias("race", "champion", 2, 0)
        play_match(self.game.client, race("m", settings=SMALL))
        self.elo.record(RESULTS)
        self.replay.create_table(PRIORITIZED)
        with self.replay.writer(PRIORITIZED.name, SIGNATURE) as writer:
            writer.append(rows(range(50)))
        database = Database(f"sqlite:///{self.data_dir}/matchmaker.sqlite")
        asyncio.run(database.migrate("services.matchmaker"))
        with database.engine.begin() as connection:
            connection.execute(numbers.insert(), {"id": 1, "instance": "x", "next_number": 2**40})
        asyncio.run(database.close())
        run = self.data_dir / "learner" / "race"
        run.mkdir(parents=True)
        (run / "checkpoint-000000000000007.pt").write_bytes(b"weights")
        (run / "run.json").write_text('{"run_id": "a1"}')
        (run / "metrics.jsonl").write_text('{"agent_steps": 7}\n')

    def ratings(self) -> list[bytes]:
        """All that the leaderboard tells of each player, as it is on the wire."""
        page = self.elo.leaderboard(LADDER, page_size=1000)
        return [each.SerializeToString(deterministic=True) for each in page.players]

    def kept(self) -> dict[str, Any]:
        client = self.model.client
        versions = list(client.list(include_all_states=True))
        return {
            "policies": [v.SerializeToString(deterministic=True) for v in versions],
            "files": [client.get(f"race:{v.version}")[1] for v in versions],
            "recordings": sorted(one.game_id for one in self.game.client.list_replays()),
            "rows": {info.table.name: info.size for info in self.replay.list_tables()},
        }


def settled(mesh: Mesh) -> list[bytes]:
    """Ratings, once the fit has seen all matches."""

    def fitted() -> bool:
        page = mesh.elo.leaderboard(LADDER, page_size=1)
        return page.matches == page.fitted_matches > 0

    eventually(fitted, 30)
    return mesh.ratings()


def check_same(mesh: Mesh, kept: dict[str, Any], ratings: list[bytes]) -> None:
    assert mesh.kept() == kept
    eventually(lambda: mesh.ratings() == ratings, 30)
    for game_id in kept["recordings"]:
        assert verify(mesh.game.client.replay(game_id)) is None
    # It goes on where it was.
    assert publish(mesh.model.client, seed=9).version == 4
    play_match(mesh.game.client, race("later", settings=SMALL))
    assert set(mesh.elo.record(RESULTS)) == {elo_pb2.RECORD_STATUS_DUPLICATE}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], list[bytes]]:
    """The folder of a mesh that was stopped, and what it kept."""
    data_dir = tmp_path_factory.mktemp("mesh") / "data"
    with Mesh(data_dir) as mesh:
        mesh.fill()
        ratings = settled(mesh)
        kept = mesh.kept()
    return data_dir, kept, ratings


@pytest.fixture
def stopped(
    original: tuple[Path, dict[str, Any], list[bytes]], tmp_path: Path
) -> tuple[Path, dict[str, Any], list[bytes]]:
    """A copy of it."""
    shutil.copytree(original[0], tmp_path / "data")
    return tmp_path / "data", original[1], original[2]


def nothing(line: str) -> None:
    pass


def test_a_stopped_mesh_moves_to_servers(
    stopped: tuple[Path, dict[str, Any], list[bytes]],
    postgresql_url: str,
    s3: S3Server,
    tmp_path: Path,
) -> None:
    data_dir, kept, ratings = stopped
    shared: dict[str, Any] = {
        "database_url": postgresql_url,
        "blobs_url": f"s3://{s3.bucket()}/mesh",
        "blobs_endpoint_url": s3.url,
    }
    settings = StoreSettings(data_dir=data_dir, **shared)
    # A first try is cut off after some tables.
    lines: list[str] = []

    def until(line: str) -> None:
        lines.append(line)
        if line.startswith("game_"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        move(settings, until)
    copied = move(settings, nothing)
    assert copied["elo_results"].rows == len(RESULTS)
    assert copied["policy_versions"].rows == 3
    assert copied["matchmaker_numbers"].rows == 1
    assert move(settings, nothing) == copied
    with Mesh(tmp_path / "elsewhere", **shared) as mesh:
        check_same(mesh, kept, ratings)
    # What came later stays, however often it is moved.
    assert move(settings, nothing) == copied
    with Mesh(tmp_path / "elsewhere", **shared) as mesh:
        assert len(mesh.kept()["policies"]) == 4

    # And it is backed up from there, into a folder.
    backup = FolderBlobs(tmp_path / "backups")
    with Mesh(tmp_path / "elsewhere", **shared) as mesh:
        before = mesh.kept()
        back_up(settings, backup, experience=True, told=nothing)
    here = StoreSettings(data_dir=tmp_path / "laptop")
    restore(backup, find(backup, None), here, nothing)
    assert (tmp_path / "laptop" / "learner" / "race" / "checkpoint-000000000000007.pt").exists()
    with Mesh(tmp_path / "laptop") as mesh:
        assert mesh.kept() == before
        eventually(lambda: mesh.ratings() == ratings, 30)


def test_something_else_is_not_overwritten(
    stopped: tuple[Path, dict[str, Any], list[bytes]], postgresql_url: str, tmp_path: Path
) -> None:
    data_dir, *_ = stopped
    with running_elo(tmp_path / "other", database_url=postgresql_url) as elo:
        elo.record(RESULTS[:1])
    settings = StoreSettings(data_dir=data_dir, database_url=postgresql_url)
    with pytest.raises(Conflict, match="not empty"):
        move(settings, nothing)
    with pytest.raises(NotFound, match="no mesh"):
        move(settings.model_copy(update={"data_dir": tmp_path / "none"}), nothing)


def test_a_folder_in_use_is_not_moved(
    stopped: tuple[Path, dict[str, Any], list[bytes]], postgresql_url: str
) -> None:
    data_dir, *_ = stopped
    settings = StoreSettings(data_dir=data_dir, database_url=postgresql_url)
    with running_elo(data_dir), pytest.raises(Conflict, match="stop the elo service"):
        move(settings, nothing)


def test_a_running_mesh_is_backed_up_and_comes_back(
    stopped: tuple[Path, dict[str, Any], list[bytes]], tmp_path: Path
) -> None:
    data_dir, kept, ratings = stopped
    backup = FolderBlobs(tmp_path / "backups")
    settings = StoreSettings(data_dir=data_dir)
    with Mesh(data_dir) as mesh:
        made = back_up(settings, backup, experience=True, told=nothing)
        assert publish(mesh.model.client, seed=7).version == 4
        later = back_up(settings, backup, experience=False, told=nothing)
    assert complete(backup) == sorted([made.id, later.id])
    assert made.missing == []
    target = StoreSettings(data_dir=tmp_path / "back")
    restore(backup, find(backup, made.id), target, nothing)
    with Mesh(tmp_path / "back") as mesh:
        check_same(mesh, kept, ratings)
    with pytest.raises(Conflict, match="not empty"):
        restore(backup, find(backup, made.id), target, nothing)


def test_each_moment_of_a_busy_mesh_is_consistent(
    stopped: tuple[Path, dict[str, Any], list[bytes]], tmp_path: Path
) -> None:
    """Each version that a backup knows has its file, though versions retire meanwhile."""
    data_dir, *_ = stopped
    backup = FolderBlobs(tmp_path / "backups")
    ended = threading.Event()
    with running_model(data_dir, keep_versions=1, blobs_grace_hours=0) as model:

        def busy() -> None:
            seed = 100
            while not ended.is_set():
                publish(model.client, seed=seed)
                seed += 1

        publisher = threading.Thread(target=busy)
        publisher.start()
        try:
            for _ in range(5):
                made = back_up(
                    StoreSettings(data_dir=data_dir), backup, experience=False, told=nothing
                )
                assert made.missing == []
        finally:
            ended.set()
            publisher.join()


def test_a_restore_that_was_cut_off_goes_on_and_damage_is_found(
    stopped: tuple[Path, dict[str, Any], list[bytes]],
    postgresql_url: str,
    s3: S3Server,
    tmp_path: Path,
) -> None:
    data_dir, kept, ratings = stopped
    folder = tmp_path / "backups"
    backup = FolderBlobs(folder)
    made = back_up(StoreSettings(data_dir=data_dir), backup, experience=True, told=nothing)
    shared: dict[str, Any] = {
        "database_url": postgresql_url,
        "blobs_url": f"s3://{s3.bucket()}",
        "blobs_endpoint_url": s3.url,
    }
    settings = StoreSettings(data_dir=tmp_path / "scratch", **shared)

    def until(line: str) -> None:
        if line.startswith("elo_results"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore(backup, made, settings, until)
    restore(backup, made, settings, nothing)
    with Mesh(tmp_path / "elsewhere", **shared) as mesh:
        check_same(mesh, kept, ratings)
    only = StoreSettings(data_dir=tmp_path / "x", database_url=postgresql_url)
    with pytest.raises(InvalidArgument, match="both"):
        restore(backup, made, only, nothing)
    file = folder / "backups" / made.id / "sql" / "elo.sqlite"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(FailedPrecondition, match=r"sql/elo\.sqlite is not what it was"):
        restore(backup, made, StoreSettings(data_dir=tmp_path / "y"), nothing)


def test_the_commands(
    stopped: tuple[Path, dict[str, Any], list[bytes]],
    postgresql_url: str,
    tmp_path: Path,
) -> None:
    data_dir, *_ = stopped
    backups, there = str(tmp_path / "backups"), ("--data-dir", str(data_dir))
    run = CliRunner().invoke
    result = run(app, ["backup", backups, *there])
    assert result.exit_code == 0, result.output
    assert "3 policies" in result.output
    assert f"mazemesh restore {backups}" in result.output
    result = run(app, ["restore", backups, "--data-dir", str(tmp_path / "back")])
    assert result.exit_code == 0, result.output
    result = run(app, ["restore", backups, "--data-dir", str(tmp_path / "back")])
    assert (result.exit_code, "is not empty" in result.output) == (1, True)
    shared = ("--to", postgresql_url, "--blobs", str(tmp_path / "shared"))
    result = run(app, ["migrate", *shared, *there])
    assert result.exit_code == 0, result.output
    assert "elo_results: 120 rows" in result.output
    assert (tmp_path / "shared" / "policies").is_dir()
    nowhere = "postgresql://x:y@127.0.0.1:9/z"
    result = run(app, ["migrate", "--to", nowhere, *there])
    assert result.exit_code == 1
    assert "cannot be used" in result.output


def test_counters_go_on(
    stopped: tuple[Path, dict[str, Any], list[bytes]], postgresql_url: str
) -> None:
    """A number that was given out is not given out again, though its row is gone."""
    data_dir, *_ = stopped
    with closing(sqlite3.connect(data_dir / "elo.sqlite")) as database:
        database.execute("UPDATE sqlite_sequence SET seq = 5000 WHERE name = 'elo_results'")
        database.commit()
    move(StoreSettings(data_dir=data_dir, database_url=postgresql_url), nothing)
    engine = create_engine(postgresql_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        query = "SELECT nextval(pg_get_serial_sequence('elo_results', 'sequence'))"
        assert connection.execute(text(query)).scalar_one() == 5001
    engine.dispose()
