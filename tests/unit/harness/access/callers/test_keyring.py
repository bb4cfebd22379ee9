from collections.abc import Collection, Sequence
from dataclasses import replace

import pytest

from mazemesh.errors import NotFound, Unauthenticated, Unavailable
from services._harness.access.callers.keyring import Keyring
from services._harness.access.callers.keys import Key, new_key
from services._harness.access.callers.roles import Role
from tests.unit.matchmaker.fakes import FakeClock


class FakeKeys:
    """A `KeyStore` in memory; `away` makes it fail."""

    def __init__(self) -> None:
        self.by_id: dict[str, Key] = {}
        self.number = 0
        self.looks = 0
        self.away = False

    async def revision(self) -> int:
        self.looks += 1
        if self.away:
            raise Unavailable("the database cannot be used now")
        return self.number

    async def keys(self) -> Sequence[Key]:
        return list(self.by_id.values())

    async def add(self, key: Key) -> None:
        self.by_id[key.id] = key
        self.number += 1

    async def revoke(self, identifier: str, now: float) -> Key:
        if identifier not in self.by_id:
            raise NotFound(identifier)
        key = self.by_id[identifier] = replace(self.by_id[identifier], revoke_time=now)
        self.number += 1
        return key

    async def used(self, identifiers: Collection[str], now: float) -> None:
        for identifier in identifiers:
            self.by_id[identifier] = replace(self.by_id[identifier], use_time=now)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store() -> FakeKeys:
    return FakeKeys()


@pytest.fixture
def keyring(store: FakeKeys, clock: FakeClock) -> Keyring:
    return Keyring(store, clock, grace=60)


async def test_a_new_key_is_good_at_its_first_call(keyring: Keyring, store: FakeKeys) -> None:
    await keyring.load()
    key, text = new_key(Role.WORKER, 0)
    await store.add(key)
    assert (await keyring.caller(f"Bearer {text}")).key == key


async def test_unknown_keys_cause_few_looks(
    keyring: Keyring, store: FakeKeys, clock: FakeClock
) -> None:
    _, text = new_key(Role.WORKER, 0)
    for _ in range(100):
        with pytest.raises(Unauthenticated, match="not known here"):
            await keyring.caller(f"Bearer {text}")
    assert store.looks == 1
    clock.now += 1
    with pytest.raises(Unauthenticated):
        await keyring.caller(f"Bearer {text}")
    assert store.looks == 2


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic mm_0123456789ab_x", "mm_0_0"])
async def test_what_is_no_key(keyring: Keyring, header: str) -> None:
    with pytest.raises(Unauthenticated, match="MAZEMESH_KEY"):
        await keyring.caller(header)


async def test_a_revoked_key_is_refused_after_the_next_look(
    keyring: Keyring, store: FakeKeys
) -> None:
    key, text = new_key(Role.WORKER, 0)
    await store.add(key)
    await keyring.load()
    await keyring.caller(f"Bearer {text}")
    await store.revoke(key.id, 1)
    await keyring.load()
    with pytest.raises(Unauthenticated, match="was revoked"):
        await keyring.caller(f"Bearer {text}")


async def test_known_keys_stay_good_for_a_while_without_the_store(
    keyring: Keyring, store: FakeKeys, clock: FakeClock
) -> None:
    key, text = new_key(Role.WORKER, clock.now)
    await store.add(key)
    await keyring.load()
    store.away = True
    clock.now += 59
    assert await keyring.caller(f"Bearer {text}")
    clock.now += 2
    with pytest.raises(Unavailable, match="database is away"):
        await keyring.caller(f"Bearer {text}")


async def test_the_last_use_is_noted(keyring: Keyring, store: FakeKeys, clock: FakeClock) -> None:
    key, text = new_key(Role.WORKER, 0)
    await store.add(key)
    await keyring.caller(f"Bearer {text}")
    await keyring.close()
    assert store.by_id[key.id].use_time == clock.now


async def test_an_expired_key_is_refused(
    keyring: Keyring, store: FakeKeys, clock: FakeClock
) -> None:
    key, text = new_key(Role.WORKER, clock.now, expires_in=5)
    await store.add(key)
    await keyring.caller(f"Bearer {text}")
    clock.now += 5
    with pytest.raises(Unauthenticated, match="has expired"):
        await keyring.caller(f"Bearer {text}")
