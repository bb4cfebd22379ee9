"""A job as JSON and back."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Final

from services.gateway.jobs.nouns import work
from services.gateway.jobs.nouns.budget import Budget, Target, Usage
from services.gateway.jobs.nouns.job import Job, Progress, State

_COLUMNS: Final = ("job_id", "owner", "request_id", "state", "revision", "ended", "number")
"""What stands in columns of its own."""


def written(job: Job) -> str:
    """All but the columns."""
    body = asdict(job) | {"work": work.to_json(job.work)}
    for name in _COLUMNS:
        del body[name]
    return json.dumps(body, separators=(",", ":"))


def read(row: Any) -> Job:
    """From a row with the columns and the body."""
    body: dict[str, Any] = json.loads(row.body)
    progress = body.pop("progress")
    return Job(
        job_id=row.job_id,
        owner=row.owner,
        request_id=row.request_id or "",
        state=State(row.state),
        revision=row.revision,
        ended=row.ended,
        number=row.number,
        **body
        | {
            "work": work.from_json(body["work"]),
            "target": Target(**body["target"]),
            "budget": Budget(**body["budget"]),
            "usage": Usage(**body["usage"]),
            "log": tuple(body["log"]),
        },
        progress=None if progress is None else Progress(**progress),
    )
