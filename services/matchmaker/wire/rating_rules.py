"""Why rating matches were chosen -> messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mazemesh.v1 import matchmaker_pb2 as pb
from services.matchmaker.rating.ledger import Chosen
from services.matchmaker.rating.rota import Rule

_RULES = {
    Rule.PLACEMENT: pb.RATING_RULE_PLACEMENT,
    Rule.STARVED: pb.RATING_RULE_STARVED,
    Rule.CHAMPION: pb.RATING_RULE_CHAMPION,
    Rule.UPPER_BOUND: pb.RATING_RULE_UPPER_BOUND,
    Rule.DEVIATION: pb.RATING_RULE_DEVIATION,
    Rule.FEWEST: pb.RATING_RULE_FEWEST,
    Rule.UNIFORM: pb.RATING_RULE_UNIFORM,
}

_MOST_LADDERS = 1024


def rules_response(
    chosen: Sequence[Chosen], games: Mapping[str, int], ladder: str
) -> pb.ListRatingRulesResponse:
    """Counts by ladder and rule; `games` are those of a match, by ladder."""
    kept = sorted({one.ladder for one in chosen if ladder in ("", one.ladder)})[:_MOST_LADDERS]
    return pb.ListRatingRulesResponse(
        rules=[
            pb.RatingRuleCount(
                ladder=one.ladder,
                rule=_RULES[one.rule],
                matches=one.matches,
                completed=one.completed,
                bits=one.bits,
                completed_bits=one.completed_bits,
                games_per_match=games.get(one.ladder, 0),
            )
            for one in sorted(chosen, key=lambda one: (one.ladder, _RULES[one.rule]))
            if one.ladder in kept
        ]
    )
