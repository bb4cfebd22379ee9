"""`mazemesh pairing`: why rating matches are played, and how much they tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mazemesh.cli.options import DATA_DIR, DataDir, Host, Json, PortBase, connected
from mazemesh.cli.output import print_json, print_table

if TYPE_CHECKING:
    from mazemesh.v1.matchmaker_pb2 import RatingRuleCount


def pairing(
    ladder: Annotated[str, typer.Argument(help="Name of the ladder; empty: all.")] = "",
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Show why rating matches of the last hour were chosen, and the information gained a game.

    Bits say by how much a match was expected to cut the uncertainty about the players' difference.
    """
    with connected(data_dir, host, port_base, ("matchmaker",)) as mesh:
        found = mesh.matchmaker.rating_rules(ladder)
    told = [rule_data(one, found) for one in found]
    if json:
        print_json(told)
        return
    columns = ("ladder", "rule", "matches", "share", "played", "bits", "bits a game")
    rows = [
        (
            one["ladder"],
            one["rule"],
            one["matches"],
            f"{one['share']:.1%}",
            one["completed"],
            f"{one['bits']:.2f}",
            f"{one['bits_per_game']:.3f}",
        )
        for one in told
    ]
    print_table("Rating matches by rule", columns, rows)


def rule_data(one: RatingRuleCount, found: list[RatingRuleCount]) -> dict[str, Any]:
    """A count as plain data, with its share of its ladder's matches."""
    from mazemesh.v1.matchmaker_pb2 import RatingRule

    matches = sum(other.matches for other in found if other.ladder == one.ladder)
    games = one.matches * one.games_per_match
    return {
        "ladder": one.ladder,
        "rule": RatingRule.Name(one.rule).removeprefix("RATING_RULE_").lower(),
        "matches": one.matches,
        "share": one.matches / matches if matches else 0.0,
        "completed": one.completed,
        "bits": one.bits,
        "completed_bits": one.completed_bits,
        "bits_per_game": one.bits / games if games else 0.0,
    }
