"""Experience as Parquet: exported, imported, archived."""

import asyncio
import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from mazemesh.cli.app import app
from mazemesh.client.replay import tables
from mazemesh.client.replay.replay import ReplayClient
from mazemesh.wire.tensors import Signature
from services._harness import serve
from services.replay.bind import bind
from services.replay.settings import ReplaySettings

SIGNATURE = Signature.of(
    index=("int64", ()), observation=("uint8", (2, 3)), done=("bool", ()), value=("float32", (2,))
)


def definition(name: str):
    return tables.prioritized(
        name, SIGNATURE, 100, alpha=1.0, min_size=1, samples_per_insert=1, error_buffer=1e9
    )


def rows(count: int) -> dict[str, np.ndarray]:
    index = np.arange(count)
    return {
        "index": index,
        "observation": np.repeat(index.astype(np.uint8), 6).reshape(-1, 2, 3),
        "done": index % 2 == 1,
        "value": np.stack([index, -index], axis=1).astype(np.float32),
    }


async def cli(*arguments: str):
    # The commands are synchronous, and the server lives in this loop.
    return await asyncio.to_thread(CliRunner().invoke, app, ["tables", *arguments])


@pytest.fixture
async def service(tmp_path):
    # The command line finds a mesh by its first port; Replay is the fifth.
    settings = ReplaySettings(port=0, data_dir=tmp_path, seed=1, archive_gib=1e-5)
    async with serve(settings, bind) as server:
        client = ReplayClient(server.address)
        yield server, client, ("--data-dir", str(tmp_path), "--port-base", str(server.port - 4))
        client.close()


async def test_rows_go_out_to_parquet_and_in_again(service, tmp_path):
    _, client, where = service
    await asyncio.to_thread(client.create_table, definition("from"))
    await asyncio.to_thread(client.create_table, definition("to"))
    writer = client.writer("from", SIGNATURE)
    priorities, versions = np.linspace(0, 1, 30), np.arange(30)
    await asyncio.to_thread(writer.append, rows(30), priorities, versions)
    file = tmp_path / "rows.parquet"

    result = await cli("export", "from", str(file), *where)
    assert result.exit_code == 0, result.output
    assert "30 rows of from" in result.output
    found = pq.read_table(file).to_pydict()
    assert found["index"] == list(range(30))
    assert found["observation"][7] == [7] * 6
    assert found["done"][:2] == [False, True]
    assert found["value"][3] == [3.0, -3.0]
    assert found["mazemesh.priority"] == priorities.tolist()
    assert found["mazemesh.policy_version"] == versions.tolist()

    result = await cli("import", str(file), "to", *where)
    assert "30 rows of" in result.output, result.output
    batch = await asyncio.to_thread(client.sample, "to", 200, signature=SIGNATURE)
    index = batch.columns["index"]
    for name, column in rows(30).items():
        np.testing.assert_array_equal(batch.columns[name], column[index])
    np.testing.assert_allclose(batch.priorities, priorities[index])
    np.testing.assert_array_equal(batch.policy_versions, index)

    listed = json.loads((await cli("--json", *where)).output)
    assert [(each["table"], each["rows"]) for each in listed] == [("from", 30), ("to", 30)]
    assert (await cli("delete", "from", *where)).output == "deleted from\n"
    missing = await cli("import", str(file), "from", *where)
    assert missing.exit_code == 1


async def test_a_stopped_service_s_rows_are_exported_from_its_log(tmp_path):
    async with serve(ReplaySettings(port=0, data_dir=tmp_path), bind) as server:
        client = ReplayClient(server.address)
        await asyncio.to_thread(client.create_table, definition("table"))
        writer = client.writer("table", SIGNATURE)
        await asyncio.to_thread(writer.append, rows(5))
        where = ("--data-dir", str(tmp_path), "--port-base", str(server.port - 4))
        client.close()
    file = tmp_path / "rows.parquet"
    result = await cli("export", "table", str(file), *where)
    assert result.exit_code == 0, result.output
    assert pq.read_table(file).to_pydict()["index"] == list(range(5))


async def test_what_a_checkpoint_replaces_is_archived_and_the_oldest_goes(service, tmp_path):
    _, client, _ = service
    archive = tmp_path / "blobs" / "replay" / "table"

    def calls():
        client.create_table(definition("table"))
        with client.writer("table", SIGNATURE) as writer:
            writer.append(rows(40), policy_versions=np.full(40, 3))
            client.checkpoint("table")
            [first] = archive.iterdir()
            found = pq.read_table(first).to_pydict()
            assert found["index"] == list(range(40))
            assert found["mazemesh.policy_version"] == [3] * 40
            # Nothing was inserted since, so nothing is archived.
            client.checkpoint("table")
            assert list(archive.iterdir()) == [first]
            for _ in range(20):
                writer.append(rows(40))
                client.checkpoint("table")
        left = sorted(archive.iterdir())
        assert first not in left
        assert sum(path.stat().st_size for path in left) <= 1e-5 * 2**30
        assert len(left) > 1

    await asyncio.to_thread(calls)
