"""The console's pages as HTML: templates filled with nothing but words; modules fetch the rest.

A page is the same for everybody, so it is made once a language and theme, and kept. Who is looking
and what they may do, the modules ask `/session`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache, partial
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.gateway.console.messages import LANGUAGES, chosen, messages, say
from services.gateway.console.sitemap import FILES, PAGES, ROOT

THEMES: Final = ("light", "dark")
_YEAR: Final = 365 * 24 * 3600
_HERE: Final = Path(__file__).parent


async def _to_console() -> Response:
    return RedirectResponse(f"{ROOT}/", 303)


async def _show(name: str, request: Request) -> Response:
    asked = request.query_params.get("lang")
    language = chosen(
        asked,
        request.cookies.get("lang"),
        accepted=request.headers.get("accept-language", ""),
    )
    theme = request.query_params.get("theme") or request.cookies.get("theme") or ""
    theme = theme if theme in THEMES else ""
    answer = HTMLResponse(rendered(name, language, theme))
    answer.headers["Vary"] = "Accept-Language, Cookie"
    answer.headers["Cache-Control"] = "no-cache"
    answer.headers["Content-Language"] = language
    if asked == language:
        answer.set_cookie("lang", language, max_age=_YEAR, samesite="lax", path=ROOT)
    return answer


async def _messages(language: str) -> Response:
    language = chosen(language)
    return JSONResponse(dict(messages(language)), headers={"Cache-Control": "max-age=300"})


def _files(folder: str) -> Callable[[str, Request], Awaitable[Response]]:
    content = StaticFiles(directory=_HERE / folder)

    async def file(name: str, request: Request) -> Response:
        answer = await content.get_response(name, request.scope)
        # A file is asked for again each time, and answered by 304 while it is the same.
        answer.headers["Cache-Control"] = "no-cache"
        return answer

    return file


def _made() -> APIRouter:
    made = APIRouter(include_in_schema=False)
    made.add_api_route("/", _to_console)
    for page in PAGES:
        made.add_api_route(f"{ROOT}{page.path}", partial(_show, page.name))
    made.add_api_route(f"{ROOT}/messages/{{language}}.json", _messages)
    for folder in FILES:
        made.add_api_route(f"{ROOT}/{folder}/{{name:path}}", _files(folder))
    return made


@cache
def rendered(name: str, language: str, theme: str) -> str:
    """A page as HTML, in a language and a theme ("": that of the browser)."""
    page = next(one for one in PAGES if one.name == name)
    template = _environment().get_template(f"{name}.html")
    return template.render(
        page=page,
        pages=[one for one in PAGES if one.in_navigation],
        current=page.under or page.name,
        root=ROOT,
        language=language,
        languages=LANGUAGES,
        theme=theme,
        t=lambda key, **values: say(language, key, values),
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


router = _made()
"""All pages, the words that their modules speak, and the files that they load."""
