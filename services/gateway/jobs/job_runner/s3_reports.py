"""Reports as objects of S3: the machines of a job are gone when somebody asks."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from services.gateway.jobs.attempts.report import Report, from_json, to_json
from services.gateway.jobs.job_runner.reports import Lines


class S3Reports:
    """Two objects, which each report replaces: the report, and the last lines of the logs.

    Args:
        place: `s3://bucket/prefix`.
        job_id: Whose.
        client: Of S3; None: boto3's own.
    """

    seconds = 10.0

    def __init__(self, place: str, job_id: str, client: Any = None) -> None:
        parts = urlsplit(place)
        self._bucket = parts.netloc
        folder = f"{parts.path.strip('/')}/{job_id}".lstrip("/")
        self.key, self.log_key = f"{folder}/report.json", f"{folder}/log"
        self._client = client or _client()

    def put(self, report: Report, lines: Lines) -> None:
        """See `Reports`."""
        from botocore.exceptions import BotoCoreError, ClientError

        body, log = json.dumps(to_json(report)).encode(), "\n".join(lines()).encode()
        try:
            self._client.put_object(Bucket=self._bucket, Key=self.log_key, Body=log)
            self._client.put_object(Bucket=self._bucket, Key=self.key, Body=body)
        except (BotoCoreError, ClientError) as error:
            raise OSError(f"s3://{self._bucket}/{self.key}: {error}") from error

    def log(self) -> list[str]:
        """The last lines of the logs, as they were told last."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            told = self._client.get_object(Bucket=self._bucket, Key=self.log_key)
            body: bytes = told["Body"].read()
        except (ClientError, BotoCoreError):
            return []
        return body.decode(errors="replace").splitlines()

    def discard(self) -> None:
        """Deletes both."""
        for key in (self.key, self.log_key):
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def last(self) -> Report | None:
        """See `Reports`."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            body = self._client.get_object(Bucket=self._bucket, Key=self.key)["Body"].read()
            return from_json(json.loads(body))
        except (ClientError, BotoCoreError, ValueError, KeyError, TypeError):
            return None


def _client() -> Any:
    import boto3
    from botocore.config import Config

    deadlines = Config(connect_timeout=5.0, read_timeout=20.0, retries={"mode": "standard"})
    return boto3.client("s3", config=deadlines)
