"""Reads an object, and goes on where the connection broke."""

from __future__ import annotations

from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from services._harness.blobs.s3_errors import code_of, translated

_ATTEMPTS: Final = 4
"""To go on from one byte; each of them is tried again by botocore itself."""


class S3Reader:
    """See `BlobReader`."""

    def __init__(self, client: Any, bucket: str, name: str, offset: int) -> None:
        self._client = client
        self._bucket = bucket
        self._name = name
        self._offset = offset
        self._left = 0
        self._body: Any = None
        with translated(self._where):
            self._open()

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, fewer only at the end."""
        wanted = min(size, self._left)
        parts: list[bytes] = []
        while wanted:
            part = self._read_some(wanted)
            parts.append(part)
            wanted -= len(part)
        return b"".join(parts)

    def close(self) -> None:
        """Ends the answer, of which not all may have been read."""
        if self._body is not None:
            self._body.close()

    @property
    def _where(self) -> str:
        return f"s3://{self._bucket}/{self._name}"

    def _read_some(self, wanted: int) -> bytes:
        with translated(self._where):
            for attempt in range(_ATTEMPTS):
                try:
                    if self._body is None:
                        self._open()
                    part: bytes = self._body.read(wanted)
                    if part:
                        self._offset += len(part)
                        self._left -= len(part)
                        return part
                    raise BotoCoreError
                except (BotoCoreError, OSError):
                    self.close()
                    self._body = None
                    if attempt == _ATTEMPTS - 1:
                        raise
        raise AssertionError("the last attempt raises")

    def _open(self) -> None:
        beyond = {"Range": f"bytes={self._offset}-"} if self._offset else {}
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._name, **beyond)
        except ClientError as error:
            if code_of(error) in ("InvalidRange", "416"):
                return
            raise
        self._body, self._left = answer["Body"], answer["ContentLength"]
