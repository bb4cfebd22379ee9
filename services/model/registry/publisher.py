"""The way of a file from the upload to a version that everybody sees."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

from mazemesh.errors import MazemeshError, Unavailable
from mazemesh.policy.file.rejection import Rejection
from mazemesh.policy.file.weights import MOST_WEIGHT_BYTES, Graph
from services._harness.shielded import Shielded
from services.model.blob_store import BlobStore, UnusedFiles
from services.model.checks import Check
from services.model.drift.reference import LEAST_ROWS, Reference
from services.model.registry import leases, registry
from services.model.registry.graphs import Graphs
from services.model.registry.keeping.collecting import Collected, Wanted, collect, protected
from services.model.registry.keeping.in_use import VersionsInUse
from services.model.registry.policy import Event, State, Submission, Version
from services.model.registry.registry import Published
from services.model.registry.upload import Upload
from services.model.store import RegistryStore, Transaction
from services.model.validation.parity import Parity
from services.model.validation.report import Rejected
from services.model.validation.validator import Content
from services.model.validation.validators import Validators
from services.model.variants.making import Made

Now = Callable[[], datetime]
Makes = Callable[[Content, int, Parity, Sequence[str]], Awaitable[Sequence[Made]]]
"""Of a file (with its size and parity rows) variants of these kinds (`VariantMaker.make`)."""


class Beside(NamedTuple):
    """What is stored beside a version's file: files of variants by SHA-256, and its reference."""

    files: Mapping[str, bytes] = MappingProxyType({})
    reference: bytes = b""


WITH_ROWS_BYTES: Final = 1024 * 1024
"""Of a file that may be kept with its row while it is not for long: one write that is waited for
in place of four, and no put into a store that is far away."""


_MOST_CONFIGS: Final = 1024
"""Whose rows are known to be there."""


class Smoke(Protocol):
    """Plays with files."""

    async def before(
        self,
        submission: Submission,
        content: Content,
        size_bytes: int,
        checks: tuple[Check, ...],
    ) -> tuple[Check, ...]:
        """Checks a file that was checked alone by a few moves of play; raises `Rejection`."""

    def after(self, version: Version, file: Callable[[], Awaitable[bytes]]) -> None:
        """Has a snapshot that is ready play whole games, some time soon."""


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
        changed: Callable[[Sequence[Event]], None],
        users: Sequence[VersionsInUse] = (),
        smoke: Smoke | None = None,
        graphs: Graphs | None = None,
        makes: Makes | None = None,
        prepared: Callable[[Submission, bytes], None] = lambda submission, weights: None,
        file: Callable[[Version], Awaitable[bytes]] | None = None,
    ) -> None:
        """`changed` is called after changes, with what they were where that is known.

        `makes` makes the variants that are asked for.
        `users` name versions that are not retired. `smoke` plays with a file before it is ready,
        and longer with snapshots when they are; `file` reads those. `prepared` is called with
        weights that were checked, before their version is visible.
        """
        self._store = store
        self._blobs = blobs
        self._unused = unused
        self._validators = validators
        self._keep = keep
        self._lease_seconds = lease_seconds
        self._now = now
        self._changed = changed
        self._graphs, self._makes, self._prepared = graphs, makes, prepared
        self._users, self._smoke = users, smoke
        self._file = file
        self._configs: set[str] = set()
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
        self,
        submission: Submission,
        parity: Parity,
        upload: Upload,
        fence: int = 0,
        kinds: Sequence[str] = (),
    ) -> Version:
        """Makes a version of a complete upload: READY, or REJECTED by a check of the file.

        Takes over the upload. A caller that goes away does not stop a commit that has begun.
        Variants of these kinds are made of the file; one that fails is told, and no reason to
        reject the version.

        Raises:
            InvalidArgument: the upload or the parent is not what the submission says.
            ResourceExhausted: too many files wait to be validated, or for their variants.
            Conflict: another run holds the name, or has taken it over.
        """
        try:
            await asyncio.to_thread(upload.finish)
            submission, rejection = await self._validate(submission, parity, upload)
            beside = Beside()
            if not rejection:
                submission, beside = await self._beside(submission, parity, upload.path, kinds)
        except BaseException:
            upload.discard()
            raise
        version = await self._committing.run(
            self._commit(submission, rejection, upload, fence, beside)
        )
        return self._is_out(version)

    async def publish_weights(
        self,
        submission: Submission,
        parity: Parity,
        file: bytes,
        weights: bytes,
        fence: int = 0,
        kinds: Sequence[str] = (),
    ) -> Version:
        """Makes a version of a file that was put together of a known graph and weights.

        A small file that nobody wants to keep is written with its row, others go to the blobs.

        Raises:
            As `publish`.
        """
        try:
            verdict = await self._validators.check(file, len(file), parity)
        except Rejection as rejection:
            refused = replace(submission, checks=_checks_of(rejection))
            return await self._committing.run(
                self._commit_rows(refused, str(rejection), None, fence)
            )
        submission = replace(submission, checked=verdict.words, checks=verdict.checks)
        submission, beside = await self._beside(submission, parity, file, kinds)
        self._prepared(submission, weights)
        if submission.snapshot or beside.files or len(file) > WITH_ROWS_BYTES:
            version = await self._committing.run(self._commit_blob(submission, file, fence, beside))
            return self._is_out(version)
        return await self._committing.run(self._commit_rows(submission, "", file, fence))

    def _is_out(self, version: Version) -> Version:
        if self._smoke is not None and self._file is not None and version.state is State.READY:
            self._smoke.after(version, partial(self._file, version))
        return version

    async def collect(self) -> None:
        """Deletes old files that no version has, as a crash between file and row leaves one."""
        candidates = await asyncio.to_thread(self._unused.candidates)
        if candidates:
            async with self._files:
                used = await self._store.transact(lambda tx: tx.versions.files())
                await asyncio.to_thread(self._unused.sweep, candidates, used)

    async def collect_versions(self, wanted: Wanted) -> Collected:
        """Retires versions that nobody uses; see `keeping.collecting`."""
        return await self._committing.run(self._collect_versions(wanted))

    async def _collect_versions(self, wanted: Wanted) -> Collected:
        async with self._files:
            found = await self._store.transact(
                lambda tx: collect(tx, wanted, self._users, now=self._now())
            )
            if found.events:
                self._changed(found.events)
            if found.unused_files:
                await asyncio.to_thread(self._unused.discard, found.unused_files)
        return found

    async def close(self) -> None:
        """Waits for what was begun."""
        await self._committing.join()
        await self._validators.close()

    async def _validate(
        self, submission: Submission, parity: Parity, upload: Upload
    ) -> tuple[Submission, str]:
        """The submission with what was checked, and empty, or why the file is rejected."""
        try:
            verdict = await self._validators.check(upload.path, submission.size_bytes, parity)
            checks = verdict.checks
            if self._smoke is not None:
                size = submission.size_bytes
                checks += await self._smoke.before(submission, upload.path, size, checks)
        except Rejection as rejection:
            return replace(submission, checks=_checks_of(rejection)), str(rejection)
        graph = await self._graph(submission, upload)
        checked = replace(submission, checked=verdict.words, checks=checks, graph_sha256=graph)
        return checked, ""

    async def _beside(
        self, submission: Submission, parity: Parity, content: Content, kinds: Sequence[str]
    ) -> tuple[Submission, Beside]:
        """The submission with its variants, and what is stored beside its file."""
        reference = b""
        if submission.snapshot and len(parity) >= LEAST_ROWS:
            greedy = submission.q_values
            reference = await asyncio.to_thread(
                lambda: Reference.of(parity, greedy=greedy).to_bytes()
            )
        if not kinds:
            return submission, Beside(reference=reference)
        assert self._makes is not None
        made = await self._makes(content, submission.size_bytes, parity, kinds)
        files = {one.variant.sha256: one.file for one in made if one.variant.sha256}
        variants = tuple(one.variant for one in made)
        return replace(submission, variants=variants), Beside(files, reference)

    def _put_all(self, beside: Beside) -> None:
        for sha256, file in beside.files.items():
            self._blobs.put(file, sha256)

    async def _graph(self, submission: Submission, upload: Upload) -> str:
        """The graph of the checked file, remembered; empty where it is not told."""
        if self._graphs is None or submission.size_bytes > MOST_WEIGHT_BYTES:
            return ""
        graph = await asyncio.to_thread(lambda: Graph.of(upload.path.read_bytes()))
        if graph is None:
            return ""
        self._graphs.remember(graph)
        return graph.sha256

    async def _commit_rows(
        self, submission: Submission, rejection: str, content: bytes | None, fence: int
    ) -> Version:
        """Of a file that is not among the blobs: no lock is needed against those who delete."""
        published = await self._transact(submission, rejection, fence, content)
        self._changed(published.events)
        if published.unused_files:
            async with self._files:
                await asyncio.to_thread(self._unused.discard, published.unused_files)
        return published.version

    async def _commit_blob(
        self, submission: Submission, file: bytes, fence: int, beside: Beside
    ) -> Version:
        async with self._files:
            if beside.files:
                await asyncio.to_thread(self._put_all, beside)
            await asyncio.to_thread(self._blobs.put, file, submission.sha256)
            published = await self._number(submission, "", fence, beside.reference)
            self._changed(published.events)
            if published.unused_files:
                await asyncio.to_thread(self._unused.discard, published.unused_files)
        return published.version

    async def _commit(
        self, submission: Submission, rejection: str, upload: Upload, fence: int, beside: Beside
    ) -> Version:
        try:
            async with self._files:
                if beside.files:
                    await asyncio.to_thread(self._put_all, beside)
                if not rejection:
                    await asyncio.to_thread(self._blobs.put, upload.path, submission.sha256)
                published = await self._number(submission, rejection, fence, beside.reference)
                # Those who wait for the version need not wait for the rest.
                self._changed(published.events)
                if published.unused_files:
                    await asyncio.to_thread(self._unused.discard, published.unused_files)
        finally:
            upload.discard()
        return published.version

    async def _transact(
        self,
        submission: Submission,
        rejection: str,
        fence: int,
        content: bytes | None = None,
        reference: bytes = b"",
    ) -> Published:
        now = self._now()
        known = submission.config_sha256 in self._configs
        if known and submission.config:
            submission = replace(submission, config={})
        published = await self._store.transact(
            lambda tx: registry.publish(
                tx,
                submission if known else registry.with_config(tx, submission),
                rejection,
                now=now,
                keep=self._keep,
                fence=fence,
                lease_seconds=self._lease_seconds,
                content=content,
                reference=reference,
                in_use=lambda tx, name: protected(tx, name, self._users, now),
            )
        )
        if not known and submission.config_sha256 and len(self._configs) < _MOST_CONFIGS:
            self._configs.add(submission.config_sha256)
        return published

    async def _number(
        self, submission: Submission, rejection: str, fence: int, reference: bytes
    ) -> Published:
        try:
            return await self._transact(submission, rejection, fence, reference=reference)
        except Unavailable:
            raise  # it may be stored all the same, and what is ready has its file
        except MazemeshError:
            used = await self._store.transact(lambda tx: tx.versions.uses(submission.sha256))
            await asyncio.to_thread(self._unused.discard, () if used else (submission.sha256,))
            raise


def _checks_of(rejection: Rejection) -> tuple[Check, ...]:
    return rejection.checks if isinstance(rejection, Rejected) else ()
