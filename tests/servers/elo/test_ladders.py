"""A ladder reads the same from the Elo service as from its database."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mazemesh.cli.claim import write_note
from mazemesh.cli.ratings.ladders import ServedLadder
from mazemesh.client.elo import EloClient
from mazemesh.errors import NotFound
from services._harness import serve
from services.elo.bind import bind
from supervisor.ladders import StoredLadder, open_ladder
from tests.servers.elo_results import RESULTS, settings_in
from tests.unit.elo.played import TRUTH


async def test_served_and_stored_agree(tmp_path: Path) -> None:
    async with serve(settings_in(tmp_path), bind) as server:
        client = EloClient(server.address)
        await asyncio.to_thread(client.record, RESULTS)
        served = ServedLadder(client, "race")
        players = await asyncio.to_thread(served.players)
        history = await asyncio.to_thread(served.history, "race:2")
        pairings = await asyncio.to_thread(served.pairings, sorted(TRUTH))
        client.close()
    stored = await asyncio.to_thread(StoredLadder.load, tmp_path, "race")
    assert {player.name for player in players} == set(TRUTH)
    assert stored.players() == players
    kept = await asyncio.to_thread(stored.history, "race:2")
    np.testing.assert_array_equal(kept.online_rating, history.online_rating)
    assert len(history.online_rating) == sum("race:2" in one.participants for one in RESULTS)
    assert stored.pairings(sorted(TRUTH)) == pairings
    assert sum(pair.games for pair in pairings) == 240
    with pytest.raises(NotFound, match="race:9"):
        stored.history("race:9")


async def test_the_mesh_on_the_folder_is_asked_before_the_folder(tmp_path: Path) -> None:
    def kind_of_ladder() -> Any:
        with open_ladder(tmp_path, None, None, "race") as ladder:
            return type(ladder), len(ladder.players())

    async with serve(settings_in(tmp_path), bind) as server:
        client = EloClient(server.address)
        await asyncio.to_thread(client.record, RESULTS)
        client.close()
        port_base = int(server.address.rpartition(":")[2]) - 3  # Elo is the fourth
        note = {"pid": os.getpid(), "host": "127.0.0.1", "port_base": port_base}
        write_note(tmp_path, note)
        assert await asyncio.to_thread(kind_of_ladder) == (ServedLadder, 5)
    assert await asyncio.to_thread(kind_of_ladder) == (StoredLadder, 5)


def test_a_folder_without_results_has_no_players(tmp_path: Path) -> None:
    ladder = StoredLadder.load(tmp_path, "race")
    assert ladder.players() == []
    assert ladder.pairings(["a", "b"]) == []
    assert not (tmp_path / "elo.sqlite").exists()
