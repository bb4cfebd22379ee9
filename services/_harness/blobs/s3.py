"""Blobs as objects of S3, or of a server that speaks its protocol.

What is relied on: reads see the last write; a put with `If-None-Match: *` succeeds once; checksums
by SHA-256. The digest of the whole content is kept as metadata, since that of an object in parts is
one of their digests.
"""

from __future__ import annotations

import base64
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from mazemesh.errors import Conflict, NotFound, Unavailable
from services._harness.blobs.digest import checked_digest, is_named_by
from services._harness.blobs.s3_errors import code_of, translated
from services._harness.blobs.s3_parts import PART_BYTES, put_in_parts
from services._harness.blobs.s3_reader import S3Reader
from services._harness.blobs.store import PAGE, Blob, check_key

T = TypeVar("T")

_ATTEMPTS: Final = 8
"""Of a call: botocore waits between them for a random part of 1, 2, 4 ... 20 s, about half a minute
in all, when the server answers 500, 503 or that it should be slower, or cannot be reached."""

_CONNECTIONS: Final = 32
_CONFLICT_SECONDS: Final = 0.5
_MOST_COPIED: Final = 5 * 2**30
_DIGEST: Final = "sha256"


@dataclass(frozen=True, slots=True)
class S3Place:
    """Where blobs are, and how they are kept.

    Attributes:
        bucket: there already.
        prefix: of all keys; empty, or ends with a slash.
        endpoint_url: of another server than Amazon's; None for that.
        encryption: "" as the bucket does it, "AES256", "aws:kms", or "aws:kms:" and a key's id.
        timeout: seconds for which an answer may not come before the call is tried again.
    """

    bucket: str
    prefix: str = ""
    endpoint_url: str | None = None
    encryption: str = ""
    timeout: float = 30.0


class S3Blobs:
    """`Blobs` in a bucket. Region and credentials are those that boto3 finds around it."""

    def __init__(self, place: S3Place, part_bytes: int = PART_BYTES) -> None:
        self._place = place
        self._part_bytes = part_bytes
        config = Config(
            retries={"mode": "standard", "max_attempts": _ATTEMPTS},
            connect_timeout=min(5.0, place.timeout),
            read_timeout=place.timeout,
            max_pool_connections=_CONNECTIONS,
            signature_version="s3v4",
        )
        self._client: Any = boto3.client("s3", endpoint_url=place.endpoint_url, config=config)
        self._kept = _encryption(place.encryption)

    def put(
        self, key: str, content: bytes | Path, sha256: str | None = None, *, take: bool = False
    ) -> bool:
        """See `Blobs`; a file that is given away is left."""
        digest = checked_digest(key, content, sha256)
        size = content.stat().st_size if isinstance(content, Path) else len(content)
        write = self._put_parts if size > self._part_bytes else self._put_whole
        only_new = True
        for _ in range(_ATTEMPTS):
            if self._call(key, partial(write, key, content, digest, only_new)):
                return True
            try:
                only_new = not self._is_other(key, digest)
                if only_new:
                    return False
            except NotFound:  # deleted meanwhile, or just being put by another
                only_new = True
                time.sleep(random.uniform(0, _CONFLICT_SECONDS))  # noqa: S311
        raise Unavailable(f"{key} comes and goes; try again", retry_after=1.0)

    def open(self, key: str, offset: int = 0) -> S3Reader:
        """See `Blobs`; what is open may end with NotFound when it is deleted."""
        return S3Reader(self._client, self._place.bucket, self._name(key), offset)

    def find(self, key: str) -> Blob | None:
        """See `Blobs`."""
        try:
            head = self._head(key)
        except NotFound:
            return None
        return Blob(key, head["ContentLength"], head["LastModified"].timestamp())

    def list(self, prefix: str = "", after: str = "", limit: int = PAGE) -> list[Blob]:
        """See `Blobs`."""
        above = {"StartAfter": self._place.prefix + after} if after else {}
        page = self._call(
            prefix,
            lambda: self._client.list_objects_v2(
                Bucket=self._place.bucket,
                Prefix=self._place.prefix + prefix,
                MaxKeys=min(limit, PAGE),
                **above,
            ),
        )
        return [
            Blob(
                found["Key"].removeprefix(self._place.prefix),
                found["Size"],
                found["LastModified"].timestamp(),
            )
            for found in page.get("Contents", ())
        ]

    def delete(self, key: str, put_before: float | None = None) -> bool:
        """See `Blobs`; between the look at its age and the deletion there is one round trip."""
        if put_before is not None:
            found = self.find(key)
            if found is None:
                return True
            # Times of objects are whole seconds.
            if found.put_time + 1 >= put_before:
                return False
        self._call(key, lambda: self._client.delete_object(**self._where(key)))
        return True

    def url(self, key: str, seconds: int) -> str:
        """See `Blobs`."""
        made: str = self._client.generate_presigned_url(
            "get_object", Params=self._where(key), ExpiresIn=seconds
        )
        return made

    def _name(self, key: str) -> str:
        return self._place.prefix + check_key(key)

    def _where(self, key: str) -> dict[str, str]:
        return {"Bucket": self._place.bucket, "Key": self._name(key)}

    def _put_whole(self, key: str, content: bytes | Path, digest: str, only_new: bool) -> bool:
        body = content.read_bytes() if isinstance(content, Path) else content
        checksum = base64.b64encode(bytes.fromhex(digest)).decode()
        return _is_new(
            lambda: self._client.put_object(
                **self._where(key),
                **self._kept,
                **_if_new(only_new),
                Body=body,
                ChecksumSHA256=checksum,
                Metadata={_DIGEST: digest},
            )
        )

    def _put_parts(self, key: str, content: bytes | Path, digest: str, only_new: bool) -> bool:
        if only_new and self._exists(key):
            return False  # before many parts are sent for nothing
        kept = {**self._kept, "Metadata": {_DIGEST: digest}}
        return _is_new(
            lambda: put_in_parts(
                self._client, self._where(key), content, kept, _if_new(only_new), self._part_bytes
            )
        )

    def _exists(self, key: str) -> bool:
        return self.find(key) is not None

    def _head(self, key: str) -> dict[str, Any]:
        head: dict[str, Any] = self._call(key, lambda: self._client.head_object(**self._where(key)))
        return head

    def _is_other(self, key: str, digest: str) -> bool:
        """Whether what is there is damaged and to be replaced; else it is made young."""
        head = self._head(key)
        if head["Metadata"].get(_DIGEST) != digest:
            if is_named_by(key, digest):
                return True
            raise Conflict(f"{key} is there with another content; blobs never change")
        if head["ContentLength"] <= _MOST_COPIED:
            where = self._where(key)
            self._call(
                key,
                lambda: self._client.copy_object(
                    **where,
                    **self._kept,
                    CopySource=where,
                    Metadata=head["Metadata"],
                    MetadataDirective="REPLACE",
                ),
            )
        return False

    def _call(self, key: str, call: Callable[[], T]) -> T:
        with translated(f"s3://{self._place.bucket}/{self._place.prefix}{key}"):
            return call()


def _if_new(only_new: bool) -> dict[str, str]:
    return {"IfNoneMatch": "*"} if only_new else {}


def _is_new(put: Callable[[], object]) -> bool:
    """Whether it was put; False when there was one, or another is being put."""
    try:
        put()
    except ClientError as error:
        if code_of(error) in ("PreconditionFailed", "412", "ConditionalRequestConflict"):
            return False
        raise
    return True


def _encryption(wanted: str) -> dict[str, str]:
    if not wanted:
        return {}
    kind, _, key = wanted.partition("aws:kms:")
    if key:
        return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
    return {"ServerSideEncryption": kind or wanted}
