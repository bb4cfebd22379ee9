"""The way of a file from the upload to a version that everybody sees."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from mazemesh.errors import MazemeshError, Unavailable
from mazemesh.policy.rejection import Rejection
from services._harness.shielded import Shielded
from services.model.registry import leases, registry
from services.model.registry.policy import Submission, Version
from services.model.registry.registry import Published
from services.model.registry.upload import Upload
from services.model.store import BlobStore, RegistryStore, Transaction, UnusedFiles
from services.model.validation.parity import Parity
from services.model.validation.validators import Validators

Now = Callable[[], datetime]


class Publisher:
    """Validates versions, several at once, and stores, numbers and collects them one at a time."""

    def __init__(
        self,
        store: RegistryStore,
        blobs: BlobStore,
        unused: UnusedFiles,
        validators: Validators,
        *,
        keep: int,
        lease_seconds: float,
        now: Now,
        changed: Callable[[], None],
    ) -> None:
        """`changed` is called after each change."""
        self._store = store
        self._blobs = blobs
        self._unused = unused
        self._validators = validators
        self._keep = keep
        self._lease_seconds = lease_seconds
        self._now = now
        self._changed = changed
        # Versions may share a file: none may be placed while unused ones are deleted.
        self._files = asyncio.Lock()
        self._committing = Shielded()

    async def find(self, submission: Submission, fence: int = 0) -> Version | None:
        """The version that this request made before; None lets the file come.

        Raises:
            AlreadyExists: the request was about something else.
            Conflict: another run holds the name.
        """

        def find(tx: Transaction) -> Version | None:
            known = registry.find_published(
                tx, submission.request_id, submission.name, submission.sha256
            )
            if known is None:
                leases.check(tx, submission.name, fence, self._now())
            return known

        return await self._store.transact(find)

    async def publish(
        self, submission: Submission, parity: Parity, upload: Upload, fence: int = 0
    ) -> Version:
        """Makes a version of a complete upload: READY, or REJECTED by a check of the file.

        Takes over the upload. A caller that goes away does not stop a commit that has begun.

        Raises:
            InvalidArgument: the upload or the parent is not what the submission says.
            ResourceExhausted: too many files wait to be validated.
            Conflict: another run holds the name, or has taken it over.
        """
        try:
            await asyncio.to_thread(upload.finish)
            submission, rejection = await self._validate(submission, parity, upload)
        except BaseException:
            upload.discard()
            raise
        return await self._committing.run(self._commit(submission, rejection, upload, fence))

    async def collect(self) -> None:
        """Deletes old files that no version has, as a crash between file and row leaves one."""
        candidates = await asyncio.to_thread(self._unused.candidates)
        if candidates:
            async with self._files:
                used = await self._store.transact(lambda tx: tx.versions.files())
                await asyncio.to_thread(self._unused.sweep, candidates, used)

    async def close(self) -> None:
        """Waits for what was begun."""
        await self._committing.join()
        await self._validators.close()

    async def _validate(
        self, submission: Submission, parity: Parity, upload: Upload
    ) -> tuple[Submission, str]:
        """The submission with what was checked, and empty, or why the file is rejected."""
        try:
            checked = await self._validators.check(upload.path, submission.size_bytes, parity)
        except Rejection as rejection:
            return submission, str(rejection)
        return replace(submission, checked=checked), ""

    async def _commit(
        self, submission: Submission, rejection: str, upload: Upload, fence: int
    ) -> Version:
        try:
            async with self._files:
                if not rejection:
                    await asyncio.to_thread(self._blobs.put, upload.path, submission.sha256)
                published = await self._number(submission, rejection, fence)
                self._changed()  # those who wait for the version need not wait for the rest
                if published.unused_files:
                    await asyncio.to_thread(self._unused.discard, published.unused_files)
        finally:
            upload.discard()
        return published.version

    async def _number(self, submission: Submission, rejection: str, fence: int) -> Published:
        now = self._now()

        try:
            return await self._store.transact(
                lambda tx: registry.publish(
                    tx,
                    submission,
                    rejection,
                    now=now,
                    keep=self._keep,
                    fence=fence,
                    lease_seconds=self._lease_seconds,
                )
            )
        except Unavailable:
            raise  # it may be stored all the same, and what is ready has its file
        except MazemeshError:
            used = await self._store.transact(lambda tx: tx.versions.uses(submission.sha256))
            await asyncio.to_thread(self._unused.discard, () if used else (submission.sha256,))
            raise
