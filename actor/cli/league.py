"""`mazemesh league`: whom a policy meets in training, what it forgot, how much versions differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import combinations
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mazemesh.cli.options import DATA_DIR, DataDir, Host, Json, PortBase, connected
from mazemesh.cli.output import print_json, print_table

if TYPE_CHECKING:
    from mazemesh.analysis.forgetting import Milestone
    from mazemesh.analysis.journal import Floats
    from mazemesh.analysis.ratings import Pairing
    from mazemesh.client.mesh import Mesh
    from mazemesh.games import Catalogue, Game
    from mazemesh.policy.cache import PolicyCache
    from mazemesh.v1.game_pb2 import GameSpec
    from mazemesh.v1.model_pb2 import PolicyVersion

_SERVICES = ("game", "matchmaker", "model", "elo")

_OF_EACH_OTHER = 2
"""Newest snapshots of each further policy of the pool that are milestones too."""
_GAMES, _STEPS = 16, 32
_EVENTS = 12
"""Of the held-out play on which behaviour is compared."""


def league(
    name: Annotated[str, typer.Argument(help="Name of the policy.")] = "race",
    snapshots: Annotated[
        int, typer.Option(min=2, max=24, help="Its snapshots that are compared, evenly spread.")
    ] = 6,
    games: Annotated[
        int,
        typer.Option(
            min=0, help="Games to play for each pair of them, besides rated ones. 0: none."
        ),
    ] = 32,
    seed: Annotated[int, typer.Option(min=0, help="Of the draws.")] = 0,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Show training outcomes by opponent, what was forgotten, and how diverse the snapshots are.

    Training outcomes choose opponents and never touch ratings. Forgetting is the best earlier
    snapshot's score against an opponent less the newest one's, on held-out mazes.
    """
    from mazemesh.cli.games.own_games import own_games
    from mazemesh.cli.league_record import read_league

    with connected(data_dir, host, port_base, _SERVICES) as mesh:
        told = compare(mesh, name, snapshots, games, seed, own_games(data_dir))
    record = read_league(data_dir)
    told["league"] = record if record is not None and record["main"] == name else None
    if json:
        print_json(told)
    else:
        _print(told)


def compare(
    mesh: Mesh,
    name: str,
    snapshots: int,
    games: int,
    seed: int,
    own_games: Catalogue | None = None,
) -> dict[str, Any]:
    """All that is told of a policy, as plain data; `own_games` may be played in this process.

    Raises:
        NotFound: it has not two snapshots yet.
        InvalidArgument: its game is a foreign one that is not among `own_games`.
    """
    from mazemesh.games import Catalogue
    from mazemesh.policy.cache import PolicyCache

    own, others = _milestones(mesh, name, snapshots)
    collection = own[-1].collection
    game = (own_games or Catalogue()).get(collection.game)
    told = mesh.game.spec(collection.game, collection.settings)
    cache = PolicyCache(mesh.model)
    opponents = _opponents(own, others, told.bots)
    pairings = _rated(mesh, told.spec, own[-1], opponents)
    pairings += _played(mesh, cache, told.spec, own, opponents, games, seed)
    found, diversity = _compare(own, others, opponents, pairings)
    return {
        "policy": name,
        "training": [
            {"opponent": one.opponent, "games": one.games, "win_rate": round(one.win_rate, 4)}
            for one in mesh.matchmaker.training_records(name)
        ],
        "newest": _reference(own[-1]),
        "milestones": [_rounded(one) for one in found],
        "forgetting": _mean(found),
        "effective_diversity": round(diversity, 4),
        "behavioural_diversity": round(_behavioural_diversity(cache, game, own), 4),
    }


def _milestones(
    mesh: Mesh, name: str, most: int
) -> tuple[list[PolicyVersion], list[PolicyVersion]]:
    """Snapshots of the policy, oldest first, and the newest ones of the others in its pool.

    Raises:
        NotFound: it has not two snapshots yet.
    """
    from mazemesh.analysis.ratings import spread
    from mazemesh.errors import NotFound

    own = list(mesh.model.list(name, snapshots_only=True))[::-1]
    if len(own) < 2:
        raise NotFound(
            f"{name!r} has {len(own)} snapshots and should have two or more to be compared; "
            "`mazemesh policies --snapshots` tells what there is"
        )
    others = [
        one
        for other in own[-1].collection.pool
        for one in list(mesh.model.list(other, snapshots_only=True))[:_OF_EACH_OTHER]
    ]
    return spread(own, most), others


def _reference(version: PolicyVersion) -> str:
    return f"{version.name}:{version.version}"


def _opponents(
    own: Sequence[PolicyVersion], others: Sequence[PolicyVersion], bots: Sequence[str]
) -> list[str]:
    """Whom the newest version is measured by: its older snapshots, the others, the bots."""
    return [*map(_reference, (*own[:-1], *others)), *bots]


def _rated(
    mesh: Mesh, spec: GameSpec, newest: PolicyVersion, opponents: Sequence[str]
) -> list[Pairing]:
    """What rated matches tell about them, if they were rated yet."""
    from mazemesh.cli.ratings.ladders import ServedLadder
    from mazemesh.errors import NotFound

    board = ServedLadder(mesh.elo, spec.ladder)
    try:
        return board.pairings([_reference(newest), *opponents])
    except NotFound:
        return []


def _played(
    mesh: Mesh,
    cache: PolicyCache,
    spec: GameSpec,
    own: Sequence[PolicyVersion],
    opponents: Sequence[str],
    games: int,
    seed: int,
) -> list[Pairing]:
    """Unrated games of each pair among them, bots only against the policy's own snapshots."""
    import numpy as np

    from actor.cli.playing import Counting
    from mazemesh.analysis.ratings import Pairing
    from mazemesh.evaluation.duel import duel

    if not games:
        return []
    mine, rng = [_reference(one) for one in own], np.random.default_rng(seed)
    rest = [one for one in opponents if one not in mine]
    pairs = [*combinations(mine, 2), *((one, other) for one in mine for other in rest)]
    found = []
    with Counting(games * len(pairs), "milestones") as progress:
        for done, pair in enumerate(pairs):
            tally = duel(mesh.game, cache.get, spec, pair, games, rng=rng)
            found.append(Pairing(*pair, tally.games, tally.score * tally.games))
            progress(games * (done + 1))
    return found


def _compare(
    own: Sequence[PolicyVersion],
    others: Sequence[PolicyVersion],
    opponents: Sequence[str],
    pairings: Sequence[Pairing],
) -> tuple[list[Milestone], float]:
    """Milestones of the newest version, and the effective diversity of all snapshots."""
    from mazemesh.analysis.diversity import effective_diversity
    from mazemesh.analysis.forgetting import milestones
    from mazemesh.analysis.ratings import score_matrix

    mine = [_reference(one) for one in own]
    names = [*opponents, mine[-1]]
    score, games = score_matrix(names, pairings)
    rows = [names.index(one) for one in mine]
    columns = [names.index(one) for one in opponents]
    found = milestones(mine, opponents, _part(score, rows, columns), _part(games, rows, columns))
    population = rows + [names.index(_reference(one)) for one in others]
    return found, effective_diversity(_part(score, population, population))


def _part(matrix: Floats, rows: Sequence[int], columns: Sequence[int]) -> Floats:
    part: Floats = matrix[list(rows)][:, list(columns)]
    return part


def _behavioural_diversity(cache: PolicyCache, game: Game, own: Sequence[PolicyVersion]) -> float:
    import numpy as np

    from mazemesh.analysis.diversity import behavioural_diversity
    from mazemesh.policy.behaviour import HeldOutPlay, action_probabilities
    from mazemesh.wire.specs import settings_from_proto

    settings = settings_from_proto(own[-1].collection.settings)
    play = HeldOutPlay.record(game, settings, _GAMES, _STEPS)
    policies = [action_probabilities(cache.get(_reference(one)), play) for one in own]
    return behavioural_diversity(np.array(policies))


def _print_league(record: dict[str, Any]) -> None:
    from mazemesh.cli.league_record import COLUMNS, member_rows

    print_table("League", COLUMNS, member_rows(record))
    rows = [
        (one["time"], one["member"], "started" if one["running"] else "stopped", one["reason"])
        for one in record["events"][-_EVENTS:]
    ]
    print_table("What happened", ("time", "member", "was", "why"), rows)


def _mean(found: Sequence[Milestone]) -> float | None:
    from mazemesh.analysis.forgetting import mean_forgetting

    mean = mean_forgetting(found)
    return None if mean is None else round(mean, 4)


def _rounded(one: Milestone) -> dict[str, Any]:
    return {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in asdict(one).items()
    }


def _print(told: dict[str, Any]) -> None:
    if told["league"]:
        _print_league(told["league"])
    rows = [(one["opponent"], one["games"], f"{one['win_rate']:.1%}") for one in told["training"]]
    print_table(f"{told['policy']} in training", ("opponent", "games", "win rate of late"), rows)
    columns = ("opponent", "score", "games", "best before", "its score", "forgotten", "95 %")
    print_table(
        f"{told['newest']} against milestones",
        columns,
        [
            (
                one["opponent"],
                f"{one['score']:.1%}",
                one["games"],
                one["best"],
                f"{one['best_score']:.1%}",
                f"{one['forgetting']:+.1%}",
                f"± {one['half_width']:.1%}",
            )
            for one in told["milestones"]
        ],
    )
    mean = told["forgetting"]
    print_table(
        "Summary",
        ("measure", "value"),
        [
            ("mean forgetting (0: nothing)", "-" if mean is None else f"{mean:+.1%}"),
            ("effective diversity (0..0.5)", f"{told['effective_diversity']:.3f}"),
            ("behavioural diversity (0..1)", f"{told['behavioural_diversity']:.3f}"),
        ],
    )
