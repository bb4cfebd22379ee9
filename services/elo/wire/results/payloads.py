"""The form in which results stand in the log: MatchResult as protobuf's encoder writes it.

Fields in the order of their numbers, none with its default value, none that the contract does not
know: equal results have equal bytes. The contract may only grow (docs/adr/0106), so what was
written can always be read. Older entries are JSON, which no MatchResult begins like.
"""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.timestamp_pb2 import Timestamp

from mazemesh.v1 import elo_pb2
from services.elo.log import json_payload
from services.elo.log.batch import Batch, Duels
from services.elo.log.match import Game, Match

MANY = 256
"""Entries that are worth loading the compiled reader for."""


def encode(match: Match) -> bytes:
    """The one form of a match."""
    return of_message(message(match))


def message(match: Match) -> elo_pb2.MatchResult:
    """A match as a result."""
    finish = Timestamp(
        seconds=match.finish_nanoseconds // 10**9, nanos=match.finish_nanoseconds % 10**9
    )
    return elo_pb2.MatchResult(
        match_id=match.match_id,
        ladder=match.ladder,
        seed=match.seed,
        rules_hash=match.rules_hash,
        participants=match.participants,
        games=[elo_pb2.GameOutcome(**game._asdict()) for game in match.games],
        finish_time=finish,
        retracts=match.retracts,
    )


def of_message(result: elo_pb2.MatchResult) -> bytes:
    """The one form of a result."""
    result.DiscardUnknownFields()
    return result.SerializeToString(deterministic=True)


def decode(payload: bytes) -> Match:
    """The match that stands there, in either form."""
    if payload.startswith(b"{"):
        return json_payload.decode(payload.decode())
    result = elo_pb2.MatchResult.FromString(payload)
    return Match(
        match_id=result.match_id,
        ladder=result.ladder,
        seed=result.seed,
        rules_hash=result.rules_hash,
        participants=tuple(result.participants),
        games=tuple(
            Game(
                game.game_id,
                game.rotation,
                tuple(game.scores),
                tuple(game.steps),
                int(game.termination),
                tuple(game.teams),
            )
            for game in result.games
        ),
        finish_nanoseconds=result.finish_time.ToNanoseconds(),
        retracts=result.retracts,
    )


def decode_all(payloads: Sequence[bytes]) -> Duels | Sequence[Match]:
    """What entries say: many duels as columns."""
    if len(payloads) >= MANY:
        from services.elo.wire.results import scan

        duels = scan.payloads(payloads)
        if duels is not None:
            return duels
    return columns([decode(payload) for payload in payloads])


def columns(matches: Sequence[Match]) -> Duels | Sequence[Match]:
    """Matches as columns, where there are many and all are duels."""
    duels = Duels.of(matches) if len(matches) >= MANY else None
    return matches if duels is None else duels


def batch(matches: Sequence[Match]) -> Batch:
    """Matches as they are appended."""
    return Batch(
        [match.match_id for match in matches], list(map(encode, matches)), columns(matches)
    )
