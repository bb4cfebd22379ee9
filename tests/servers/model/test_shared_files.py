"""Model instances that share a database and S3."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services._harness.blobs.s3 import S3Blobs, S3Place
from services._harness.blobs.store import every
from tests.s3_server import S3Server, s3_server
from tests.servers.model_policies import publish
from tests.servers.model_server import RunningModel, running_model


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


def check_files(model: RunningModel) -> None:
    """READY implies blob."""
    for version in model.client.list():
        data = model.client.get(f"{version.name}:{version.version}")[1]
        assert data is not None
        assert hashlib.sha256(data).hexdigest() == version.sha256


def test_one_starts_and_collects_while_another_publishes(tmp_path: Path, s3: S3Server) -> None:
    bucket = s3.bucket()
    shared: dict[str, Any] = {
        "database_url": f"sqlite:///{tmp_path}/model.sqlite",
        "blobs_url": f"s3://{bucket}",
        "blobs_endpoint_url": s3.url,
        "blobs_grace_hours": 1,
        "keep_versions": 3,
    }
    with running_model(tmp_path / "one", **shared) as one:
        for seed in range(4):
            s3.refusals = 1 if seed == 2 else 0
            assert publish(one.client, seed=seed).version == seed + 1
            if seed % 2:
                with running_model(tmp_path / "two", **shared) as two:
                    check_files(two)
        # The first is retired; its file is young, and stays for those who publish it again.
        s3_blobs = S3Blobs(S3Place(bucket, "", s3.url))
        assert len(list(every(s3_blobs, "policies/"))) == 4
        again = publish(one.client, seed=0)
        with running_model(tmp_path / "two", **{**shared, "blobs_grace_hours": 0}) as two:
            check_files(two)
        assert again.version == 5
        check_files(one)
