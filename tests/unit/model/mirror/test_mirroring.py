"""The outbox is emptied into the mirror, in order, once, and for as long as that takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mazemesh.errors import FailedPrecondition, NotFound, Unavailable
from services._harness.broadcast import Broadcast
from services._harness.sql.database import Database
from services.model.checks import Check
from services.model.mirror.mirroring import Mirror
from services.model.registry import aliases, registry
from services.model.registry.policy import Submission, Told, Version
from services.model.stores.sql.registry import SqlRegistry
from services.model.wire.registry.mirror_telling import told_of

NOW = datetime(2026, 3, 4, tzinfo=UTC)


class FakeMlflow:
    """Versions by our name, aliases by name and alias; refuses names that begin with `bad`."""

    def __init__(self) -> None:
        self.versions: dict[str, dict[str, Any]] = {}
        self.aliases: dict[tuple[str, str], str] = {}
        self.files: dict[str, bytes] = {}
        self.figures: dict[str, dict[str, float]] = {}
        self.is_away = False
        self.stops = 0
        self.asked = asyncio.Event()

    async def ask(self, request: dict[str, Any], file: bytes = b"") -> dict[str, Any]:
        self.asked.set()
        if self.is_away:
            raise Unavailable("no route")
        version = request["version"]
        name = version["policy"]
        if name.startswith("bad"):
            raise FailedPrecondition("INVALID_PARAMETER_VALUE")
        if request["do"] == "alias":
            self.aliases[request["name"], request["alias"]] = name
            return {}
        if request["do"] == "version" and (file or name in self.versions):
            self.versions[name], self.figures[name] = version["tags"], version["metrics"]
            if file:
                assert name not in self.files
                self.files[name] = file
        return {"number": 1 + list(self.versions).index(name) if name in self.versions else 0}

    async def stop(self) -> None:
        self.stops += 1


class World:
    """A registry with an outbox, and a mirror of it."""

    def __init__(self, database: Database) -> None:
        self.now = NOW
        self.database, self.told = database, FakeMlflow()
        self.store = SqlRegistry(database, 100, "kept")
        self.gone: set[str] = set()
        self.mirror = self.made("a", "http://m")

    def made(self, holder: str, uri: str) -> Mirror:
        return Mirror(self.store, self.file, self.told, told_of, uri, holder, lambda: self.now)

    async def file(self, version: Version) -> bytes:
        if version.reference in self.gone:
            raise NotFound("its file was deleted")
        return version.reference.encode()

    async def publish(
        self, name: str = "race", *, snapshot: bool = True, checks: tuple[Check, ...] = ()
    ) -> Version:
        said = Submission(
            name=name,
            snapshot=snapshot,
            sha256="0" * 64,
            size_bytes=1,
            metadata={"seed": "7"},
            graph_sha256="1" * 64,
            checks=checks,
        )
        published = await self.store.transact(
            lambda tx: registry.publish(
                tx, replace(said, sha256=f"{tx.revision():064x}"), "", now=NOW, keep=1
            )
        )
        return published.version

    async def point(self, number: int, alias: str = "champion", name: str = "race") -> None:
        def move(tx: Any) -> None:
            present = tx.aliases.get(name, alias)
            expected = present.revision if present else 0
            aliases.set_alias(tx, name, alias, number, expected, now=NOW, told=Told())

        await self.store.transact(move)

    async def waiting(self) -> int:
        return (await self.store.transact(lambda tx: tx.outbox.waiting())).entries


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    database = Database(f"sqlite:///{tmp_path / 'model.sqlite'}")
    await database.migrate("services.model")
    yield World(database)
    await database.close()


async def test_kept_versions_and_aliases_are_told(world: World) -> None:
    await world.publish()
    await world.publish(snapshot=False)
    await world.publish(snapshot=False)
    await world.point(3)
    while await world.mirror.turn():
        pass
    assert list(world.told.versions) == ["race:1", "race:3"]  # 2 acted for a moment
    assert world.told.aliases == {("race", "champion"): "race:3"}  # `latest` is MLflow's own
    assert world.told.files == {"race:1": b"race:1", "race:3": b"race:3"}
    assert world.mirror.sent == 2
    assert not await world.waiting()


async def test_figures_of_a_graph_are_told_of_each_of_its_versions(world: World) -> None:
    of_graph = (Check("signature"), Check("latency-1", figure=3.0), Check("parity", figure=0.5))
    await world.publish(checks=of_graph)
    await world.publish(checks=(Check("parity", figure=0.25),))
    while await world.mirror.turn():
        pass
    figures = world.told.figures["race:2"]
    assert (figures["check.parity"], figures["check.latency-1"]) == (0.25, 3.0)


async def test_an_outage_delays_and_a_restart_goes_on(world: World) -> None:
    await world.publish()
    world.told.is_away = True
    with pytest.raises(Unavailable):
        await world.mirror.turn()
    await world.publish()
    await world.point(1)
    await world.point(2)
    world.told.is_away = False
    world.now += timedelta(hours=1)  # the lease of the process that is gone has run out
    again = world.made("b", "http://m")
    assert await world.waiting() == 4
    while await again.turn():
        pass
    assert list(world.told.versions) == ["race:1", "race:2"]
    assert world.told.aliases == {("race", "champion"): "race:2"}
    assert again.waiting.entries == again.age_seconds == 0


async def test_what_is_refused_holds_up_nothing(world: World) -> None:
    await world.publish("bad")
    await world.publish("race")
    while await world.mirror.turn():
        pass
    assert list(world.told.versions) == ["race:1"]
    assert world.mirror.waiting == (0, None, 1)


async def test_one_instance_tells_it(world: World) -> None:
    await world.publish()
    other = world.made("b", "http://m")
    assert await world.mirror.turn()
    await world.publish()
    assert not await other.turn()
    await world.mirror.close()
    assert await other.turn()
    assert list(world.told.versions) == ["race:1", "race:2"]


async def test_a_new_mirror_gets_everything_and_one_that_is_known_only_what_is_new(
    world: World,
) -> None:
    for _ in range(2):
        await world.publish()
    await world.point(2)
    while await world.mirror.turn():
        pass
    assert not await world.mirror.turn()
    world.told.versions.clear()
    world.told.files.clear()
    other = world.made("a", "http://elsewhere")
    while await other.turn():
        pass
    assert list(world.told.versions) == ["race:1", "race:2"]
    assert world.told.aliases == {("race", "champion"): "race:2"}
    await world.store.transact(lambda tx: tx.outbox.forget())
    assert await world.mirror.turn()  # all of it again


async def test_a_version_whose_file_is_gone_is_passed_over(world: World) -> None:
    await world.publish()
    world.gone.add("race:1")
    while await world.mirror.turn():
        pass
    assert not world.told.versions
    assert not await world.waiting()


async def test_it_runs_until_the_service_stops(world: World) -> None:
    changed = Broadcast()
    world.told.is_away = True
    await world.publish()
    running = asyncio.create_task(world.mirror.run(changed))
    await world.told.asked.wait()
    world.told.is_away = False
    while await world.waiting():
        world.told.asked.clear()
        await world.told.asked.wait()
        await asyncio.sleep(0)
    changed.close()
    await running
    assert world.mirror.failures == 1
    assert list(world.told.versions) == ["race:1"]
    assert world.told.stops >= 1


async def test_without_a_mirror_nothing_waits(world: World) -> None:
    world.store = SqlRegistry(world.database, 100)
    await world.publish()
    await world.point(1)
    assert not await world.waiting()
