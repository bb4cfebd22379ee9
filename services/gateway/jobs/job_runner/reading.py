"""What a job's processes tell of themselves: the journal's newest line, and actors' episodes."""

from __future__ import annotations

import asyncio
import json
import os
import re
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

_EPISODES: Final = re.compile(rb"^mazemesh_actor_episodes_total(?:\{[^}]*\})? (\S+)", re.MULTILINE)
_TAIL_BYTES: Final = 64 << 10
_PAGE_SECONDS: Final = 2.0


class Journal:
    """The newest line of a file that grows by lines of JSON, and may not be there yet.

    Attributes:
        run_id: Of the run whose journal it is, as `run.json` beside it says; "" before it is there.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._size = -1
        self._line: dict[str, Any] | None = None
        self.run_id = ""

    def newest(self) -> dict[str, Any] | None:
        """The last whole line; None before there is one."""
        try:
            size = self._file.stat().st_size
            if size == self._size:
                return self._line
            with self._file.open("rb") as file:
                file.seek(max(0, size - _TAIL_BYTES))
                data = file.read()
        except FileNotFoundError:
            return self._line
        self._size = size
        self.run_id = self.run_id or self._told_run_id()
        whole, _, _ = data.rpartition(b"\n")
        for text in reversed(whole.split(b"\n")):
            try:
                line = json.loads(text)
            except ValueError:
                continue  # cut off by a kill, or by where we began to read
            if isinstance(line, dict):
                self._line = line
                break
        return self._line

    def _told_run_id(self) -> str:
        try:
            return str(json.loads((self._file.parent / "run.json").read_text())["run_id"])
        except (OSError, ValueError, KeyError, TypeError):
            return ""


class Episodes:
    """Episodes that actors have ended, over the lives of their processes.

    Args:
        ports: Of their pages.
    """

    def __init__(self, ports: Iterable[int]) -> None:
        self._told = dict.fromkeys(ports, 0)
        self._before = 0
        # By no proxy, as no call of the mesh goes by one.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    @property
    def count(self) -> int:
        """All by now."""
        return self._before + sum(self._told.values())

    async def look(self) -> None:
        """Asks all of them; one that does not answer has told nothing new."""
        await asyncio.gather(*(self._look(port) for port in self._told))

    async def _look(self, port: int) -> None:
        try:
            page = await asyncio.to_thread(self._page, port)
        except OSError:
            return
        found = _EPISODES.search(page)
        if found is None:
            return
        count = int(float(found[1]))
        if count < self._told[port]:  # another process by now
            self._before += self._told[port]
        self._told[port] = count

    def _page(self, port: int) -> bytes:
        url = f"http://127.0.0.1:{port}/metrics"
        with self._opener.open(url, timeout=_PAGE_SECONDS) as answer:
            page: bytes = answer.read(1 << 20)
            return page


class Echo:
    """New lines of several logs, each once."""

    def __init__(self, logs: Iterable[Path]) -> None:
        self._at = {log: log.stat().st_size if log.exists() else 0 for log in logs}

    def new(self) -> list[str]:
        """What has come since the last time."""
        found: list[str] = []
        for log, at in self._at.items():
            try:
                with log.open("rb") as file:
                    size = file.seek(0, os.SEEK_END)
                    file.seek(at if size >= at else 0)
                    data = file.read(1 << 20)
            except FileNotFoundError:
                continue
            whole, end, _ = data.rpartition(b"\n")
            self._at[log] = (at if size >= at else 0) + len(whole) + len(end)
            found += whole.decode(errors="replace").splitlines()
        return found
