"""Threads that wait for a blob store."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from mazemesh.process.blob_settings import BlobSettings

_THREADS: Final = 32
"""As many as S3 connections; the event loop has four more than there are cores by itself, and a few
calls to a store that is slow would hold up all others."""


def enough_threads(settings: BlobSettings) -> None:
    """Gives `asyncio.to_thread` more threads in this event loop, where there is a shared store."""
    if settings.blobs_url:
        threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="files")
        asyncio.get_running_loop().set_default_executor(threads)
