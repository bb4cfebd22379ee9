"""The description of all of REST: OpenAPI 3.1, as FastAPI makes it, with our errors in it."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse

from services.gateway.access.endpoints import Endpoint, endpoint_of
from services.gateway.rest.problems import MEDIA_TYPE, Problem
from services.gateway.rest.registry.kserve import InferInput, InferWanted

router = APIRouter(include_in_schema=False)

_REF: Final = "#/components/schemas/{model}"
_PROBLEMS: Final = {
    "400": "A value makes no sense here; `field` says which.",
    "401": "A key is needed, or this one is not good.",
    "403": "This key's role or names do not cover it, or another site's page asked.",
    "404": "There is no such thing.",
    "409": "Something else is there already, or it is not in the right state.",
    "413": "The request is too large.",
    "422": "The request does not fit this description; `field` says where.",
    "429": "A limit is reached; `Retry-After` says until when.",
    "500": "The gateway failed.",
    "502": "A service failed.",
    "503": "A service is away.",
    "504": "A service did not answer in time.",
}
_MATCHING: Final = {
    "412": "Somebody was faster: what `If-Match` names is no longer so.",
    "428": "`If-Match` has to be sent.",
}
_FASTAPIS_OWN: Final = ("HTTPValidationError", "ValidationError")


@router.get("/openapi.json")
async def openapi(request: Request) -> JSONResponse:
    """Of this gateway, with all that it serves."""
    app: FastAPI = request.app
    if app.openapi_schema is None:
        app.openapi_schema = described(app)
    return JSONResponse(app.openapi_schema)


def described(app: FastAPI) -> dict[str, Any]:
    """The description of an application's routes."""
    told = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        license_info=None,
    )
    schemas = told.setdefault("components", {}).setdefault("schemas", {})
    for name in _FASTAPIS_OWN:
        schemas.pop(name, None)
    for model in (InferInput, InferWanted):
        schemas.setdefault(model.__name__, model.model_json_schema(ref_template=_REF))
    schemas["Problem"] = Problem.model_json_schema(ref_template=_REF)
    told["components"]["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "`mazemesh keys create`"},
        "login": {"type": "apiKey", "in": "cookie", "name": "mazemesh_session"},
    }
    for path, operations in told["paths"].items():
        for method, operation in operations.items():
            _complete(operation, method.upper(), endpoint_of(method.upper(), _route(app, path)))
    return told


def _route(app: FastAPI, path: str) -> str:
    """A path's template as routes have it: FastAPI leaves `:path` out of descriptions."""
    for route in app.state.routes:
        if getattr(route, "path_format", None) == path:
            return str(getattr(route, "path", path))
    return path


def _complete(operation: dict[str, Any], method: str, endpoint: Endpoint | None) -> None:
    answers = operation["responses"]
    answers.pop("422", None)
    names = {one["name"].lower() for one in operation.get("parameters", ())}
    problems = {**_PROBLEMS, **(_MATCHING if "if-match" in names else {})}
    for status, words in problems.items():
        answers.setdefault(
            status,
            {
                "description": words,
                "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}},
            },
        )
    if method == "GET":
        answers.setdefault("304", {"description": "It is as `If-None-Match` knows it."})
    if endpoint is not None and endpoint.roles is not None:
        operation["security"] = [{"key": []}, {"login": []}, {}]
        operation["x-roles"] = sorted(role.value for role in endpoint.roles)
