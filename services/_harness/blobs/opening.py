"""From settings to a blob store."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from mazemesh.process.blob_settings import BlobSettings
from mazemesh.process.errors import StartError
from services._harness.blobs.folder import FolderBlobs
from services._harness.blobs.store import Blobs
from services._harness.blobs.within import Within


def open_blobs(settings: BlobSettings, room: str, embedded: str) -> Blobs:
    """The blobs of one kind: `room` in the shared store, or a folder of the data folder.

    Args:
        settings: with `blobs_url`, or without.
        room: "policies", "recordings" ...
        embedded: the folder, relative to the data folder; where there is no `blobs_url`.

    Raises:
        StartError: the URL is none of a blob store, or S3 cannot be used.
    """
    if not settings.blobs_url:
        return FolderBlobs(settings.data_dir / embedded)
    return Within(open_url(settings.blobs_url, settings), f"{room}/")


def open_url(url: str, settings: BlobSettings) -> Blobs:
    """A whole store: the path of a folder, `file:///path`, or `s3://bucket/prefix`.

    Raises:
        StartError: it is none of these, or the package for S3 is missing.
    """
    folder = folder_of(url)
    if folder is not None:
        return FolderBlobs(folder)
    parts = urlsplit(url)
    if parts.scheme != "s3" or not parts.netloc:
        raise StartError(
            f"blobs_url is {url!r}; use the path of a folder, file:///path or s3://bucket/prefix",
            exit_code=2,
        )
    try:
        from services._harness.blobs.s3 import S3Blobs, S3Place
    except ModuleNotFoundError as error:
        raise StartError(
            f"blobs_url is {url!r}, and that needs boto3: pip install 'mazemesh[aws]'", exit_code=2
        ) from error
    prefix = parts.path.strip("/")
    return S3Blobs(
        S3Place(
            parts.netloc,
            f"{prefix}/" if prefix else "",
            settings.blobs_endpoint_url,
            settings.blobs_encryption,
            settings.blobs_timeout,
        )
    )


def folder_of(url: str) -> Path | None:
    """The folder that a URL of blobs means; None for another kind."""
    if url.startswith("file://"):
        return Path(unquote(urlsplit(url).path))
    return None if "://" in url else Path(url).expanduser().absolute()
