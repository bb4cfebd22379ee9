"""What S3 answers, as mazemesh's errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
)

from mazemesh.errors import FailedPrecondition, NotFound, Unavailable

_MISSING: Final = frozenset({"NoSuchKey", "404", "NotFound"})
_LATER: Final = frozenset(
    {
        *("SlowDown", "503", "ServiceUnavailable", "InternalError", "500", "RequestTimeout"),
        *("OperationAborted", "Throttling", "RequestLimitExceeded"),
    }
)
_RETRY_SECONDS: Final = 2.0


def code_of(error: ClientError) -> str:
    """The code of an answer, e.g. "SlowDown"; its HTTP status where it has no body."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Raises NotFound, Unavailable or FailedPrecondition for what botocore raises."""
    try:
        yield
    except ClientError as error:
        code = code_of(error)
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _MISSING:
            raise NotFound(f"there is no {where}") from error
        if code in _LATER or status >= 500:
            raise Unavailable(f"{where}: {error}", retry_after=_RETRY_SECONDS) from error
        raise FailedPrecondition(f"{where}: {error}") from error
    except (NoCredentialsError, PartialCredentialsError, NoRegionError) as error:
        raise FailedPrecondition(
            f"{where}: {error}; set AWS_REGION, and AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY "
            "or a role of the machine"
        ) from error
    except (HTTPClientError, BotoCoreError) as error:
        raise Unavailable(f"{where}: {error}", retry_after=_RETRY_SECONDS) from error
