"""Login by an OpenID provider, over sockets, from the browser's first step to its last."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey

from tests.servers.gateway.keys import keys_in
from tests.servers.gateway.openid_provider import OpenIdProvider, openid_provider
from tests.servers.gateway.test_rest import ok, problem
from tests.servers.gateway.world import Services, client, gateway


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdProvider]:
    pytest.importorskip("authlib", reason="the extra oidc")
    with openid_provider() as running:
        yield running


@pytest.fixture(autouse=True)
def honest(provider: OpenIdProvider) -> None:
    provider.person = {"email": "zoe@example.org", "groups": ["researchers", "everybody"]}
    provider.changes, provider.signing = {}, None


@pytest.fixture(scope="module")
def http(
    world: Services, provider: OpenIdProvider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """A browser in front of a gateway that asks for keys; the services behind do not."""
    folder: Path = tmp_path_factory.mktemp("oidc")
    files = {}
    for role, key in keys_in(folder).items():
        files[role] = folder / f"{role}.key"
        files[role].touch(mode=0o600)
        files[role].write_text(key)
    settings: dict[str, Any] = {
        "data_dir": folder,
        "keys": "on",
        "oidc_issuer": provider.issuer,
        "oidc_client_id": "gateway",
        "oidc_client_secret": "hush",
        "oidc_keys": {"researchers": files["trainer"], "guests": files["viewer"]},
    }
    with gateway(world, **settings) as url, client(url, follow_redirects=False) as browser:
        yield browser


def through(browser: httpx.Client, back: str = "/console/") -> httpx.Response:
    """All redirects up to the callback's answer."""
    browser.cookies.clear()
    begun = browser.get("/session/oidc", params={"back": back})
    assert begun.status_code == 303, begun.text
    told = httpx.get(begun.headers["location"])
    assert told.status_code == 302, told.text
    return browser.get(told.headers["location"])


def test_a_person_is_whom_the_provider_names(http: httpx.Client) -> None:
    assert ok(http.get("/session"))["oidc"] is True
    answer = through(http, "/console/policies")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/policies")
    session = ok(http.get("/session"))
    assert (session["name"], session["role"]) == ("zoe@example.org", "trainer")
    assert "POST /policies/{name}/promote" in session["may"]


def test_who_is_in_no_group_has_no_key(http: httpx.Client, provider: OpenIdProvider) -> None:
    provider.person["groups"] = "strangers"
    told = problem(through(http), 403)
    assert "strangers" in told["detail"]
    assert ok(http.get("/session"))["role"] == ""


@pytest.mark.parametrize(
    "change",
    [{"aud": "another"}, {"iss": "https://elsewhere"}, {"exp": 1}, {"nonce": "old"}, {"sub": ""}],
)
def test_a_word_that_does_not_hold(
    http: httpx.Client, provider: OpenIdProvider, change: dict[str, Any]
) -> None:
    provider.changes = change
    assert "does not hold" in problem(through(http), 403)["detail"]


def test_a_token_that_somebody_else_signed(http: httpx.Client, provider: OpenIdProvider) -> None:
    provider.signing = RSAKey.generate_key(2048, {"kid": "one"})
    assert "does not hold" in problem(through(http), 403)["detail"]


def test_a_login_is_the_browsers_that_began_it(http: httpx.Client) -> None:
    http.cookies.clear()
    begun = http.get("/session/oidc")
    back = httpx.get(begun.headers["location"]).headers["location"]
    http.cookies.clear()  # as of another browser, which was sent the link
    assert "begun elsewhere" in problem(http.get(back), 403)["detail"]


def test_pages_elsewhere_are_not_returned_to(http: httpx.Client) -> None:
    for back in ("https://elsewhere.example", "//elsewhere.example", "/v2"):
        problem(http.get("/session/oidc", params={"back": back}), 422)
