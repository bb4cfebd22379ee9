"""The last lines of the logs of the mesh's processes, where these lie on this machine."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from mazemesh.errors import NotFound
from services.gateway.context import GatewayDep

router = APIRouter(prefix="/system/logs", tags=["system"])

_MAX_FILES: Final = 1_000
_MAX_BYTES: Final = 256 * 1024
_SUFFIX: Final = ".log"


class LogFile(BaseModel):
    """A log."""

    name: str = Field(description="of the process", examples=["learner"])
    bytes: int
    changed: datetime


class Tail(BaseModel):
    """The end of a log."""

    name: str
    lines: list[str] = Field(description="oldest first")
    at: int = Field(description="size of the file, for `since`")
    cut: bool = Field(description="there are earlier lines")


@router.get("", summary="All logs")
async def logs(gateway: GatewayDep) -> list[LogFile]:
    """Logs of the processes that `mazemesh up` runs; none where they are written elsewhere."""
    return await asyncio.to_thread(_list, gateway.settings.data_dir / "logs")


@router.get("/{name}", summary="The end of a log")
async def tail(
    gateway: GatewayDep,
    name: str,
    lines: Annotated[int, Query(ge=1, le=2_000, description="at most")] = 200,
    since: Annotated[
        int, Query(ge=0, description="size that was told before; only later lines come")
    ] = 0,
    words: Annotated[str, Query(max_length=200, description="that a line should have")] = "",
) -> Tail:
    """The last lines, within the last 256 KiB."""
    folder = gateway.settings.data_dir / "logs"
    known = {one.name for one in await asyncio.to_thread(_list, folder)}
    if name not in known:
        raise NotFound(
            f"name: there is no log of {name[:80]!r}; there are {', '.join(sorted(known))}"
        )
    return await asyncio.to_thread(_tail, folder / f"{name}{_SUFFIX}", name, lines, since, words)


def _list(folder: Path) -> list[LogFile]:
    found = []
    for file in sorted(folder.glob(f"*{_SUFFIX}"))[:_MAX_FILES]:
        try:
            status = file.stat()
        except OSError:
            continue
        if file.is_file() and not file.is_symlink():
            changed = datetime.fromtimestamp(status.st_mtime, UTC)
            found.append(
                LogFile(name=file.name.removesuffix(_SUFFIX), bytes=status.st_size, changed=changed)
            )
    return found


def _tail(file: Path, name: str, most: int, since: int, words: str) -> Tail:
    with file.open("rb") as opened:
        size = opened.seek(0, os.SEEK_END)
        # A file that is shorter than it was began anew.
        begin = max(since if since <= size else 0, size - _MAX_BYTES)
        opened.seek(begin)
        data = opened.read(_MAX_BYTES)
    *whole, rest = data.split(b"\n")
    if begin > since and whole:
        whole = whole[1:]  # begins in the middle of a line
    text = [line.decode(errors="replace") for line in whole]
    kept = [line for line in text if words.lower() in line.lower()]
    at = begin + len(data) - len(rest)
    return Tail(name=name, lines=kept[-most:], at=at, cut=len(kept) > most or begin > since)
