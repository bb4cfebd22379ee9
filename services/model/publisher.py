"""The way of a file from the upload to a version that everybody sees."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from time import perf_counter

from mazemesh.errors import MazemeshError
from services.model import registry
from services.model.parity import Parity
from services.model.policy import Submission, Version
from services.model.registry import Published
from services.model.rejection import Rejection
from services.model.store import BlobStore, RegistryStore
from services.model.upload import Upload
from services.model.validation import validate

Now = Callable[[], datetime]


class Publisher:
    """Validates, stores, numbers and collects versions, one at a time."""

    def __init__(
        self,
        store: RegistryStore,
        blobs: BlobStore,
        *,
        keep: int,
        now: Now,
        changed: Callable[[], None],
        validated: Callable[[float], None],
    ) -> None:
        """`changed` is called after each change, `validated` told the seconds of each check."""
        self._store = store
        self._blobs = blobs
        self._keep = keep
        self._now = now
        self._changed = changed
        self._validated = validated
        # One at a time leaves the other core to the actors.
        self._validation = ThreadPoolExecutor(1, thread_name_prefix="validation")
        # Versions may share a file: none may be placed while unused ones are deleted.
        self._files = asyncio.Lock()
        self._committing: set[asyncio.Task[Version]] = set()

    async def find(self, submission: Submission) -> Version | None:
        """The version that this request made before.

        Raises:
            AlreadyExists: the request was about something else.
        """
        return await self._store.transact(
            lambda tx: registry.find_published(
                tx, submission.request_id, submission.name, submission.sha256
            )
        )

    async def publish(self, submission: Submission, parity: Parity, upload: Upload) -> Version:
        """Makes a version of a complete upload: READY, or REJECTED by a check of the file.

        Takes over the upload. A caller that goes away does not stop a commit that has begun.

        Raises:
            InvalidArgument: the upload or the parent is not what the submission says.
        """
        try:
            data = await asyncio.to_thread(upload.finish)
            rejection = await self._validate(data, parity)
        except BaseException:
            upload.discard()
            raise
        task = asyncio.create_task(self._commit(submission, rejection, upload))
        self._committing.add(task)
        task.add_done_callback(self._committing.discard)
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Waits for what was begun."""
        await asyncio.gather(*self._committing, return_exceptions=True)
        await asyncio.to_thread(self._validation.shutdown)

    async def _validate(self, data: bytes, parity: Parity) -> str:
        """Empty, or why the file is rejected."""

        def check() -> str:
            started = perf_counter()
            try:
                validate(data, parity)
            except Rejection as rejection:
                return str(rejection)
            finally:
                self._validated(perf_counter() - started)
            return ""

        return await asyncio.get_running_loop().run_in_executor(self._validation, check)

    async def _commit(self, submission: Submission, rejection: str, upload: Upload) -> Version:
        try:
            async with self._files:
                if not rejection:
                    await asyncio.to_thread(self._blobs.put, upload.path, submission.sha256)
                published = await self._number(submission, rejection)
                self._changed()  # those who wait for the version need not wait for the rest
                if published.unused_files:
                    await asyncio.to_thread(self._delete, published.unused_files)
        finally:
            upload.discard()
        return published.version

    async def _number(self, submission: Submission, rejection: str) -> Published:
        now = self._now()

        try:
            return await self._store.transact(
                lambda tx: registry.publish(tx, submission, rejection, now=now, keep=self._keep)
            )
        except MazemeshError:
            used = await self._store.transact(lambda tx: tx.versions.uses(submission.sha256))
            await asyncio.to_thread(self._delete, () if used else (submission.sha256,))
            raise

    def _delete(self, files: Iterable[str]) -> None:
        for sha256 in files:
            self._blobs.delete(sha256)
