"""API keys: made, listed and voided, where a mesh asks for them."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from mazemesh.errors import FailedPrecondition
from services._harness.access.callers.keys import Key, new_key
from services._harness.access.callers.roles import Role
from services._harness.access.callers.sql_keys import SqlKeys
from services.gateway.context import Gateway, GatewayDep
from services.gateway.rest.asking import TEXT, RequestBody, when

router = APIRouter(tags=["keys"])

_LONGEST_LIFE: Final = 10 * 365 * 86_400.0

_Name = Annotated[str, Field(min_length=1, max_length=128, pattern=TEXT)]
KeyId = Annotated[str, Path(pattern=r"^[0-9a-f]{12}$", examples=["0123456789ab"])]


class NewKey(RequestBody):
    """Whose key it is to be, and what it may."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"role": "viewer", "label": "wall display", "expires_in": 86400}]
        },
    )

    role: Role = Field(strict=False)  # by its name
    label: str = Field(default="", max_length=128, pattern=TEXT)
    policies: list[_Name] = Field(default=[], max_length=64, description="prefixes of names")
    games: list[_Name] = Field(default=[], max_length=64)
    player: str = Field(default="", max_length=71, pattern=r"^(player/[A-Za-z0-9._@-]{1,64})?$")
    expires_in: float | None = Field(
        default=None, gt=0, le=_LONGEST_LIFE, description="seconds; left out: never"
    )


class KeyShown(BaseModel):
    """What is known of a key; its secret is not."""

    id: str
    role: Role
    label: str
    policies: list[str]
    games: list[str]
    player: str
    create_time: datetime
    expire_time: datetime | None
    revoke_time: datetime | None
    last_use_time: datetime | None
    state: str = Field(description="good, or why it is not")


class KeyMade(KeyShown):
    """A fresh key."""

    key: str = Field(description="shown this once")


class Keys(BaseModel):
    """All keys, the oldest first."""

    keys: list[KeyShown]


@router.get("/keys", summary="All keys")
async def keys(gateway: GatewayDep) -> Keys:
    """Without their secrets, of which only hashes are kept."""
    now = time.time()
    return Keys(keys=[KeyShown(**_described(key, now)) for key in await _store(gateway).keys()])


@router.post("/keys", summary="Make a key", status_code=201)
async def create(gateway: GatewayDep, wanted: NewKey) -> KeyMade:
    """The key is in this answer and nowhere else."""
    store, now = _store(gateway), time.time()
    key, text = new_key(
        wanted.role,
        now,
        label=wanted.label,
        policies=wanted.policies,
        games=wanted.games,
        player=wanted.player,
        expires_in=wanted.expires_in,
    )
    await store.add(key)
    return KeyMade(**_described(key, now), key=text)


@router.delete("/keys/{key_id}", summary="Void a key")
async def revoke(gateway: GatewayDep, key_id: KeyId) -> KeyShown:
    """For ever, at all services within some seconds."""
    now = time.time()
    return KeyShown(**_described(await _store(gateway).revoke(key_id, now), now))


def _store(gateway: Gateway) -> SqlKeys:
    access = gateway.server.access
    if access is None:
        raise FailedPrecondition(
            "this mesh asks for no keys; `mazemesh up --secure` starts one that does"
        )
    return access.keys


def _described(key: Key, now: float) -> dict[str, Any]:
    return {
        "id": key.id,
        "role": key.role,
        "label": key.label,
        "policies": list(key.policies),
        "games": list(key.games),
        "player": key.player,
        "create_time": when(key.create_time),
        "expire_time": when(key.expire_time),
        "revoke_time": when(key.revoke_time),
        "last_use_time": when(key.use_time),
        "state": key.why_void(now) or "good",
    }
