"""Who is logged in, and what they may: for the console."""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from mazemesh.errors import FailedPrecondition
from services._harness.access.callers.roles import Kind
from services.gateway.access.admitting import may
from services.gateway.access.endpoints import ENDPOINTS
from services.gateway.access.logins import STATE_COOKIE, STATE_SECONDS, Logins
from services.gateway.access.visitor import Visitor, VisitorDep
from services.gateway.context import Gateway, GatewayDep
from services.gateway.rest.asking import RequestBody

router = APIRouter(tags=["session"])


class KeyShown(RequestBody):
    """An API key, as `mazemesh keys create` shows it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"key": "mm_0123456789ab_" + "A" * 43}],
        },
    )

    key: str = Field(min_length=1, max_length=128, pattern=r"^mm_[0-9a-z]{12}_[A-Za-z0-9_-]{43}$")


class Session(BaseModel):
    """Who is looking."""

    keys: bool = Field(description="whether this mesh asks for keys at all")
    name: str = Field(description="who it is: a key's label, or whom a provider named")
    key_id: str = Field(description="the public part of the key")
    role: str = Field(description="empty where nobody is logged in")
    player: str = Field(description="whom a player's key plays as")
    by_cookie: bool = Field(description="whether a browser is logged in")
    oidc: bool = Field(description="whether one may log in by the operator's provider")
    may: list[str] = Field(description="commands that this role may give", examples=["POST /gates"])


def _logins(request: Request) -> Logins:
    return cast("Logins", request.app.state.logins)


LoginsDep = Annotated[Logins, Depends(_logins)]


@router.get("/session", summary="Who is looking")
async def session(gateway: GatewayDep, visitor: VisitorDep) -> Session:
    """The role of this key or login, and the commands that it may give."""
    return described(gateway, visitor)


@router.post("/session", summary="Log in", status_code=201)
async def log_in(
    gateway: GatewayDep, visitor: VisitorDep, shown: KeyShown, logins: LoginsDep, answer: Response
) -> Session:
    """Keeps a key in a sealed cookie that scripts cannot read; pages then need no key.

    Commands of a logged-in page send the cookie `mazemesh_csrf` back as `X-CSRF-Token`.
    """
    access = gateway.server.access
    if access is None:
        raise FailedPrecondition("this mesh asks for no keys, so there is nothing to log in to")
    caller = await access.keyring.caller(f"Bearer {shown.key}")
    logins.begin(answer, shown.key)
    return described(gateway, Visitor(caller, shown.key, visitor.address, by_cookie=True))


@router.delete("/session", summary="Log out", status_code=204)
async def log_out(logins: LoginsDep) -> Response:
    """Has the browser forget the key; the key itself stays good."""
    answer = Response(status_code=204)
    logins.end(answer)
    return answer


@router.get(
    "/session/oidc",
    summary="Log in by the provider",
    status_code=303,
    response_class=RedirectResponse,
)
async def begin_oidc(
    request: Request,
    gateway: GatewayDep,
    logins: LoginsDep,
    back: Annotated[str, Query(max_length=512, pattern=r"^/(console(/[!-~]*)?)?$")] = "/console/",
) -> RedirectResponse:
    """Sends a browser to the operator's OpenID provider."""
    provider = _provider(gateway, logins)
    where, carried = await provider.begin(str(request.base_url), back)
    answer = RedirectResponse(where, 303)
    answer.set_cookie(
        STATE_COOKIE,
        carried,
        max_age=int(STATE_SECONDS),
        path="/session/oidc",
        secure=logins.secure,
        httponly=True,
        samesite="lax",
    )
    return answer


@router.get(
    "/session/oidc/callback",
    summary="The provider's answer",
    status_code=303,
    response_class=RedirectResponse,
)
async def end_oidc(
    request: Request,
    gateway: GatewayDep,
    logins: LoginsDep,
    state: Annotated[str, Query(max_length=256)] = "",
    code: Annotated[str, Query(max_length=4096)] = "",
) -> RedirectResponse:
    """Where the provider sends a browser back to; it is then logged in."""
    provider = _provider(gateway, logins)
    carried = request.cookies.get(STATE_COOKIE, "")
    key, name, back = await provider.end(str(request.base_url), carried, state, code)
    answer = RedirectResponse(back, 303)
    logins.begin(answer, key, name)
    answer.delete_cookie(STATE_COOKIE, path="/session/oidc")
    return answer


def _provider(gateway: Gateway, logins: Logins) -> Any:
    if gateway.settings.oidc_issuer is None or gateway.server.access is None:
        raise FailedPrecondition("no provider is named here (setting oidc_issuer); log in by a key")
    if gateway.provider is None:
        try:
            from services.gateway.access.oidc import Provider
        except ModuleNotFoundError as error:
            raise FailedPrecondition(
                "login by a provider needs the extra: pip install 'mazemesh[oidc]'"
            ) from error
        gateway.provider = Provider(gateway.settings, logins.seal)
    return gateway.provider


def described(gateway: Gateway, visitor: Visitor) -> Session:
    """What a visitor is told of itself."""
    asks = gateway.server.access is not None
    key = visitor.caller.key
    role = None if not asks else str(visitor.role or "-")
    commands = [name for name, one in ENDPOINTS.items() if one.kind is not Kind.READ]
    return Session(
        keys=asks,
        name=visitor.name or (key.label if key else ""),
        key_id=key.id if key else "",
        role=key.role.value if key else "",
        player=key.player if key else "",
        by_cookie=visitor.by_cookie,
        oidc=gateway.settings.oidc_issuer is not None,
        may=[name for name in commands if may(role, *name.split(" ", 1))],
    )
