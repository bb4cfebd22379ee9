"""From requests to the core's nouns, refusing what is malformed with field, value and remedy."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from mazemesh.errors import InvalidArgument
from mazemesh.names import GAME_ID, LADDER, MATCH_ID, MOST_PARTICIPANTS, PLAYER, RATED, Grammar
from mazemesh.v1 import elo_pb2
from services._harness.pacing import paced
from services.elo.log.match import LAST_NANOSECOND, Game, Match
from services.elo.standings.by_model import Model

MOST_RESULTS = 1000
MOST_ASKED = 256
MOST_SCORES = 65_536
MOST_PAIRS = 32_768
_MOST_GAMES = 64
_LONGEST_HASH = 128
NUMBERS: Mapping[Model, elo_pb2.RatingModel] = {
    Model.ELO: elo_pb2.RATING_MODEL_ELO,
    Model.GLICKO2: elo_pb2.RATING_MODEL_GLICKO2,
    Model.PLACKETT_LUCE: elo_pb2.RATING_MODEL_PLACKETT_LUCE,
}
"""Models on the wire."""
_MODELS: Mapping[int, Model] = {number: model for model, number in NUMBERS.items()}

# Scores travel as 32-bit floats.
_SUM_TOLERANCE = 1e-6


def wrong(field: str, value: object, right: str) -> InvalidArgument:
    """The error for a value: what it is and what would be right."""
    return InvalidArgument(f"{field} = {value!r} is wrong: {right}")


def check_ladder(field: str, ladder: str) -> str:
    """Returns the name of a ladder as it is."""
    return LADDER.check(field, ladder)


def check_player(field: str, player: str) -> str:
    """Returns the name of a player as it is."""
    return RATED.check(field, player)


def model_of(number: int) -> Model | None:
    """The model that is asked for; None for the headline."""
    if number in (elo_pb2.RATING_MODEL_UNSPECIFIED, elo_pb2.RATING_MODEL_BRADLEY_TERRY):
        return None
    if number not in _MODELS:
        known = ", ".join(elo_pb2.RatingModel.keys())
        raise wrong("model", number, f"must be one of {known}")
    return _MODELS[number]


def check_compared(players: Sequence[str], most: int) -> None:
    """Refuses a list of players whose results cannot be compared; an empty one is fine."""
    if players:
        check_players(players, 2, most)


def check_players(players: Sequence[str], least: int, most: int) -> None:
    """Refuses a list of players that are too few, too many, malformed or not all different."""
    _check_count("players", players, least, most)
    for index, player in enumerate(players):
        check_player(f"players[{index}]", player)
    _check_different("players", players)


def check_match_ids(match_ids: Sequence[str]) -> Sequence[str]:
    """Returns 1 to 1000 ids as they are."""
    _check_count("match_ids", match_ids, 1, MOST_RESULTS)
    for index, match_id in enumerate(match_ids):
        MATCH_ID.check(f"match_ids[{index}]", match_id)
    return match_ids


def asked_matches(match_ids: Sequence[str]) -> list[str]:
    """Ids of matches that are looked up, each once."""
    _check_count("match_ids", match_ids, 1, MOST_ASKED)
    for index, match_id in enumerate(match_ids):
        MATCH_ID.check(f"match_ids[{index}]", match_id)
    return list(dict.fromkeys(match_ids))


async def matches(
    results: Sequence[elo_pb2.MatchResult], participant: Grammar = PLAYER
) -> list[Match]:
    """The matches of a RecordResults request; others have their turn meanwhile.

    `participant` is the grammar of whoever takes part.
    """
    if not 1 <= len(results) <= MOST_RESULTS:
        raise InvalidArgument(f"results has {len(results)} entries; send 1 to {MOST_RESULTS}")
    found: list[Match] = []
    scores = pairs = 0
    async for index, result in paced(enumerate(results)):
        match = _match(f"results[{index}]", result, participant)
        count = len(match.participants)
        scores += count * len(match.games)
        pairs += count * (count - 1) // 2
        if scores > MOST_SCORES or pairs > MOST_PAIRS:
            raise InvalidArgument(
                f"results[..{index}] have {scores} scores and {pairs} pairs of participants; a "
                f"call takes {MOST_SCORES} and {MOST_PAIRS} at most: send the rest in another"
            )
        found.append(match)
    return found


def _match(field: str, result: elo_pb2.MatchResult, participant: Grammar) -> Match:
    MATCH_ID.check(f"{field}.match_id", result.match_id)
    if result.retracts:
        raise wrong(
            f"{field}.retracts", result.retracts, "must be empty; RetractResults takes back"
        )
    participants = tuple(result.participants)
    _check_count(f"{field}.participants", participants, 2, MOST_PARTICIPANTS)
    for index, player in enumerate(participants):
        participant.check(f"{field}.participants[{index}]", player)
    _check_different(f"{field}.participants", participants)
    _check_count(f"{field}.games", result.games, 1, _MOST_GAMES)
    games = tuple(
        _game(f"{field}.games[{index}]", game, len(participants))
        for index, game in enumerate(result.games)
    )
    _check_different(f"{field}.games.rotation", [game.rotation for game in games])
    if len(result.rules_hash) > _LONGEST_HASH:
        raise wrong(f"{field}.rules_hash", result.rules_hash, f"at most {_LONGEST_HASH} characters")
    return Match(
        match_id=result.match_id,
        ladder=check_ladder(f"{field}.ladder", result.ladder),
        seed=result.seed,
        rules_hash=result.rules_hash,
        participants=participants,
        games=games,
        finish_nanoseconds=_finish(f"{field}.finish_time", result),
    )


def _game(field: str, game: elo_pb2.GameOutcome, participants: int) -> Game:
    scores = tuple(game.scores)
    if len(scores) != participants:
        raise wrong(
            f"{field}.scores", list(scores), f"needs one for each of {participants} players"
        )
    if not all(0.0 <= score <= 1.0 for score in scores):  # false for what is not a number too
        index = next(index for index, score in enumerate(scores) if not 0.0 <= score <= 1.0)
        raise wrong(f"{field}.scores[{index}]", scores[index], "must be a number from 0 to 1")
    if participants == 2 and not math.isclose(sum(scores), 1.0, abs_tol=_SUM_TOLERANCE):
        raise wrong(f"{field}.scores", list(scores), "two players' scores must add up to 1")
    if game.rotation < 0:
        raise wrong(f"{field}.rotation", game.rotation, "must be 0 or more")
    if game.game_id:
        GAME_ID.check(f"{field}.game_id", game.game_id)
    if len(game.steps) not in (0, 1, participants) or any(steps < 0 for steps in game.steps):
        right = f"must be one number, or one for each of {participants} players, 0 or more"
        raise wrong(f"{field}.steps", list(game.steps), right)
    if game.termination not in elo_pb2.Termination.values():
        known = ", ".join(elo_pb2.Termination.keys())
        raise wrong(f"{field}.termination", int(game.termination), f"must be one of {known}")
    return Game(
        game.game_id,
        game.rotation,
        scores,
        tuple(game.steps),
        int(game.termination),
        _teams(f"{field}.teams", tuple(game.teams), scores),
    )


def _teams(field: str, teams: tuple[int, ...], scores: tuple[float, ...]) -> tuple[int, ...]:
    if not teams:
        return teams
    right = f"must be one of 0..{MOST_PARTICIPANTS - 1} for each of {len(scores)} players"
    if len(teams) != len(scores) or not all(0 <= team < MOST_PARTICIPANTS for team in teams):
        raise wrong(field, list(teams), right)
    score_of: dict[int, float] = {}
    for team, score in zip(teams, scores, strict=True):
        if score_of.setdefault(team, score) != score:
            raise wrong(field, list(teams), f"those of team {team} have different scores")
    if len(score_of) < 2:
        raise wrong(field, list(teams), "two teams or more play against each other")
    return teams


def _finish(field: str, result: elo_pb2.MatchResult) -> int:
    if not result.HasField("finish_time"):
        raise InvalidArgument(f"{field} is missing: tell when the match ended")
    try:
        nanoseconds = result.finish_time.ToNanoseconds()
    except ValueError as error:
        raise wrong(field, str(result.finish_time), str(error)) from error
    if not 0 <= nanoseconds <= LAST_NANOSECOND:
        right = f"must be from 1970 to 2255, at most {LAST_NANOSECOND // 10**9} seconds"
        raise wrong(field, str(result.finish_time), right)
    return nanoseconds


def _check_count(field: str, values: Sequence[object], least: int, most: int) -> None:
    if not least <= len(values) <= most:
        raise InvalidArgument(f"{field} has {len(values)} entries; send {least} to {most}")


def _check_different(field: str, values: Iterable[object]) -> None:
    seen: set[object] = set()
    for value in values:
        if value in seen:
            raise wrong(field, value, "must not occur twice")
        seen.add(value)
