"""Which pages the console has, and where: only data, for routes and for the table of roles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ROOT: Final = "/console"


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the console.

    Attributes:
        name: Its template and module are called so, and its words begin so ("live.title").
        path: Under `/console`; what is in braces its module reads from the address.
        in_navigation: Whether the row of pages lists it.
        under: The page of that row that it belongs to, where it is not its own.
    """

    name: str
    path: str
    in_navigation: bool = True
    under: str = ""


PAGES: Final = (
    Page("home", "/"),
    Page("live", "/live"),
    Page("recording", "/recordings/{game_id:path}", in_navigation=False, under="live"),
    Page("play", "/play"),
    Page("leaderboard", "/leaderboard"),
    Page("gates", "/gates"),
    Page("tournaments", "/tournaments"),
    Page("training", "/training"),
    Page("start", "/training/start", in_navigation=False, under="training"),
    Page("job", "/training/jobs/{job_id}", in_navigation=False, under="training"),
    Page("studies", "/training/studies", in_navigation=False, under="training"),
    Page("policies", "/policies"),
    Page("system", "/system"),
    Page("login", "/login", in_navigation=False),
)

FILES: Final = ("modules", "styles", "pictures")
"""Folders of files that pages load."""


def paths() -> list[str]:
    """Path templates of all that the console serves; there is nothing secret in any of it."""
    files = [f"{ROOT}/{folder}/{{name:path}}" for folder in FILES]
    return [f"{ROOT}{page.path}" for page in PAGES] + [f"{ROOT}/messages/{{language}}.json"] + files
