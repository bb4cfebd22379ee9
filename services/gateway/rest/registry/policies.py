"""Policies, their versions and aliases, from Model: promotion is a compare-and-swap."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query
from fastapi.responses import StreamingResponse
from pydantic import ConfigDict, Field

from mazemesh.client.model import DOWNLOAD_DEADLINE, ModelClient
from mazemesh.client.policies.promotion import promote, roll_back
from mazemesh.errors import Conflict, InvalidArgument, NotFound
from mazemesh.names import CHAMPION, PREVIOUS
from mazemesh.v1 import model_pb2 as pb
from services.gateway.access.visitor import CallsDep, VisitorDep
from services.gateway.rest.asking import MOST, TEXT, Name, PageSize, PageToken, RequestBody, told
from services.gateway.rest.messages import model_of
from services.gateway.rest.problems import PreconditionFailed, PreconditionMissing

router = APIRouter(tags=["policies"])

PolicyName = Annotated[str, Path(pattern=r"^[a-z0-9._-]{1,64}$", examples=["race"])]
AliasName = Annotated[str, Path(pattern=r"^[a-z0-9_-]{1,64}$", examples=["champion"])]
Version = Annotated[int, Path(ge=1, le=2**53, examples=[1])]
IfMatch = Annotated[
    str,
    Header(
        max_length=100,
        pattern=TEXT,
        description='The `ETag` of the alias as it was looked at; `"0"`: it does not exist yet.',
        examples=['"12"'],
    ),
]


class Promotion(RequestBody):
    """A version that an alias is to stand for."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"version": 2, "reason": "won its gate"}]},
    )

    version: int = Field(ge=1, le=2**53, description="where the alias goes")
    alias: str = Field(default=CHAMPION, pattern=r"^[a-z0-9_-]{1,64}$", description="what moves")
    reason: str = Field(
        default="", max_length=1024, pattern=TEXT, description="why, for the history"
    )


class AliasTarget(RequestBody):
    """Where an alias is to stand."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"version": 2, "reason": "won its gate"}]},
    )

    version: int = Field(ge=1, le=2**53)
    reason: str = Field(default="", max_length=1024, pattern=TEXT)


class Rollback(RequestBody):
    """An alias that is to go back to where it stood before."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "it forgot the bots"}]})

    alias: str = Field(default=CHAMPION, pattern=r"^[a-z0-9_-]{1,64}$")
    reason: str = Field(default="", max_length=1024, pattern=TEXT)


@router.get("/policies", summary="Versions", response_model=model_of(pb.ListPoliciesResponse))
async def versions(
    calls: CallsDep,
    name: Name = "",
    snapshots_only: bool = False,
    all_states: Annotated[bool, Query(description="Rejected and retired ones too.")] = False,
    page_size: PageSize = 100,
    page_token: PageToken = "",
) -> Any:
    """Versions of one policy or of all, the newest first."""
    request = pb.ListPoliciesRequest(
        name=name,
        snapshots_only=snapshots_only,
        include_all_states=all_states,
        page_size=page_size,
        page_token=page_token,
    )
    return told(await calls.ask(calls.rpcs.model.ListPolicies, request))


@router.get(
    "/policies/{name}", summary="The newest version", response_model=model_of(pb.PolicyVersion)
)
async def newest(calls: CallsDep, name: PolicyName) -> Any:
    """The newest version that is ready: what `name:latest` stands for."""
    request = pb.ListPoliciesRequest(name=name, page_size=1)
    found = (await calls.ask(calls.rpcs.model.ListPolicies, request)).policies
    if not found:
        raise NotFound(f"name: there is no version of {name!r}")
    return told(found[0])


@router.get(
    "/policies/{name}/versions/{version}",
    summary="A version",
    response_model=model_of(pb.PolicyVersion),
)
async def version(calls: CallsDep, name: PolicyName, version: Version) -> Any:
    """A version in any state, with why it was rejected, if it was."""
    return told(await _described(calls, name, version))


@router.get(
    "/policies/{name}/versions/{version}/file",
    summary="Its ONNX file",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
async def file(calls: CallsDep, name: PolicyName, version: Version) -> StreamingResponse:
    """The file as it was published; its ETag is its SHA-256."""
    request = pb.GetPolicyRequest(policy=f"{name}:{version}")
    chunks = calls.rpcs.follow(
        calls.rpcs.model.GetPolicy, request, calls.visitor.key, deadline=DOWNLOAD_DEADLINE
    )
    first = await anext(chunks)  # what is refused is refused before the answer begins

    async def body() -> AsyncIterator[bytes]:
        yield first.chunk
        async for one in chunks:
            yield one.chunk

    headers = {
        "etag": f'"{first.policy.sha256}"',
        "content-disposition": f'attachment; filename="{name}-{version}.onnx"',
    }
    return StreamingResponse(body(), media_type="application/octet-stream", headers=headers)


@router.get(
    "/policies/{name}/aliases/{alias}",
    summary="Where an alias stands",
    response_model=model_of(pb.GetAliasResponse),
)
async def alias(calls: CallsDep, name: PolicyName, alias: AliasName) -> Any:
    """The version that an alias stands for, its last move, and an `ETag` to move it by."""
    request = pb.GetAliasRequest(name=name, alias=alias)
    found = await calls.ask(calls.rpcs.model.GetAlias, request)
    return told(found, headers={"etag": f'"{found.alias.revision}"'})


@router.put(
    "/policies/{name}/aliases/{alias}",
    summary="Move an alias",
    response_model=model_of(pb.Alias),
)
async def move(
    calls: CallsDep,
    visitor: VisitorDep,
    name: PolicyName,
    alias: AliasName,
    target: AliasTarget,
    if_match: IfMatch = "",
) -> Any:
    """Moves an alias from where it was looked at: `If-Match` has that look's `ETag`.

    Where somebody was faster the answer is 412, and nothing is moved.
    """
    if not if_match:
        raise PreconditionMissing(
            "if_match: send `If-Match` with the ETag of the alias as you saw it"
        )
    request = pb.SetAliasRequest(
        name=name,
        alias=alias,
        version=target.version,
        expected_revision=_revision(if_match),
        reason=target.reason,
        mover=_mover(visitor),
        previous_alias=PREVIOUS if alias == CHAMPION else "",
    )
    try:
        moved = (await calls.ask(calls.rpcs.model.SetAlias, request)).alias
    except Conflict as error:
        raise PreconditionFailed(str(error)) from error
    return told(moved, headers={"etag": f'"{moved.revision}"'})


@router.post(
    "/policies/{name}/promote", summary="Promote a version", response_model=model_of(pb.AliasMove)
)
async def promoted(
    calls: CallsDep,
    visitor: VisitorDep,
    name: PolicyName,
    wanted: Promotion,
    if_match: IfMatch = "",
) -> Any:
    """Moves an alias to a version; `champion` leaves `previous` behind.

    With `If-Match` it is moved only from where it was looked at, else from wherever it stands. So
    with it, too, what is sent again moves nothing twice, whichever gateway it comes to; by an
    `Idempotency-Key` alone the one gateway knows it that was asked before.
    """
    given = {"alias": wanted.alias, "reason": wanted.reason, "mover": _mover(visitor)}
    return await _alias_moved(
        calls,
        if_match,
        lambda model, at: promote(model, name, wanted.version, **given, revision=at),
    )


@router.post(
    "/policies/{name}/rollback", summary="Roll back", response_model=model_of(pb.AliasMove)
)
async def rolled_back(
    calls: CallsDep,
    visitor: VisitorDep,
    name: PolicyName,
    wanted: Rollback,
    if_match: IfMatch = "",
) -> Any:
    """Moves an alias back to where it stood before its last move.

    Sent again it goes back further, unless `If-Match` says from where (see promote).
    """
    given = {"alias": wanted.alias, "reason": wanted.reason, "mover": _mover(visitor)}
    return await _alias_moved(
        calls, if_match, lambda model, at: roll_back(model, name, **given, revision=at)
    )


@router.get(
    "/policies/{name}/history",
    summary="Moves of aliases",
    response_model=model_of(pb.ListAliasHistoryResponse),
)
async def history(
    calls: CallsDep,
    name: PolicyName,
    alias: Name = "",
    page_size: PageSize = 100,
    page_token: PageToken = "",
) -> Any:
    """Who moved which alias when and why, the last first."""
    request = pb.ListAliasHistoryRequest(
        name=name, alias=alias, page_size=page_size, page_token=page_token
    )
    return told(await calls.ask(calls.rpcs.model.ListAliasHistory, request))


async def _described(calls: CallsDep, name: str, version: int) -> pb.PolicyVersion:
    """By the list, which viewers may ask; the newest versions come first, without gaps."""
    request = pb.ListPoliciesRequest(name=name, include_all_states=True, page_size=MOST)
    while True:
        page = await calls.ask(calls.rpcs.model.ListPolicies, request)
        for one in page.policies:
            if one.version == version:
                return one
        oldest = page.policies[-1].version if page.policies else 0
        if not page.next_page_token or oldest < version:
            raise NotFound(f"version: there is no {name}:{version}")
        request.page_token = page.next_page_token


async def _alias_moved(
    calls: CallsDep, if_match: str, work: Callable[[ModelClient, int | None], pb.AliasMove]
) -> Any:
    revision = _revision(if_match) if if_match else None
    try:
        moved = await calls(lambda mesh: work(mesh.model, revision))
    except Conflict as error:
        if revision is None:
            raise
        raise PreconditionFailed(str(error)) from error
    return told(moved, headers={"etag": f'"{moved.revision}"'})


def _revision(if_match: str) -> int:
    text = if_match.removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise InvalidArgument(f"if_match: {if_match[:40]!r} should be an alias's ETag, as '\"12\"'")
    return int(text)


def _mover(visitor: VisitorDep) -> str:
    label = "" if visitor.caller.key is None else visitor.caller.key.label
    return (label or "gateway")[:128]
