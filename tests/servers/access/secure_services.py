"""All five services over TLS with keys, in threads, on one data folder."""

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mazemesh.client.credentials import Credentials
from mazemesh.sqlite_url import sqlite_url
from services._harness import Server
from services._harness.access.callers.keys import Key, new_key
from services._harness.access.callers.roles import Role
from services._harness.access.callers.sql_keys import PACKAGE, SqlKeys
from services._harness.access.tls.authority import make_authority, make_certificate
from services._harness.sql.database import Database
from services.elo.bind import bind as bind_elo
from services.elo.settings import EloSettings
from services.game.bind import bind_with as bind_game
from services.game.settings import GameServiceSettings
from services.matchmaker.bind import bind_with as bind_matchmaker
from services.matchmaker.remotes import Peers
from services.matchmaker.settings import MatchmakerSettings
from services.model.bind import bind_with as bind_model
from services.model.settings import ModelSettings
from services.replay.bind import bind as bind_replay
from services.replay.settings import ReplaySettings
from tests.game_specs import FakeSpecs
from tests.servers.game_server import FakeElo
from tests.servers.running import RunningService
from tests.unit.matchmaker.fakes import FakeElo as FakeRatings
from tests.unit.matchmaker.fakes import FakeGame, FakeModel, snapshot

OPTIONS = (("grpc.enable_http_proxy", 0),)


@dataclass
class Keys:
    """Makes keys in the database of the services."""

    url: str
    texts: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, role: Role, **scopes: Any) -> Key:
        """A key that is known to the tests by a name."""
        key, self.texts[name] = new_key(role, scopes.pop("now", time.time()), **scopes)
        self._with_store(lambda store: store.add(key))
        return key

    def revoke(self, key: Key) -> None:
        self._with_store(lambda store: store.revoke(key.id, time.time()))

    def stored(self, identifier: str) -> Key:
        found: list[Key] = []

        async def read(store: SqlKeys) -> None:
            found.extend(key for key in await store.keys() if key.id == identifier)

        self._with_store(read)
        return found[0]

    def _with_store(self, work: Any) -> None:
        async def run() -> None:
            database = Database(self.url)
            try:
                await database.migrate(PACKAGE)
                await work(SqlKeys(database))
            finally:
                await database.close()

        asyncio.run(run())


@dataclass
class SecureServices:
    """Addresses by the full name of each service, who may call, and whom to trust."""

    addresses: dict[str, str]
    keys: Keys
    certificates: Path

    def credentials(self, name: str = "") -> Credentials:
        return Credentials(
            self.keys.texts.get(name, name), (self.certificates / "ca.pem").read_bytes()
        )


@contextmanager
def secure_services(folder: Path) -> Iterator[SecureServices]:
    certificates = folder / "certificates"
    make_authority(certificates)
    cert, key = make_certificate(certificates, "server", ["localhost", "127.0.0.1"], 1)
    common: dict[str, Any] = {
        "port": 0,
        "data_dir": folder,
        "keys": "on",
        "stranger_calls_per_second": 100_000,  # a scan is nothing else
        "tls_cert": cert,
        "tls_key": key,
    }

    async def game(settings: GameServiceSettings, server: Server) -> None:
        await bind_game(settings, server, FakeElo())

    async def model(settings: ModelSettings, server: Server) -> None:
        await bind_model(settings, server, FakeSpecs())

    async def matchmaker(settings: MatchmakerSettings, server: Server) -> None:
        policies = FakeModel()
        for version in (1, 2):
            policies.keep(snapshot(version))
        await bind_matchmaker(settings, server, Peers(FakeGame(), FakeRatings(), policies))

    keys = Keys(sqlite_url(folder / "access.sqlite"))
    with ExitStack() as stack:
        addresses = {}
        for name, settings, bind in (
            ("GameService", GameServiceSettings(**common, max_key_games=100), game),
            ("ModelService", ModelSettings(**common), model),
            ("MatchmakerService", MatchmakerSettings(**common), matchmaker),
            ("EloService", EloSettings(**common), bind_elo),
            ("ReplayService", ReplaySettings(**common), bind_replay),
        ):
            running = RunningService(settings, bind)  # type: ignore[arg-type]
            stack.callback(running.close)
            addresses[f"mazemesh.v1.{name}"] = running.address
        yield SecureServices(addresses, keys, certificates)


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """Variables of MAZEMESH_..., for as long as the block lasts."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
