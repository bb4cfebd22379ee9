"""A port scan's view: every RPC that is served, without a key and with those of each kind.

What is expected stands in docs/security.md, for people; here it is held against the table in
`roles.py` and against what real services answer over TLS.
"""

import re
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from services._harness.access.callers.roles import RPCS, Kind, Role
from tests.servers.access.contract import METHODS, Method, status
from tests.servers.access.secure_services import OPTIONS, SecureServices, secure_services

PAGE = Path(__file__).parents[3] / "docs" / "security.md"
REFUSALS = {"UNAUTHENTICATED", "PERMISSION_DENIED"}
NO_GOOD = ("no key", "another secret", "unknown", "revoked", "expired", "not a key")
ROLES = tuple(role.value for role in Role)


def documented() -> dict[str, set[str]]:
    """By method, who may call it, as docs/security.md tells in its table."""
    rows = {}
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        name = re.fullmatch(r"`([A-Za-z]+/[A-Za-z]+)`", cells[0])
        if name is not None:
            rows[name[1]] = {role for role, cell in zip(ROLES, cells[1:], strict=True) if cell}
    return rows


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureServices]:
    with secure_services(tmp_path_factory.mktemp("secure")) as running:
        keys = running.keys
        for role in Role:
            scopes = {}
            if role is Role.TRAINER:
                scopes = {"policies": ["*"]}
            if role is Role.PLAYER:
                scopes = {"player": "player/ann"}
            keys.add(role.value, role, **scopes)
        keys.revoke(keys.add("revoked", Role.ADMIN))
        keys.add("expired", Role.ADMIN, now=time.time() - 100, expires_in=50)
        admin = keys.texts["admin"]
        keys.texts["another secret"] = admin[:-4] + ("AAAA" if admin[-4:] != "AAAA" else "BBBB")
        keys.texts["unknown"] = f"mm_{'0' * 12}_{admin[-43:]}"
        keys.texts["no key"] = ""
        keys.texts["not a key"] = "mm_"
        yield running


def scan(services: SecureServices, key: str, expected: Mapping[str, bool]) -> dict[str, str]:
    """Statuses of all methods with a key, by method.

    What is let in may wait for news without end, and is called off; what is refused is awaited.
    """
    credentials = services.credentials(key)
    with ExitStack() as stack, ThreadPoolExecutor(len(METHODS)) as threads:
        channels = {
            name: stack.enter_context(credentials.channel(address, OPTIONS))
            for name, address in services.addresses.items()
        }
        found = threads.map(
            lambda method: status(
                channels[method.served_by], method, 1.0 if expected[str(method)] else 30.0
            ),
            METHODS,
        )
        return {str(method): told for method, told in zip(METHODS, found, strict=True)}


def is_open(method: Method) -> bool:
    return str(method).startswith("Health/")


def test_the_table_has_every_method_that_is_served() -> None:
    """A new RPC that nobody entered is refused (`test_gate.py`), and found here."""
    assert {method.path for method in METHODS} == set(RPCS)


def test_the_page_tells_what_the_table_says() -> None:
    told = {
        str(method): {role.value for role in RPCS[method.path].roles or ()}
        for method in METHODS
        if RPCS[method.path].roles is not None
    }
    assert documented() == told


def test_who_may_do_what_matters_most() -> None:
    may = {path.rpartition("/")[2]: rpc.roles or set() for path, rpc in RPCS.items()}
    assert may["RecordResults"] == {Role.GAME_SERVICE}
    assert may["PublishPolicy"] == {Role.TRAINER, Role.OPERATOR, Role.ADMIN}
    assert Role.WORKER not in may["SetAlias"] | may["HoldName"] | may["DeleteTable"]
    writes = {path for path, rpc in RPCS.items() if rpc.kind is not Kind.READ}
    assert not any(Role.VIEWER in (RPCS[path].roles or ()) for path in writes)


@pytest.mark.parametrize("key", NO_GOOD)
def test_without_a_good_key_health_answers_alone(services: SecureServices, key: str) -> None:
    expected = {str(method): is_open(method) for method in METHODS}
    found = scan(services, key, expected)
    wrong = {name: told for name, told in found.items() if (told in REFUSALS) == expected[name]}
    assert wrong == {}
    assert {told for name, told in found.items() if not expected[name]} == {"UNAUTHENTICATED"}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_call_what_the_page_says(services: SecureServices, role: str) -> None:
    page = documented()
    expected = {str(method): is_open(method) or role in page[str(method)] for method in METHODS}
    found = scan(services, role, expected)
    wrong = {name: told for name, told in found.items() if (told in REFUSALS) == expected[name]}
    assert wrong == {}
    refused = {told for name, told in found.items() if not expected[name]}
    assert refused <= {"PERMISSION_DENIED"}
    broken = {"INTERNAL", "UNKNOWN", "UNIMPLEMENTED", "RESOURCE_EXHAUSTED", "UNAVAILABLE"}
    # Of a protocol of others, and told to be so.
    apart = ("Health/List", "GRPCInferenceService/Repository")
    assert not [
        name for name, told in found.items() if told in broken and not name.startswith(apart)
    ]
