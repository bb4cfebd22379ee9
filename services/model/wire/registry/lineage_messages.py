"""What lists are asked for, and what a run was started with: messages to the registry's nouns."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from mazemesh.errors import InvalidArgument
from mazemesh.names import POLICY
from mazemesh.v1 import model_pb2 as pb
from services.model.version_store import Filter
from services.model.wire.texts import text

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
MOST_CONFIG_KEYS: Final = 256
_MOST_WANTED: Final = 16
_LONGEST_KEY: Final = 128
_LONGEST_VALUE: Final = 1024
_MOST_BYTES: Final = 64 * 1024
_LONGEST: Final = 128


def read_config(header: pb.PublishPolicyHeader) -> tuple[dict[str, str], str]:
    """A config and its hash, or the hash alone; empty without one.

    Raises:
        InvalidArgument: it is too large, a name is empty, or the hash is none.
    """
    if not header.config:
        known = header.config_sha256
        if known and not _SHA256.fullmatch(known):
            raise InvalidArgument(
                f"config_sha256 is {known[:80]!r}; expected 64 digits of 0-9, a-f, or nothing"
            )
        return {}, known
    config = dict(header.config)
    if header.config_sha256:
        raise InvalidArgument("config and config_sha256 are set; expected one of them")
    _check_config(config, MOST_CONFIG_KEYS)
    size = sum(len(key) + len(value) for key, value in config.items())
    if size > _MOST_BYTES:
        raise InvalidArgument(f"config has {size} characters; at most {_MOST_BYTES} are allowed")
    told = json.dumps(sorted(config.items()), separators=(",", ":"))
    return config, hashlib.sha256(told.encode()).hexdigest()


def read_filter(request: pb.ListPoliciesRequest) -> Filter:
    """Which versions a list is to show.

    Raises:
        InvalidArgument: a field that is wrong, named with its value.
    """
    config = dict(request.config)
    _check_config(config, _MOST_WANTED)
    if request.parent_version and not request.name:
        raise InvalidArgument(
            f"parent_version is {request.parent_version} and name is empty; expected both"
        )
    for field in ("parent_version", "min_training_step", "max_training_step"):
        if getattr(request, field) < 0:
            raise InvalidArgument(f"{field} is {getattr(request, field)}; expected 0 or more")
    texts = {
        field: text(field, getattr(request, field), _LONGEST)
        for field in ("run_id", "game", "game_hash", "spec_hash", "sha256", "code_version")
    }
    latest = request.max_training_step if request.HasField("max_training_step") else None
    return Filter(
        name=POLICY.check("name", request.name) if request.name else "",
        snapshots_only=request.snapshots_only,
        include_all_states=request.include_all_states,
        parent_version=request.parent_version,
        min_training_step=request.min_training_step,
        max_training_step=latest,
        config=tuple(sorted(config.items())),
        created_from=_time(request, "create_time_from"),
        created_before=_time(request, "create_time_before"),
        **texts,
    )


def _time(request: pb.ListPoliciesRequest, field: str) -> datetime | None:
    if not request.HasField(field):
        return None
    value: Timestamp = getattr(request, field)
    try:
        return value.ToDatetime(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidArgument(f"{field} is {value.seconds} s; expected years 1 to 9999") from error


def _check_config(config: dict[str, str], most: int) -> None:
    if len(config) > most:
        raise InvalidArgument(f"config has {len(config)} names; at most {most} are allowed")
    for key, value in config.items():
        if not 1 <= len(key) <= _LONGEST_KEY:
            raise InvalidArgument(
                f"config has a name of {len(key)} characters; expected 1..{_LONGEST_KEY}"
            )
        text("config's name", key, _LONGEST_KEY)
        text(f"config[{key!r}]", value, _LONGEST_VALUE)
