"""Where files go that several machines read: settings of every process that keeps some."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, field_validator

from mazemesh.process.settings import ProcessSettings


class BlobSettings(ProcessSettings):
    """Settings of the blob store."""

    common: ClassVar[frozenset[str]] = ProcessSettings.common | {
        "blobs_encryption",
        "blobs_timeout",
        "blobs_grace_hours",
    }

    blobs_url: str | None = Field(
        default=None,
        description="where files are kept: a folder's path, file:///path or s3://bucket/prefix; "
        "not set is the data folder",
    )
    blobs_endpoint_url: str | None = Field(
        default=None, description="of a server that speaks S3; not set is Amazon's"
    )
    blobs_encryption: str = Field(
        default="",
        description="how S3 encrypts: AES256, aws:kms or aws:kms:KEY; empty is what the bucket does",
    )
    blobs_timeout: float = Field(
        default=30.0, gt=0, le=600, description="seconds S3 may be silent before a call is repeated"
    )
    blobs_grace_hours: float = Field(
        default=1.0,
        ge=0,
        le=8760,
        description="hours for which a file that nothing needs is left, since another instance "
        "may be about to name it",
    )

    @field_validator("blobs_encryption")
    @classmethod
    def _encryption(cls, value: str) -> str:
        if value in ("", "AES256", "aws:kms") or value.startswith("aws:kms:"):
            return value
        raise ValueError("it should be AES256, aws:kms, aws:kms:KEY or empty")
