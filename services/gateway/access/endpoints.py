"""What each role may ask of the gateway: the one table of endpoint -> roles. The rest is refused.

An endpoint that only passes calls on names them, and has the roles that all of them have
(`services._harness.access.callers.roles`); so one table says what a viewer is. Buttons of the
console ask the same table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services._harness.access.callers.roles import RPCS, Kind, Role
from services.gateway.console import sitemap


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What is known of an endpoint.

    Attributes:
        roles: Who may ask; None is everybody, without a key.
        kind: How it is audited.
    """

    roles: frozenset[Role] | None
    kind: Kind = Kind.READ

    def admits(self, role: Role) -> bool:
        """Whether a role may ask it."""
        return self.roles is None or role in self.roles


_READERS: Final = RPCS["/mazemesh.v1.GameService/ListActiveGames"].roles or frozenset()
_TRAINERS: Final = RPCS["/mazemesh.v1.ModelService/PublishPolicy"].roles or frozenset()
_PEOPLE: Final = frozenset({Role.OPERATOR, Role.ADMIN})

OPEN: Final = Endpoint(None)
READ: Final = Endpoint(_READERS)
TRAIN: Final = Endpoint(_TRAINERS, Kind.WRITE)
OPERATE: Final = Endpoint(_PEOPLE)
ADMINISTRATE: Final = Endpoint(frozenset({Role.ADMIN}), Kind.WRITE)


def by(*methods: str) -> Endpoint:
    """An endpoint that makes these calls, e.g. "EloService/GetLeaderboard"."""
    rules = [
        RPCS[f"/{one}" if one.startswith("inference.") else f"/mazemesh.v1.{one}"]
        for one in methods
    ]
    roles = [rule.roles for rule in rules if rule.roles is not None]
    kinds = {rule.kind for rule in rules}
    kind = Kind.READ if kinds == {Kind.READ} else Kind.WRITE
    return Endpoint(frozenset.intersection(*roles) if roles else None, kind)


ENDPOINTS: Final[dict[str, Endpoint]] = {
    "GET /": OPEN,
    "GET /healthz": OPEN,
    "GET /openapi.json": OPEN,
    # session: whose key it is that is logged in, anybody may ask
    "GET /session": OPEN,
    "POST /session": OPEN,
    "DELETE /session": OPEN,
    "GET /session/oidc": OPEN,
    "GET /session/oidc/callback": OPEN,
    # ratings
    "GET /ladders": by("EloService/ListLadders"),
    "GET /leaderboards/{ladder:path}": by("EloService/GetLeaderboard"),
    "GET /ratings": by("EloService/GetRating"),
    "GET /ratings/history": by("EloService/GetRatingHistory"),
    "GET /ratings/curves": by("EloService/GetRatingCurves"),
    "GET /head-to-head": by("EloService/GetHeadToHeadMatrix"),
    "GET /payoffs": by("EloService/GetEmpiricalGame"),
    # matches
    "GET /matches": by("EloService/ListResults"),
    "GET /matches/{match_id:path}": by("EloService/GetResults"),
    "POST /matches": by("GameService/CreateGames"),
    "POST /matches/find": by("MatchmakerService/FindMatch"),
    # policies
    "GET /policies": by("ModelService/ListPolicies"),
    "GET /policies/{name}": by("ModelService/ListPolicies"),
    "GET /policies/{name}/versions/{version}": by("ModelService/ListPolicies"),
    "GET /policies/{name}/versions/{version}/file": by("ModelService/GetPolicy"),
    "GET /policies/{name}/aliases/{alias}": by("ModelService/GetAlias"),
    "GET /policies/{name}/history": by("ModelService/ListAliasHistory"),
    "PUT /policies/{name}/aliases/{alias}": by("ModelService/SetAlias"),
    "POST /policies/{name}/promote": by("ModelService/SetAlias"),
    "POST /policies/{name}/rollback": by("ModelService/SetAlias"),
    # gates and tournaments
    "GET /gates": by("MatchmakerService/ListGateRuns"),
    "GET /gates/{gate_id}": by("MatchmakerService/ListGateRuns"),
    "GET /gates/{gate_id}/path": by("EloService/GetGatePath"),
    "POST /gates": by("MatchmakerService/StartGate"),
    "POST /gates/{gate_id}/cancel": by("MatchmakerService/CancelGate"),
    "GET /tournaments": by("MatchmakerService/ListTournaments"),
    "GET /tournaments/{tournament_id}": by("MatchmakerService/GetTournament"),
    "POST /tournaments": by("MatchmakerService/CreateTournament"),
    "POST /tournaments/{tournament_id}/cancel": by("MatchmakerService/CancelTournament"),
    # games and recordings
    "GET /games": by("GameService/ListGames"),
    "GET /games/running": by("GameService/ListActiveGames"),
    "GET /games/{game:path}/spec": by("GameService/GetGameSpec"),
    "GET /recordings": by("GameService/ListReplays"),
    "GET /recordings/{game_id:path}": by("GameService/GetReplay"),
    # training runs
    "GET /experiments": READ,
    "GET /experiments/{experiment_id}": READ,
    # KServe v2
    "GET /v2": by("inference.GRPCInferenceService/ServerMetadata"),
    "GET /v2/health/live": by("inference.GRPCInferenceService/ServerLive"),
    "GET /v2/health/ready": by("inference.GRPCInferenceService/ServerReady"),
    **dict.fromkeys(
        ("GET /v2/models/{model}", "GET /v2/models/{model}/versions/{version}"),
        by("inference.GRPCInferenceService/ModelMetadata"),
    ),
    **dict.fromkeys(
        ("GET /v2/models/{model}/ready", "GET /v2/models/{model}/versions/{version}/ready"),
        by("inference.GRPCInferenceService/ModelReady"),
    ),
    **dict.fromkeys(
        ("GET /v2/models/{model}/config", "GET /v2/models/{model}/versions/{version}/config"),
        by("inference.GRPCInferenceService/ModelConfig"),
    ),
    **dict.fromkeys(
        (
            "GET /v2/models/stats",
            "GET /v2/models/{model}/stats",
            "GET /v2/models/{model}/versions/{version}/stats",
        ),
        by("inference.GRPCInferenceService/ModelStatistics"),
    ),
    **dict.fromkeys(
        ("POST /v2/models/{model}/infer", "POST /v2/models/{model}/versions/{version}/infer"),
        by("inference.GRPCInferenceService/ModelInfer"),
    ),
    # system, keys, audit log
    "GET /system": by("ReplayService/ListTables"),
    "GET /system/workers": by("MatchmakerService/ListWorkers"),
    "GET /keys": Endpoint(frozenset({Role.ADMIN})),
    "POST /keys": ADMINISTRATE,
    "DELETE /keys/{key_id}": ADMINISTRATE,
    "GET /audit": OPERATE,
    "GET /audit/verification": OPERATE,
    # Live news; what a topic tells, the calls behind it may tell.
    "WS /ws/live": READ,
    "TOPIC games": by("GameService/ListActiveGames", "GameService/WatchGame"),
    "TOPIC leaderboards": by("EloService/WatchLeaderboard"),
    "TOPIC gates": by("MatchmakerService/ListGateRuns", "MatchmakerService/WatchGateRun"),
    "TOPIC tournaments": by(
        "MatchmakerService/ListTournaments", "MatchmakerService/WatchTournament"
    ),
    "TOPIC policies": by("ModelService/ListPolicies", "ModelService/WatchPolicies"),
    "TOPIC tables": by("ReplayService/ListTables"),
    # Training jobs; the gateway is who starts them. Whose a job is, its routes look at.
    "POST /training/start": TRAIN,
    "GET /training/status/{experiment_id}": READ,
    "POST /training/stop/{experiment_id}": TRAIN,
    "GET /training/options": READ,
    "GET /training/presets": READ,
    "GET /jobs": READ,
    "POST /jobs": TRAIN,
    "GET /jobs/{experiment_id}": READ,
    "POST /jobs/{experiment_id}/cancel": TRAIN,
    "GET /jobs/{experiment_id}/logs": Endpoint(_TRAINERS),
    "WS /ws/training/{experiment_id}": READ,
    "TOPIC training": READ,
}
"""By method and path template, as FastAPI has it; "WS" for WebSockets, "TOPIC" for live news.

The other rooms add theirs below, under a line of their own.
"""

# The console: the same pages for everybody, who then ask for what they may see.
ENDPOINTS.update({f"GET {path}": OPEN for path in sitemap.paths()})

# Curves, studies, the form of a run, what runs, logs.
ENDPOINTS.update(
    {
        "GET /policies/{name}/versions/{version}/details": by("ModelService/GetPolicyDetails"),
        "GET /policies/{name}/versions/{version}/drift": by("ModelService/GetDrift"),
        "GET /policies/{name}/experiments": by("ModelService/ListExperiments"),
        "GET /policies/{name}/experiments/{experiment_id}": by("ModelService/GetExperiment"),
        "GET /training/runs": READ,
        "GET /training/runs/settings": READ,
        "GET /training/curves": READ,
        "GET /training/form": READ,
        "GET /training/cost": READ,
        "GET /studies": READ,
        "GET /studies/{kind}/{name}": READ,
        "GET /system/logs": OPERATE,
        "GET /system/logs/{name}": OPERATE,
    }
)

# People who play; whether a key may make games or only find matches the services say.
ENDPOINTS.update(
    {
        "WS /ws/play": by("GameService/PlayGame"),
        "GET /recordings/{game_id:path}/frames": by("GameService/WatchReplay"),
        "GET /recordings/{game_id:path}/thoughts": by(
            "GameService/WatchReplay", "ModelService/Infer"
        ),
        "GET /tournaments/{tournament_id}/bracket.svg": by("MatchmakerService/GetTournament"),
        "WS /ws/minds/{game_id:path}": by("GameService/WatchGame", "ModelService/Infer"),
    }
)


def endpoint_of(method: str, path: str) -> Endpoint | None:
    """What is known of a route; None of one that is in no table, which nobody may ask."""
    return ENDPOINTS.get(f"{'GET' if method == 'HEAD' else method} {path}")
