"""Gates: what Elo is asked and tells, and runs as they are asked for and told."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp

from mazemesh.errors import InvalidArgument
from mazemesh.names import ALIAS, LATEST, PLAYER, REQUEST_ID, parse_reference
from mazemesh.v1 import elo_pb2
from mazemesh.v1 import matchmaker_pb2 as pb
from services.matchmaker.gates.run import (
    Asked,
    Finding,
    GateRun,
    Hypotheses,
    Memory,
    RunState,
    Verdict,
)
from services.matchmaker.peers import Question

_MOST_ANCESTORS = 16
_MAX_REASON = 1024
_MAX_STARTER = 128
_FIELDS = ("elo0", "elo1", "alpha", "beta", "max_matches")

_STATES = {
    RunState.RUNNING: pb.GATE_RUN_STATE_RUNNING,
    RunState.PASSED: pb.GATE_RUN_STATE_PASSED,
    RunState.FAILED: pb.GATE_RUN_STATE_FAILED,
    RunState.PROMOTED: pb.GATE_RUN_STATE_PROMOTED,
    RunState.OVERTAKEN: pb.GATE_RUN_STATE_OVERTAKEN,
    RunState.GIVEN_UP: pb.GATE_RUN_STATE_GIVEN_UP,
    RunState.CANCELLED: pb.GATE_RUN_STATE_CANCELLED,
}
_VERDICTS = {
    Verdict.RUNNING: elo_pb2.GATE_VERDICT_RUNNING,
    Verdict.PASSED: elo_pb2.GATE_VERDICT_PASSED,
    Verdict.FAILED: elo_pb2.GATE_VERDICT_FAILED,
    Verdict.CAPPED: elo_pb2.GATE_VERDICT_CAPPED,
    Verdict.FORGOTTEN: elo_pb2.GATE_VERDICT_FORGOTTEN,
}
_TOLD = {number: verdict for verdict, number in _VERDICTS.items()}


def asked_of(request: pb.StartGateRequest) -> tuple[str, Asked]:
    """The id of a request and its question; what bounds hypotheses have, Elo says.

    Raises:
        InvalidArgument: a field that is wrong, named with its value.
    """
    request_id = REQUEST_ID.check("request_id", request.request_id)
    parse_reference(request.candidate, "candidate")
    _check_opponent("baseline", request.baseline)
    if len(request.ancestors) > _MOST_ANCESTORS:
        raise InvalidArgument(
            f"ancestors: {len(request.ancestors)} are too many; at most {_MOST_ANCESTORS} are "
            "allowed"
        )
    for index, ancestor in enumerate(request.ancestors):
        _check_opponent(f"ancestors[{index}]", ancestor)
    if request.promote:
        ALIAS.check("promote", request.promote)
        if request.promote == LATEST:
            raise InvalidArgument(f"promote: {LATEST!r} moves by itself; expected another alias")
    given = request.hypotheses
    return request_id, Asked(
        candidate=request.candidate,
        baseline=request.baseline,
        ancestors=tuple(request.ancestors),
        promote=request.promote,
        hypotheses=Hypotheses(
            **{one: getattr(given, one) for one in _FIELDS if given.HasField(one)}
        ),
        reason=text("reason", request.reason, _MAX_REASON),
        starter=text("starter", request.starter, _MAX_STARTER),
    )


def cancel_reason(request: pb.CancelGateRequest | pb.CancelTournamentRequest) -> str:
    """Why a gate or a tournament is cancelled."""
    return text("reason", request.reason, _MAX_REASON)


def text(field: str, value: str, most: int) -> str:
    """A text of bounded length."""
    if len(value) > most:
        raise InvalidArgument(f"{field} has {len(value)} characters; at most {most} are allowed")
    if "\0" in value:
        raise InvalidArgument(f"{field} has a NUL character, which texts do not have")
    return value


def question_message(question: Question) -> elo_pb2.EvaluateGateRequest:
    """What Elo is asked."""
    return elo_pb2.EvaluateGateRequest(
        gate_id=question.gate_id,
        ladder=question.ladder,
        candidate=question.candidate,
        baseline=question.baseline,
        hypotheses=_hypotheses_message(question.hypotheses),
        ancestors=question.ancestors,
    )


def finding(gate: elo_pb2.Gate) -> Finding:
    """What Elo tells; a verdict that is not known here is none."""
    tested = gate.hypotheses
    return Finding(
        _TOLD.get(gate.verdict, Verdict.RUNNING),
        Hypotheses(tested.elo0, tested.elo1, tested.alpha, tested.beta, tested.max_matches),
        tuple(gate.counts),
        gate.ratio,
        gate.lower,
        gate.upper,
        tuple(
            Memory(one.ancestor, one.score, one.games, one.chance_worse) for one in gate.memories
        ),
    )


def run_message(run: GateRun) -> pb.GateRun:
    """A run as it is told."""
    seen = run.finding
    return pb.GateRun(
        request_id=run.request_id,
        state=_STATES[run.state],
        gate=elo_pb2.Gate(
            gate_id=run.gate_id,
            ladder=run.ladder,
            candidate=run.candidate,
            baseline=run.baseline,
            hypotheses=_hypotheses_message(seen.hypotheses),
            ancestors=run.ancestors,
            verdict=_VERDICTS[seen.verdict],
            matches=seen.matches,
            counts=seen.counts,
            ratio=seen.ratio,
            lower=seen.lower,
            upper=seen.upper,
            memories=[
                elo_pb2.GateMemory(
                    ancestor=one.ancestor,
                    score=one.score,
                    games=one.games,
                    chance_worse=one.chance_worse,
                )
                for one in seen.memories
            ],
            create_time=_time(run.create_time),
            end_time=None if run.running else _time(run.end_time),
        ),
        game=run.game,
        promote=run.asked.promote,
        promoted_from=run.promoted_from,
        reason=run.asked.reason,
        starter=run.asked.starter,
        key_id=run.key_id,
        automatic=run.automatic,
        issued=run.issued,
        memory_issued=run.memory_issued,
        memory_matches=run.memory_matches,
        explanation=run.explanation,
        create_time=_time(run.create_time),
        end_time=None if run.running else _time(run.end_time),
    )


def _check_opponent(field: str, name: str) -> None:
    if not PLAYER.accepts(name) or name.startswith("player/"):
        parse_reference(name, field)


def _hypotheses_message(tested: Hypotheses) -> elo_pb2.GateHypotheses:
    return elo_pb2.GateHypotheses(
        elo0=tested.elo0,
        elo1=tested.elo1,
        alpha=tested.alpha,
        beta=tested.beta,
        max_matches=tested.max_matches,
    )


def _time(seconds: float) -> Timestamp:
    time = Timestamp()
    time.FromNanoseconds(round(seconds * 1e9))
    return time
