"""`league:POLICY`: a policy's rated versions by several ratings at once.

The strongest on one ladder may lose to somebody it met rarely, be weak on another ladder, or be
larger than what it shall run on. Nothing is searched: each version is what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from mazemesh.errors import FailedPrecondition, InvalidArgument
from mazemesh.optimization.candidates import Candidates
from mazemesh.optimization.problem import Objective

if TYPE_CHECKING:
    from mazemesh.client.elo import EloClient
    from mazemesh.client.model import ModelClient
    from mazemesh.v1.elo_pb2 import HeadToHead, PlayerRating

PREFIX: Final = "league:"
_PAGE = 1000
_COMPARED = 64
"""Players among whom the worst opponent is looked for (GetHeadToHead)."""
_ENOUGH_GAMES = 4
"""Of a pair; with fewer its score says nothing."""


class Rated(Protocol):
    """Of a mesh (`mazemesh.client.mesh.Mesh`), those who know its versions and their ratings."""

    @property
    def elo(self) -> EloClient:
        """Tells ratings."""
        ...

    @property
    def model(self) -> ModelClient:
        """Tells versions."""
        ...


def parse_league(name: str) -> tuple[str, tuple[str, ...]]:
    """`league:race` or `league:race?ladders=race,race-8`: policy and ladders.

    Raises:
        InvalidArgument: anything else.
    """
    policy, _, query = name.removeprefix(PREFIX).partition("?")
    key, _, listed = query.partition("=")
    ladders = tuple(part for part in listed.split(",") if part)
    if not policy or (query and (key != "ladders" or not ladders)):
        raise InvalidArgument(
            f"problem: {name[:200]!r} should be league:POLICY or league:POLICY?ladders=ONE,TWO"
        )
    return policy, ladders or (policy,)


def league_candidates(mesh: Rated, policy: str, ladders: Sequence[str] = ()) -> Candidates:
    """Versions of a policy that are rated on all ladders.

    Objectives: on each ladder the lower bound (95 %) of the rating, since the best of several
    uncertain ones would mostly be the luckiest; the mean score against the opponent, among those
    best on the first ladder, that it does worst against; the bytes of its file.

    Args:
        mesh: Its Elo and Model services are asked.
        policy: Name without version.
        ladders: By default one, of the policy's name.

    Raises:
        FailedPrecondition: no version is rated on all of them.
        Unavailable: a service does not answer.
    """
    ladders = tuple(ladders) or (policy,)
    rated = [
        {row.player: row for row in _players(mesh, ladder, f"{policy}:")} for ladder in ladders
    ]
    names = [name for name in rated[0] if all(name in others for others in rated)]
    if not names:
        raise FailedPrecondition(
            f"league: no version of {policy!r} is rated on {', '.join(ladders)} yet; "
            "`mazemesh leaderboard` shows a ladder"
        )
    worst = _worst_scores(mesh, ladders[0], names)
    sizes = {f"{one.name}:{one.version}": one.size_bytes for one in mesh.model.list(policy)}
    names = [name for name in names if name in sizes and name in worst]
    ratings = [f"rating:{ladder}" if len(ladders) > 1 else "rating" for ladder in ladders]
    values = [[*(of[name].low for of in rated), worst[name], float(sizes[name])] for name in names]
    return Candidates(
        f"{PREFIX}{policy}",
        tuple(names),
        (
            *(Objective(name, True, "Elo points", "lower bound (95 %)") for name in ratings),
            Objective("worst_score", True, "share", "against its worst opponent"),
            Objective("size", False, "bytes", "ONNX file"),
        ),
        np.array(values, np.float64).reshape(len(names), len(ratings) + 2),
        {
            "strongest": {**dict.fromkeys(ratings, 8.0 / len(ratings)), "worst_score": 1.0},
            "robust": {**dict.fromkeys(ratings, 1.0 / len(ratings)), "worst_score": 8.0},
            "light": {**dict.fromkeys(ratings, 1.0 / len(ratings)), "size": 2.0},
        },
    )


def worst_scores(pairs: Iterable[HeadToHead], names: Sequence[str]) -> dict[str, float]:
    """The lowest mean score of each name against somebody it met often enough; 0..1."""
    wanted, worst = set(names), dict[str, float]()
    for pair in pairs:
        if pair.games < _ENOUGH_GAMES:
            continue
        mean = pair.score / pair.games
        for name, score in ((pair.player, mean), (pair.opponent, 1.0 - mean)):
            if name in wanted:
                worst[name] = min(worst.get(name, 1.0), score)
    return worst


def _worst_scores(mesh: Rated, ladder: str, names: Sequence[str]) -> dict[str, float]:
    """By parts, since a call compares so many players: each part with the best of the ladder."""
    half = _COMPARED // 2
    best = [row.player for row in mesh.elo.leaderboard(ladder, page_size=half).players]
    found: dict[str, float] = {}
    for at in range(0, len(names), half):
        part = list(dict.fromkeys([*names[at : at + half], *best]))
        if len(part) > 1:
            scores = worst_scores(mesh.elo.head_to_head(ladder, part), names)
            for name, score in scores.items():
                found[name] = min(found.get(name, 1.0), score)
    return found


def _players(mesh: Rated, ladder: str, prefix: str) -> Iterable[PlayerRating]:
    token = ""
    while True:
        page = mesh.elo.leaderboard(ladder, page_size=_PAGE, page_token=token, prefix=prefix)
        yield from page.players
        token = page.next_page_token
        if not token:
            return
