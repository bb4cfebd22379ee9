"""Pictures in the output of a cell, by a real kernel: replaced, interrupted, and what is left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel

SECONDS = 60.0

ENDLESS = """
import itertools, threading
from mazemesh.notebook.board import Board
from mazemesh.notebook.live import Live, place

left = threading.Event()

def feed():
    board = Board(2, 1, (2, 8), (0,))
    for step in itertools.count():
        yield board.moved((step % 2,), step=step)
        left.wait(0.01)

last = Live([feed], [place()], left).run()
"""

pytestmark = [pytest.mark.slow]


class Kernel:
    """Runs cells, and tells what they put out."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager, self._client = manager, client

    def begin(self, code: str) -> str:
        return str(self._client.execute(code))

    def output(self) -> dict[str, Any]:
        """The next message that is a picture."""
        while True:
            message = self._client.get_iopub_msg(timeout=SECONDS)
            if message["header"]["msg_type"] in ("display_data", "update_display_data"):
                return dict(message)

    def status(self, cell: str) -> str:
        """How a cell ended."""
        while True:
            reply = self._client.get_shell_msg(timeout=SECONDS)
            if reply["parent_header"]["msg_id"] == cell:
                return str(reply["content"]["status"])


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kernel]:
    for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR"):
        place = tmp_path / name.lower()
        place.mkdir()
        monkeypatch.setenv(name, str(place))
    manager, client = start_new_kernel(startup_timeout=SECONDS)
    try:
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_picture_is_replaced_until_the_cell_is_interrupted(kernel: Kernel) -> None:
    cell = kernel.begin(ENDLESS)
    shown = kernel.output()
    assert shown["header"]["msg_type"] == "display_data"
    assert shown["content"]["data"]["image/svg+xml"].startswith("<svg ")
    display = shown["content"]["transient"]["display_id"]
    later = [kernel.output() for _ in range(3)]
    assert {one["header"]["msg_type"] for one in later} == {"update_display_data"}
    assert {one["content"]["transient"]["display_id"] for one in later} == {display}
    words = [one["content"]["data"]["text/plain"] for one in (shown, *later)]
    assert len(set(words)) == 4

    kernel.manager.interrupt_kernel()
    assert kernel.status(cell) == "ok"  # enough was seen, which is no error
    after = kernel.begin("assert left.is_set() and last[0].step > 0")
    assert kernel.status(after) == "ok"
