"""From the core's nouns to responses."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.timestamp_pb2 import Timestamp

from mazemesh.v1 import elo_pb2
from services.elo.log.match import Match
from services.elo.standings.board import Board
from services.elo.standings.by_model import ModelStandings
from services.elo.standings.folding.players import kind_of
from services.elo.standings.folding.points import Points
from services.elo.standings.rebuild.rebuilding import Report
from services.elo.standings.standings import QUANTILE, Standings
from services.elo.wire.filters import TO_KINDS


def timestamp(nanoseconds: int) -> Timestamp:
    """A time since 1970-01-01 UTC."""
    return Timestamp(seconds=nanoseconds // 10**9, nanos=nanoseconds % 10**9)


def rating(board: Board, standings: Standings, player: int) -> elo_pb2.PlayerRating:
    """A player: fitted rating as of `standings`, everything else as of now."""
    record = board.ladder.players[player]
    volatilities = standings.volatilities if isinstance(standings, ModelStandings) else None
    return elo_pb2.PlayerRating(
        player=record.name,
        rating=standings.ratings[player],
        low=standings.low[player],
        high=standings.high[player],
        online_rating=record.online_rating,
        matches=record.matches,
        games=record.games,
        wins=record.wins,
        draws=record.draws,
        losses=record.losses,
        rank=standings.ranks[player],
        last_match_time=timestamp(record.last_finish_nanoseconds),
        deviation=(standings.high[player] - standings.low[player]) / (2.0 * QUANTILE),
        volatility=0.0 if volatilities is None else volatilities[player],
        kind=TO_KINDS[kind_of(record.name)],
    )


def ladder(board: Board) -> elo_pb2.Ladder:
    """A ladder in brief."""
    players = board.ladder.players
    return elo_pb2.Ladder(
        ladder=board.ladder.name,
        players=len(players),
        matches=board.ladder.matches,
        fitted_matches=board.standings.matches,
        last_match_time=timestamp(int(players.last_finishes[: len(players)].max())),
    )


def rebuilt(report: Report) -> elo_pb2.RebuildRatingsResponse:
    """How far a rebuilding is; what it found, in the end."""
    response = elo_pb2.RebuildRatingsResponse(
        folded_matches=report.folded, matches=max(report.matches, report.folded), done=report.done
    )
    if report.done:
        response.ladders, response.players = report.ladders, report.players
        response.pairs, response.replaced = report.pairs, report.replaced
        response.total_differences = report.differences
        response.differences.extend(
            elo_pb2.RatingDifference(**one._asdict()) for one in report.found
        )
    return response


def points(player: str, points: Points, matches: Sequence[Match]) -> list[elo_pb2.RatingPoint]:
    """Steps in a player's history, and the matches that made them."""
    return [
        elo_pb2.RatingPoint(
            match_id=match.match_id,
            time=timestamp(match.finish_nanoseconds),
            online_rating=rating,
            opponents=[other for other in match.participants if other != player],
            score=score,
        )
        for match, rating, score in zip(
            matches, points.ratings.tolist(), points.scores.tolist(), strict=True
        )
    ]


def head_to_head(board: Board, player: int, opponent: int) -> elo_pb2.HeadToHead | None:
    """All results between two players, seen from the first; None without any."""
    met = board.ladder.pairs.between(player, opponent)
    if met is None:
        return None
    ladder, standings = board.ladder, board.standings
    return elo_pb2.HeadToHead(
        player=ladder.players.names[player],
        opponent=ladder.players.names[opponent],
        matches=met.matches,
        games=met.games,
        wins=met.wins,
        draws=met.draws,
        losses=met.games - met.draws - met.wins,
        score=met.score,
        expected_score=met.games * standings.expected_score(player, opponent),
    )
