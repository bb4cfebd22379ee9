"""A large object, put in parts, several at once."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

PART_BYTES: Final = 16 * 2**20
"""Objects up to this size are put at once. S3 wants parts of 5 MiB at least, 10,000 at most."""

_MOST_PARTS: Final = 10_000
_AT_ONCE: Final = 4


def put_in_parts(
    client: Any,
    where: dict[str, str],
    content: bytes | Path,
    kept: dict[str, Any],
    condition: dict[str, str],
    part_bytes: int,
) -> None:
    """Puts an object, which is there when its last part is; of one that fails nothing is left.

    No more than five parts are in memory. Parts that a killed process leaves behind are seen by
    nobody; a lifecycle rule of the bucket deletes them (AbortIncompleteMultipartUpload).

    Raises:
        ClientError: PreconditionFailed, where the condition does not hold.
    """
    size = content.stat().st_size if isinstance(content, Path) else len(content)
    part_bytes = max(part_bytes, -(-size // _MOST_PARTS))
    upload = client.create_multipart_upload(**where, **kept, ChecksumAlgorithm="SHA256")
    of_it = {**where, "UploadId": upload["UploadId"]}
    try:
        parts = _put_all(client, of_it, content, part_bytes)
        client.complete_multipart_upload(**of_it, **condition, MultipartUpload={"Parts": parts})
    except BaseException:
        with suppress(ClientError, BotoCoreError):
            client.abort_multipart_upload(**of_it)
        raise


def _put_all(
    client: Any, of_it: dict[str, str], content: bytes | Path, part_bytes: int
) -> list[dict[str, Any]]:
    running: list[Future[dict[str, Any]]] = []
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="s3-parts") as threads:
        for number, part in enumerate(_parts(content, part_bytes), 1):
            if number > _AT_ONCE:
                running[number - _AT_ONCE - 1].result()
            running.append(threads.submit(_put_part, client, of_it, number, part))
        return [each.result() for each in running]


def _put_part(client: Any, of_it: dict[str, str], number: int, part: bytes) -> dict[str, Any]:
    checksum = base64.b64encode(hashlib.sha256(part).digest()).decode()
    answer = client.upload_part(**of_it, PartNumber=number, Body=part, ChecksumSHA256=checksum)
    return {"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum}


def _parts(content: bytes | Path, part_bytes: int) -> Iterator[bytes]:
    if isinstance(content, Path):
        with content.open("rb") as file:
            yield from iter(lambda: file.read(part_bytes), b"")
        return
    for start in range(0, len(content), part_bytes):
        yield content[start : start + part_bytes]
