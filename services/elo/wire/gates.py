"""Gates <-> messages."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mazemesh.names import GATE_ID
from mazemesh.v1 import elo_pb2
from services.elo.gate.gate import Gate
from services.elo.gate.sequential import Hypotheses, Verdict
from services.elo.wire.answers import timestamp
from services.elo.wire.validation import check_ladder, check_player, wrong

MOST_ANCESTORS = 64

_BOUND, _WIDEST = 100.0, 200.0
_LEAST_ERROR, _MOST_ERROR = 0.001, 0.25
_MOST_MATCHES = 1_000_000
_WIDTH = 20.0

_VERDICTS = {
    Verdict.RUNNING: elo_pb2.GATE_VERDICT_RUNNING,
    Verdict.PASSED: elo_pb2.GATE_VERDICT_PASSED,
    Verdict.FAILED: elo_pb2.GATE_VERDICT_FAILED,
    Verdict.CAPPED: elo_pb2.GATE_VERDICT_CAPPED,
    Verdict.FORGOTTEN: elo_pb2.GATE_VERDICT_FORGOTTEN,
}


def asked(request: elo_pb2.EvaluateGateRequest, now: float) -> Gate:
    """The gate that a request opens or continues."""
    GATE_ID.check("gate_id", request.gate_id)
    candidate = check_player("candidate", request.candidate)
    baseline = check_player("baseline", request.baseline)
    if candidate == baseline:
        raise wrong("baseline", baseline, "it is the candidate; name another player")
    return Gate(
        gate_id=request.gate_id,
        ladder=check_ladder("ladder", request.ladder),
        candidate=candidate,
        baseline=baseline,
        hypotheses=_hypotheses(request.hypotheses),
        ancestors=_ancestors(request.ancestors, {candidate, baseline}),
        create_seconds=now,
    )


def answer(gate: Gate) -> elo_pb2.Gate:
    """A gate as it is told."""
    tested = gate.hypotheses
    return elo_pb2.Gate(
        gate_id=gate.gate_id,
        ladder=gate.ladder,
        candidate=gate.candidate,
        baseline=gate.baseline,
        hypotheses=elo_pb2.GateHypotheses(
            elo0=tested.elo0,
            elo1=tested.elo1,
            alpha=tested.alpha,
            beta=tested.beta,
            max_matches=tested.cap,
        ),
        ancestors=gate.ancestors,
        verdict=_VERDICTS[gate.finding.verdict],
        matches=gate.finding.matches,
        counts=gate.finding.counts,
        ratio=gate.finding.ratio,
        lower=tested.lower,
        upper=tested.upper,
        memories=[
            elo_pb2.GateMemory(
                ancestor=memory.ancestor,
                score=memory.score,
                games=memory.games,
                chance_worse=memory.chance_worse,
            )
            for memory in gate.memories
        ],
        create_time=timestamp(round(gate.create_seconds * 1e9)),
        end_time=timestamp(round(gate.end_seconds * 1e9)) if gate.ended else None,
    )


def path(gate: Gate) -> elo_pb2.GetGatePathResponse:
    """How its evidence grew."""
    return elo_pb2.GetGatePathResponse(
        points=[
            elo_pb2.GatePoint(matches=matches, ratio=ratio)
            for matches, ratio in gate.finding.points
        ]
    )


def _hypotheses(asked: elo_pb2.GateHypotheses) -> Hypotheses:
    given, default = asked.HasField, Hypotheses(games=0)
    elo0 = asked.elo0 if given("elo0") else default.elo0
    _check_range("hypotheses.elo0", elo0, -_BOUND, _BOUND)
    elo1 = asked.elo1 if given("elo1") else elo0 + _WIDTH
    if not (math.isfinite(elo1) and elo0 < elo1 <= _WIDEST):
        raise wrong("hypotheses.elo1", elo1, f"must be above elo0 = {elo0} and at most {_WIDEST}")
    alpha = asked.alpha if given("alpha") else default.alpha
    beta = asked.beta if given("beta") else default.beta
    _check_range("hypotheses.alpha", alpha, _LEAST_ERROR, _MOST_ERROR)
    _check_range("hypotheses.beta", beta, _LEAST_ERROR, _MOST_ERROR)
    cap = asked.max_matches if given("max_matches") else default.cap
    _check_range("hypotheses.max_matches", cap, 1, _MOST_MATCHES)
    return Hypotheses(elo0, elo1, alpha, beta, cap, games=0)


def _ancestors(ancestors: Sequence[str], compared: set[str]) -> tuple[str, ...]:
    if len(ancestors) > MOST_ANCESTORS:
        raise wrong("ancestors", f"{len(ancestors)} players", f"at most {MOST_ANCESTORS}")
    for index, ancestor in enumerate(ancestors):
        check_player(f"ancestors[{index}]", ancestor)
        if ancestor in compared or ancestor in ancestors[:index]:
            raise wrong(
                f"ancestors[{index}]",
                ancestor,
                "must be neither candidate nor baseline, and named once",
            )
    return tuple(ancestors)


def _check_range(field: str, value: float, low: float, high: float) -> None:
    if not (math.isfinite(value) and low <= value <= high):
        raise wrong(field, value, f"must be in {low}..{high}")
