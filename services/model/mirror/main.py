"""The process that talks with MLflow; `process` starts it.

MLflow's client takes seconds and some hundred megabytes to load, and its calls block: neither may
reach the service. A request is a line of JSON and, of a version, its file; an answer is a line of
JSON. It ends when its input does.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, BinaryIO, Final

from services.model.mirror.mlflow_registry import MlflowRegistry, is_refusal

_MOST_REASON: Final = 1000


def main(uri: str, artifacts: str) -> None:
    """Serves until the input ends; each answer says `done`, `failed` or `refused`, and why."""
    os.nice(10)
    requests, answers = sys.stdin.buffer, _own_answers()
    registry: MlflowRegistry | None = None
    while line := requests.readline():
        request = json.loads(line)
        file = requests.read(request.get("file_bytes", 0))
        try:
            registry = registry or MlflowRegistry(uri, artifacts)
            told = _do(registry, request, file)
        except Exception as error:  # a server fails in any way
            what = "refused" if is_refusal(error) else "failed"
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            _answer(answers, {"what": what, "reason": reason[:_MOST_REASON]})
        else:
            _answer(answers, {"what": "done", **told})


def _do(registry: MlflowRegistry, request: dict[str, Any], file: bytes) -> dict[str, Any]:
    if request["do"] == "version":
        return {"number": registry.keep(request["version"], file)}
    if request["do"] == "known":
        return {"number": registry.number(request["version"])}
    registry.point(request["name"], request["alias"], request["version"])
    return {}


def _own_answers() -> BinaryIO:
    """What libraries print goes to the log, not among the answers."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return answers


def _answer(answers: BinaryIO, told: dict[str, Any]) -> None:
    answers.write(json.dumps(told).encode() + b"\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
