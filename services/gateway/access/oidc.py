"""Login by an OpenID provider (extra `oidc`): the provider says who it is, a key what they may.

The authorization code flow with PKCE (RFC 7636), by authlib. What a person's ID token says in one
claim decides with which of the operator's keys they act, so roles stay where they are: with keys.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from typing import Any, Final

import httpx
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from mazemesh.client.credentials import read_key_file
from mazemesh.errors import InvalidArgument, PermissionDenied, Unavailable
from services.gateway.access.logins import STATE_SECONDS
from services.gateway.access.sealing import Seal, token
from services.gateway.settings import GatewaySettings

CALLBACK: Final = "/session/oidc/callback"
_PURPOSE: Final = "oidc"
_SECONDS: Final = 10.0
_KNOWN_SECONDS: Final = 300.0
_ALGORITHMS: Final = ["RS256", "ES256", "PS256", "EdDSA"]
_LEEWAY: Final = 60


class Provider:
    """One OpenID provider.

    Args:
        settings: Its issuer, and how it knows this gateway.
        seal: Under which a browser carries a login that has begun.
    """

    def __init__(self, settings: GatewaySettings, seal: Seal) -> None:
        assert settings.oidc_issuer is not None
        self._settings, self._seal = settings, seal
        self._issuer = settings.oidc_issuer.rstrip("/")
        self._known: tuple[float, dict[str, Any], KeySet] | None = None

    async def begin(self, url: str, back: str) -> tuple[str, str]:
        """Where a browser goes to log in, and what it carries meanwhile.

        Args:
            url: Of this gateway, as the browser sees it.
            back: Path of the page to which it returns.

        Raises:
            Unavailable: the provider cannot be asked.
        """
        about, _ = await self._about()
        verifier, nonce = token() + token(), token()
        async with self._client(url) as client:
            where, state = client.create_authorization_url(
                about["authorization_endpoint"], code_verifier=verifier, nonce=nonce
            )
        carried = {"state": state, "verifier": verifier, "nonce": nonce, "back": back}
        return where, self._seal.close(_PURPOSE, carried)

    async def end(self, url: str, carried: str, state: str, code: str) -> tuple[str, str, str]:
        """The key that a person acts with, their name, and the page to which they return.

        Raises:
            PermissionDenied: the login was begun elsewhere or too long ago, the provider's word
                does not hold, or no key is for this person.
            Unavailable: the provider cannot be asked.
        """
        begun = self._seal.open(_PURPOSE, carried, STATE_SECONDS)
        if begun is None or not hmac.compare_digest(begun["state"].encode(), state.encode()):
            raise PermissionDenied("this login was begun elsewhere, or too long ago; begin again")
        about, keys = await self._about()
        try:
            async with self._client(url) as client:
                answer = await client.fetch_token(
                    about["token_endpoint"], code=code, code_verifier=begun["verifier"]
                )
        except httpx.HTTPError as error:
            raise Unavailable(f"the provider cannot be asked ({type(error).__name__})") from error
        except Exception as error:  # authlib's own, of many kinds: the provider refused
            raise PermissionDenied(f"the provider refused: {error}") from error
        claims = self._claims(answer, keys, begun["nonce"])
        name = str(claims.get("email") or claims.get("preferred_username") or claims["sub"])
        return await asyncio.to_thread(self._key, claims), name[:128], begun["back"]

    def _claims(self, answer: dict[str, Any], keys: KeySet, nonce: str) -> dict[str, Any]:
        try:
            read = jwt.decode(str(answer.get("id_token", "")), keys, algorithms=_ALGORITHMS)
            rules = jwt.JWTClaimsRegistry(
                now=lambda: int(time.time()),
                leeway=_LEEWAY,
                iss={"essential": True, "value": self._issuer},
                aud={"essential": True, "value": self._settings.oidc_client_id},
                exp={"essential": True},
                sub={"essential": True},
                nonce={"essential": True, "value": nonce},
            )
            rules.validate(read.claims)
        except (JoseError, ValueError) as error:
            raise PermissionDenied(f"the provider's word does not hold: {error}") from error
        return dict(read.claims)

    def _key(self, claims: dict[str, Any]) -> str:
        told = claims.get(self._settings.oidc_claim, [])
        groups = {told} if isinstance(told, str) else {str(one) for one in told}
        for group, file in self._settings.oidc_keys.items():
            if group == "*" or group in groups:
                try:
                    return read_key_file(file)
                except InvalidArgument as error:
                    raise Unavailable(f"the key for {group!r} cannot be read: {error}") from error
        raise PermissionDenied(
            f"the provider knows you, but no key is for {', '.join(sorted(groups)) or 'you'}; ask "
            "the operator (setting oidc_keys)"
        )

    async def _about(self) -> tuple[dict[str, Any], KeySet]:
        """What the provider says of itself, and its keys; asked again after some minutes."""
        if self._known is not None and time.monotonic() - self._known[0] < _KNOWN_SECONDS:
            return self._known[1:]
        try:
            async with httpx.AsyncClient(timeout=_SECONDS) as client:
                where = f"{self._issuer}/.well-known/openid-configuration"
                about = (await client.get(where)).raise_for_status().json()
                keys = (await client.get(about["jwks_uri"])).raise_for_status().json()
            if about["issuer"].rstrip("/") != self._issuer:
                raise ValueError(f"it calls itself {about['issuer']}")
            self._known = (time.monotonic(), about, KeySet.import_key_set(keys))
        except (httpx.HTTPError, KeyError, ValueError, JoseError) as error:
            raise Unavailable(f"the provider {self._issuer} cannot be asked: {error}") from error
        return self._known[1:]

    def _client(self, url: str) -> AsyncOAuth2Client:
        return AsyncOAuth2Client(
            self._settings.oidc_client_id,
            self._settings.oidc_client_secret or None,
            scope="openid profile email",
            redirect_uri=(self._settings.public_url or url).rstrip("/") + CALLBACK,
            code_challenge_method="S256",
            timeout=_SECONDS,
        )
