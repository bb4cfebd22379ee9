"""What each role may call: the one table of method -> roles. What is not in it is refused.

A new RPC has to be entered here; `tests/servers/access` compares the table with the contract.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What a key's holder is. Roles are sets of RPCs, not steps of a ladder."""

    VIEWER = "viewer"
    """Looks at games, ratings, tables and lists of policies; fetches none, changes nothing."""

    PLAYER = "player"
    """A person or a foreign bot: what a viewer sees, and matches under its own name."""

    WORKER = "worker"
    """An actor or evaluator: plays batches, fetches policies, writes experience; publishes none."""

    TRAINER = "trainer"
    """A learner: publishes under its own names, makes tables and draws from them."""

    OPERATOR = "operator"
    """Runs the mesh: everything that people and workers do, under any name; deletes nothing."""

    ADMIN = "admin"
    """What an operator may, and delete."""

    GAME_SERVICE = "game-service"
    """The Game service: the only one that reports results."""

    MATCHMAKER_SERVICE = "matchmaker-service"
    """The Matchmaker: creates games, follows policies and ratings."""

    MODEL_SERVICE = "model-service"
    """The Model service: plays a few games, asks how gates ended, writes simulators' experience."""


ADMINISTRATORS: Final = frozenset({Role.OPERATOR, Role.ADMIN})
"""Whose writes fail when the audit log cannot be written, and who are bound to no name."""


class Kind(StrEnum):
    """What a call does, for the audit log."""

    READ = "read"
    """Changes nothing: not audited."""

    WRITE = "write"
    """Changes something that people care about: a line for each call."""

    BULK = "bulk"
    """Changes much and often: a line a minute for each key, address and method."""


@dataclass(frozen=True, slots=True)
class Rpc:
    """What is known of a method.

    Attributes:
        roles: Who may call it; None is everybody, without a key.
        kind: How it is audited.
        policies: Paths of request fields with names of policies or tables, within a key's prefixes.
        games: Paths of request fields with names of games, within a key's games.
        player: Path of the field that names the player, whom a player's key is bound to.
        may_be_empty: Paths that name nothing when they are empty; elsewhere that means all.
        reserved: Paths of fields that those of `plain` have to leave unset.
        plain: Roles that call the method in its plain form alone.
        what: Further paths that the audit log quotes.
        whole: The request's names cannot be looked at: keys that are bound to names are refused.
    """

    roles: frozenset[Role] | None
    kind: Kind = Kind.READ
    policies: tuple[str, ...] = ()
    games: tuple[str, ...] = ()
    player: str = ""
    may_be_empty: tuple[str, ...] = ()
    reserved: tuple[str, ...] = ()
    plain: frozenset[Role] = frozenset()
    what: tuple[str, ...] = ()
    whole: bool = False

    @property
    def named(self) -> tuple[str, ...]:
        """All paths that are looked at."""
        own = (self.player,) if self.player else ()
        return (*self.policies, *self.games, *own, *self.reserved, *self.what)


_PEOPLE: Final = ADMINISTRATORS
_READERS: Final = _PEOPLE | {Role.VIEWER, Role.PLAYER, Role.WORKER, Role.TRAINER}
_ALL: Final = frozenset(Role)
_PLAYERS: Final = _PEOPLE | {Role.PLAYER}
_WORKERS: Final = _PEOPLE | {Role.WORKER}
_TRAINERS: Final = _PEOPLE | {Role.TRAINER}
_FETCHERS: Final = _WORKERS | _TRAINERS | {Role.MATCHMAKER_SERVICE}
"""Of policies."""

_GAME: Final = "/mazemesh.v1.GameService/"
_MATCHMAKER: Final = "/mazemesh.v1.MatchmakerService/"
_MODEL: Final = "/mazemesh.v1.ModelService/"
_KSERVE: Final = "/inference.GRPCInferenceService/"
"""Of the KServe v2 protocol, served by Model."""
_ELO: Final = "/mazemesh.v1.EloService/"
_REPLAY: Final = "/mazemesh.v1.ReplayService/"

READ: Final = Rpc(_READERS)
ANY: Final = Rpc(_ALL)
OPEN: Final = Rpc(None)

RPCS: Final[dict[str, Rpc]] = {
    # Game
    f"{_GAME}ListGames": ANY,
    f"{_GAME}GetGameSpec": ANY,
    # Evaluators make games of their own to look how good a policy is. Rated ones, and new games for
    # a match that is being played (a higher fence), are the Matchmaker's.
    f"{_GAME}CreateGames": Rpc(
        _PEOPLE | {Role.MATCHMAKER_SERVICE, Role.WORKER},
        Kind.BULK,
        games=("matches.game",),
        reserved=("matches.rated", "matches.fence", "matches.exhibition"),
        plain=frozenset({Role.WORKER}),
    ),
    f"{_GAME}ListVacantSeats": Rpc(_PEOPLE | {Role.MATCHMAKER_SERVICE}),
    f"{_GAME}ReplacePlayer": Rpc(
        _PEOPLE | {Role.MATCHMAKER_SERVICE}, Kind.WRITE, what=("game_id", "replacement")
    ),
    f"{_GAME}PlayGame": Rpc(_PLAYERS | {Role.WORKER}, Kind.WRITE),
    # A session that is resumed is opened without a game.
    # Model has files that are published play a few games.
    f"{_GAME}RunGames": Rpc(
        _WORKERS | _TRAINERS | {Role.MODEL_SERVICE},
        Kind.BULK,
        games=("open.game",),
        may_be_empty=("open.game",),
    ),
    f"{_GAME}WatchGame": READ,
    f"{_GAME}ListActiveGames": READ,
    # To play it once more costs as much as playing it.
    f"{_GAME}GetReplay": Rpc(
        _READERS | {Role.MATCHMAKER_SERVICE},
        reserved=("verify",),
        plain=_READERS - _PEOPLE,
    ),
    f"{_GAME}ListReplays": Rpc(_READERS | {Role.MATCHMAKER_SERVICE}),
    f"{_GAME}WatchReplay": READ,
    # Matchmaker
    f"{_MATCHMAKER}SampleOpponents": Rpc(
        _WORKERS, Kind.BULK, policies=("student",), games=("game",)
    ),
    f"{_MATCHMAKER}ListTrainingRecords": READ,
    f"{_MATCHMAKER}LeaseMatches": Rpc(_WORKERS, Kind.BULK, games=("game",)),
    f"{_MATCHMAKER}CompleteMatch": Rpc(_WORKERS, Kind.BULK),
    # Who brings others along speaks for them: a front end, not a player.
    f"{_MATCHMAKER}FindMatch": Rpc(
        _PLAYERS,
        Kind.WRITE,
        games=("game",),
        player="player",
        reserved=("party",),
        plain=frozenset({Role.PLAYER}),
        what=("request_id",),
    ),
    f"{_MATCHMAKER}FindMatches": Rpc(
        _PEOPLE, Kind.BULK, games=("find.game",), may_be_empty=("find.game",)
    ),
    f"{_MATCHMAKER}CancelMatch": Rpc(_PLAYERS, Kind.WRITE, what=("ticket_id",)),
    # A trainer promotes its own versions alone, as with SetAlias.
    f"{_MATCHMAKER}StartGate": Rpc(
        _TRAINERS,
        Kind.WRITE,
        policies=("candidate",),
        what=("request_id", "baseline", "promote"),
    ),
    f"{_MATCHMAKER}CancelGate": Rpc(_PEOPLE, Kind.WRITE, what=("gate_id",)),
    f"{_MATCHMAKER}ListGateRuns": READ,
    f"{_MATCHMAKER}WatchGateRun": READ,
    f"{_MATCHMAKER}ListRatingRules": READ,
    f"{_MATCHMAKER}ListWorkers": Rpc(_PEOPLE),
    f"{_MATCHMAKER}ListWorkerEvents": Rpc(_PEOPLE),
    f"{_MATCHMAKER}QuarantineWorker": Rpc(_PEOPLE, Kind.WRITE, what=("worker_id",)),
    f"{_MATCHMAKER}ReleaseWorker": Rpc(_PEOPLE, Kind.WRITE, what=("worker_id",)),
    # Who takes part is met, and nothing of it is changed; so anybody's versions may be named.
    f"{_MATCHMAKER}CreateTournament": Rpc(
        _TRAINERS,
        Kind.WRITE,
        games=("game",),
        what=("request_id", "title"),
    ),
    f"{_MATCHMAKER}CancelTournament": Rpc(_PEOPLE, Kind.WRITE, what=("tournament_id",)),
    f"{_MATCHMAKER}GetTournament": READ,
    f"{_MATCHMAKER}ListTournaments": READ,
    f"{_MATCHMAKER}WatchTournament": READ,
    f"{_MATCHMAKER}TakePart": Rpc(_PLAYERS, Kind.WRITE, player="player", what=("tournament_id",)),
    # Model
    f"{_MODEL}PublishPolicy": Rpc(
        _TRAINERS,
        Kind.WRITE,
        # Whatever plays it writes there: Model with a key of its own, for simulators.
        policies=("header.name", "header.collection.table"),
        games=("header.collection.game",),
        may_be_empty=("header.collection.table",),
        what=("header.request_id", "header.sha256"),
    ),
    f"{_MODEL}GetPolicy": Rpc(_FETCHERS),
    f"{_MODEL}ListPolicies": ANY,
    # With a graph it tells weights, which not everybody may fetch.
    f"{_MODEL}WatchPolicies": Rpc(_ALL, reserved=("graph_sha256",), plain=_ALL - _FETCHERS),
    f"{_MODEL}SetAlias": Rpc(
        _TRAINERS | {Role.MATCHMAKER_SERVICE},
        Kind.WRITE,
        policies=("name",),
        what=("alias", "version", "gate_id"),
    ),
    f"{_MODEL}GetAlias": ANY,
    f"{_MODEL}ListAliasHistory": ANY,
    f"{_MODEL}GetPolicyDetails": ANY,
    f"{_MODEL}ListUploads": READ,
    f"{_MODEL}CollectPolicies": Rpc(
        frozenset({Role.TRAINER, Role.ADMIN}), Kind.WRITE, policies=("name",), what=("dry_run",)
    ),
    # Whoever plays versions keeps them; nothing of them changes.
    f"{_MODEL}HoldVersions": Rpc(
        _TRAINERS | {Role.WORKER, Role.MATCHMAKER_SERVICE}, Kind.BULK, what=("holder",)
    ),
    f"{_MODEL}ListVersionHolds": ANY,
    f"{_MODEL}SetPromotionRules": Rpc(
        _PEOPLE, Kind.WRITE, policies=("rules.name",), what=("rules.alias", "expected_revision")
    ),
    f"{_MODEL}GetPromotionRules": ANY,
    f"{_MODEL}HoldName": Rpc(_TRAINERS, Kind.BULK, policies=("name",)),
    # Who may fetch policies may ask them; sessions are a key's own.
    f"{_MODEL}Infer": Rpc(_WORKERS | _TRAINERS),
    f"{_MODEL}GetPolicySignature": Rpc(_WORKERS | _TRAINERS),
    f"{_MODEL}ResetSessions": Rpc(_WORKERS | _TRAINERS),
    # Who may ask policies says how that ended; people decide who is served by what. Where an
    # experiment is named by its id the servicer looks whose policy it is of.
    f"{_MODEL}CreateExperiment": Rpc(
        _PEOPLE, Kind.WRITE, policies=("name",), what=("experiment_id", "alias")
    ),
    f"{_MODEL}GetExperiment": ANY,
    f"{_MODEL}ListExperiments": ANY,
    f"{_MODEL}UpdateExperiment": Rpc(_PEOPLE, Kind.WRITE, what=("experiment_id",)),
    f"{_MODEL}StopExperiment": Rpc(_PEOPLE, Kind.WRITE, what=("experiment_id",)),
    f"{_MODEL}RecordOutcomes": Rpc(
        _WORKERS | _TRAINERS | {Role.MATCHMAKER_SERVICE}, Kind.BULK, what=("experiment_id",)
    ),
    f"{_MODEL}AssignSession": Rpc(
        _WORKERS | _TRAINERS | {Role.MATCHMAKER_SERVICE}, Kind.BULK, policies=("policy",)
    ),
    f"{_MODEL}GetDrift": READ,
    # Experience is written for those who are named, so they are within a key's prefixes.
    f"{_MODEL}ExternalEpisodes": Rpc(
        _WORKERS,
        Kind.BULK,
        policies=("simulator.kinds.policy", "turn.agents.policies"),
        may_be_empty=("simulator.kinds.policy", "turn.agents.policies"),
    ),
    f"{_KSERVE}ServerLive": ANY,
    f"{_KSERVE}ServerReady": ANY,
    f"{_KSERVE}ServerMetadata": ANY,
    f"{_KSERVE}ModelReady": READ,
    f"{_KSERVE}ModelStatistics": READ,
    # These load a version.
    f"{_KSERVE}ModelMetadata": Rpc(_WORKERS | _TRAINERS),
    f"{_KSERVE}ModelConfig": Rpc(_WORKERS | _TRAINERS),
    f"{_KSERVE}ModelInfer": Rpc(_WORKERS | _TRAINERS),
    f"{_KSERVE}ModelStreamInfer": Rpc(_WORKERS | _TRAINERS),
    # UNIMPLEMENTED, whoever asks.
    f"{_KSERVE}RepositoryIndex": READ,
    f"{_KSERVE}RepositoryModelLoad": READ,
    f"{_KSERVE}RepositoryModelUnload": READ,
    # Elo
    f"{_ELO}RecordResults": Rpc(frozenset({Role.GAME_SERVICE}), Kind.BULK),
    f"{_ELO}GetResults": ANY,
    f"{_ELO}GetRating": ANY,
    f"{_ELO}GetLeaderboard": ANY,
    f"{_ELO}WatchLeaderboard": ANY,
    f"{_ELO}GetRatingHistory": ANY,
    f"{_ELO}GetHeadToHead": ANY,
    f"{_ELO}GetRatingCurves": ANY,
    f"{_ELO}GetHeadToHeadMatrix": ANY,
    f"{_ELO}ListLadders": ANY,
    # With seeds, which training should not see.
    f"{_ELO}ListResults": Rpc(_PEOPLE),
    f"{_ELO}ImportResults": Rpc(frozenset({Role.ADMIN}), Kind.WRITE),
    f"{_ELO}GetEmpiricalGame": ANY,
    f"{_ELO}EvaluateGate": Rpc(
        _PEOPLE | {Role.MATCHMAKER_SERVICE}, Kind.BULK, what=("gate_id", "candidate", "baseline")
    ),
    f"{_ELO}RetractResults": Rpc(_PEOPLE | {Role.MATCHMAKER_SERVICE}, Kind.WRITE),
    f"{_ELO}ListGates": ANY,
    f"{_ELO}GetGatePath": ANY,
    f"{_ELO}WatchGate": ANY,
    f"{_ELO}RebuildRatings": Rpc(frozenset({Role.ADMIN}), Kind.WRITE, what=("verify_only",)),
    # Replay
    f"{_REPLAY}CreateTable": Rpc(_TRAINERS, Kind.WRITE, policies=("table.name",)),
    f"{_REPLAY}ListTables": Rpc(_READERS | {Role.MODEL_SERVICE}),
    f"{_REPLAY}DeleteTable": Rpc(
        frozenset({Role.TRAINER, Role.ADMIN}), Kind.WRITE, policies=("table",)
    ),
    f"{_REPLAY}UpdateRateLimiter": Rpc(_TRAINERS, Kind.WRITE, policies=("table",)),
    f"{_REPLAY}RecordExperience": Rpc(
        _WORKERS | {Role.MODEL_SERVICE}, Kind.BULK, policies=("table", "more_tables.table")
    ),
    f"{_REPLAY}GetExperienceBatch": Rpc(_TRAINERS, Kind.BULK, policies=("table",)),
    f"{_REPLAY}UpdatePriorities": Rpc(_TRAINERS, Kind.BULK, policies=("table",)),
    f"{_REPLAY}Checkpoint": Rpc(_TRAINERS, Kind.WRITE, policies=("table",)),
    # dm_env_rpc names its game in a tensor of a map.
    "/dm_env_rpc.v1.Environment/Process": Rpc(_WORKERS | {Role.PLAYER}, Kind.BULK, whole=True),
    # Health tells whether a service serves, to whoever routes calls.
    "/grpc.health.v1.Health/Check": OPEN,
    "/grpc.health.v1.Health/Watch": OPEN,
    "/grpc.health.v1.Health/List": OPEN,
    # Reflection tells what is public in the repository; it can be turned off (`reflection`).
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": ANY,
}
"""Everything that is served, by its name on the wire."""
