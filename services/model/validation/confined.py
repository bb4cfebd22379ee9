"""A process that checks files; `validators` starts it.

It loads what it needs, gives up all else (see `confinement`), and then answers one request after
the other until its input ends. A request is a line of JSON, tensors and a file; an answer is one
line of JSON, and after those to "act" the outputs. It never opens a file: all it knows comes
through its input.

| request | what it does |
|---------|--------------|
| check   | checks a file against parity tensors |
| play    | keeps a file that was checked, to act with it |
| act     | runs it on observations |
| end     | forgets it |
"""

from __future__ import annotations

import json
from typing import Any, BinaryIO, Final

from mazemesh.policy.file.rejection import Rejection
from services.model.checks import to_rows
from services.model.validation.asking import read_parity
from services.model.validation.confinement import Budget, confine
from services.model.validation.contestant import Contestant
from services.model.validation.known_graphs import KnownGraphs
from services.model.validation.pipes import own_pipes
from services.model.validation.report import Report, Standards
from services.model.validation.validation import preload

MAX_REASON: Final = 1_000
"""Characters of an answer."""

KEPT_BYTES: Final = 64 * 1024 * 1024
"""What work may leave behind; with more, the process ends and another takes its place."""


def main() -> None:
    """Serves until the input ends."""
    requests, answers = own_pipes()
    preload()
    budget = Budget()
    confine()
    _answer(answers, ready=True)
    graphs, contestant = KnownGraphs(), Contestant()
    while line := requests.readline():
        request = json.loads(line)
        budget.grant(request["cpu_seconds"], request["memory_bytes"])
        report = Report()
        try:
            _do(request, requests, answers, graphs, contestant, report)
        except Rejection as rejection:
            found = {"check": rejection.check, "reason": rejection.reason}
            _answer(answers, **found, checks=to_rows(report.checks))
        except MemoryError:
            allowed = request["memory_bytes"] // 2**20
            reason = f"it takes more than {allowed} MiB of memory"
            _answer(answers, check="limits", reason=reason, checks=to_rows(report.checks))
            return
        # A file that plays is given back when it has played.
        if not contestant.playing and budget.left_behind() > KEPT_BYTES:
            return


def _do(
    request: dict[str, Any],
    requests: BinaryIO,
    answers: BinaryIO,
    graphs: KnownGraphs,
    contestant: Contestant,
    report: Report,
) -> None:
    kind = request["kind"]
    parity = read_parity(requests, request)
    if kind == "check":
        data = requests.read(request["size_bytes"])
        verdict = graphs.check(data, parity, Standards(**request["standards"]), report)
        _answer(answers, checked=verdict.words, checks=to_rows(verdict.checks))
    elif kind == "play":
        state_size = contestant.load(requests.read(request["size_bytes"]))
        _answer(answers, state_size=state_size)
    elif kind == "act":
        found = contestant.act(request["outputs"], parity.given)
        _answer(answers, sizes=[len(one) for one in found])
        answers.write(b"".join(found))
    else:
        contestant.forget()
        _answer(answers, ready=True)


def _answer(answers: BinaryIO, **content: Any) -> None:
    short = {
        name: value[:MAX_REASON] if isinstance(value, str) else value
        for name, value in content.items()
    }
    answers.write(json.dumps(short).encode() + b"\n")


if __name__ == "__main__":
    main()
