import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RatingModel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RATING_MODEL_UNSPECIFIED: _ClassVar[RatingModel]
    RATING_MODEL_BRADLEY_TERRY: _ClassVar[RatingModel]
    RATING_MODEL_ELO: _ClassVar[RatingModel]
    RATING_MODEL_GLICKO2: _ClassVar[RatingModel]
    RATING_MODEL_PLACKETT_LUCE: _ClassVar[RatingModel]

class Termination(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TERMINATION_UNSPECIFIED: _ClassVar[Termination]
    TERMINATION_FINISHED: _ClassVar[Termination]
    TERMINATION_STEP_LIMIT: _ClassVar[Termination]
    TERMINATION_FORFEIT: _ClassVar[Termination]

class RecordStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RECORD_STATUS_UNSPECIFIED: _ClassVar[RecordStatus]
    RECORD_STATUS_RECORDED: _ClassVar[RecordStatus]
    RECORD_STATUS_DUPLICATE: _ClassVar[RecordStatus]
    RECORD_STATUS_CONFLICT: _ClassVar[RecordStatus]

class PlayerKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PLAYER_KIND_UNSPECIFIED: _ClassVar[PlayerKind]
    PLAYER_KIND_POLICY: _ClassVar[PlayerKind]
    PLAYER_KIND_BOT: _ClassVar[PlayerKind]
    PLAYER_KIND_PERSON: _ClassVar[PlayerKind]
    PLAYER_KIND_FOREIGN: _ClassVar[PlayerKind]

class GateVerdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GATE_VERDICT_UNSPECIFIED: _ClassVar[GateVerdict]
    GATE_VERDICT_RUNNING: _ClassVar[GateVerdict]
    GATE_VERDICT_PASSED: _ClassVar[GateVerdict]
    GATE_VERDICT_FAILED: _ClassVar[GateVerdict]
    GATE_VERDICT_CAPPED: _ClassVar[GateVerdict]
    GATE_VERDICT_FORGOTTEN: _ClassVar[GateVerdict]
RATING_MODEL_UNSPECIFIED: RatingModel
RATING_MODEL_BRADLEY_TERRY: RatingModel
RATING_MODEL_ELO: RatingModel
RATING_MODEL_GLICKO2: RatingModel
RATING_MODEL_PLACKETT_LUCE: RatingModel
TERMINATION_UNSPECIFIED: Termination
TERMINATION_FINISHED: Termination
TERMINATION_STEP_LIMIT: Termination
TERMINATION_FORFEIT: Termination
RECORD_STATUS_UNSPECIFIED: RecordStatus
RECORD_STATUS_RECORDED: RecordStatus
RECORD_STATUS_DUPLICATE: RecordStatus
RECORD_STATUS_CONFLICT: RecordStatus
PLAYER_KIND_UNSPECIFIED: PlayerKind
PLAYER_KIND_POLICY: PlayerKind
PLAYER_KIND_BOT: PlayerKind
PLAYER_KIND_PERSON: PlayerKind
PLAYER_KIND_FOREIGN: PlayerKind
GATE_VERDICT_UNSPECIFIED: GateVerdict
GATE_VERDICT_RUNNING: GateVerdict
GATE_VERDICT_PASSED: GateVerdict
GATE_VERDICT_FAILED: GateVerdict
GATE_VERDICT_CAPPED: GateVerdict
GATE_VERDICT_FORGOTTEN: GateVerdict

class RetractResultsRequest(_message.Message):
    __slots__ = ("match_ids",)
    MATCH_IDS_FIELD_NUMBER: _ClassVar[int]
    match_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, match_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class RetractResultsResponse(_message.Message):
    __slots__ = ("retracted",)
    RETRACTED_FIELD_NUMBER: _ClassVar[int]
    retracted: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, retracted: _Optional[_Iterable[str]] = ...) -> None: ...

class MatchResult(_message.Message):
    __slots__ = ("match_id", "ladder", "seed", "rules_hash", "participants", "games", "finish_time", "retracts")
    MATCH_ID_FIELD_NUMBER: _ClassVar[int]
    LADDER_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    RULES_HASH_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANTS_FIELD_NUMBER: _ClassVar[int]
    GAMES_FIELD_NUMBER: _ClassVar[int]
    FINISH_TIME_FIELD_NUMBER: _ClassVar[int]
    RETRACTS_FIELD_NUMBER: _ClassVar[int]
    match_id: str
    ladder: str
    seed: int
    rules_hash: str
    participants: _containers.RepeatedScalarFieldContainer[str]
    games: _containers.RepeatedCompositeFieldContainer[GameOutcome]
    finish_time: _timestamp_pb2.Timestamp
    retracts: str
    def __init__(self, match_id: _Optional[str] = ..., ladder: _Optional[str] = ..., seed: _Optional[int] = ..., rules_hash: _Optional[str] = ..., participants: _Optional[_Iterable[str]] = ..., games: _Optional[_Iterable[_Union[GameOutcome, _Mapping]]] = ..., finish_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., retracts: _Optional[str] = ...) -> None: ...

class GameOutcome(_message.Message):
    __slots__ = ("game_id", "rotation", "scores", "steps", "termination", "teams")
    GAME_ID_FIELD_NUMBER: _ClassVar[int]
    ROTATION_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    TERMINATION_FIELD_NUMBER: _ClassVar[int]
    TEAMS_FIELD_NUMBER: _ClassVar[int]
    game_id: str
    rotation: int
    scores: _containers.RepeatedScalarFieldContainer[float]
    steps: _containers.RepeatedScalarFieldContainer[int]
    termination: Termination
    teams: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, game_id: _Optional[str] = ..., rotation: _Optional[int] = ..., scores: _Optional[_Iterable[float]] = ..., steps: _Optional[_Iterable[int]] = ..., termination: _Optional[_Union[Termination, str]] = ..., teams: _Optional[_Iterable[int]] = ...) -> None: ...

class RecordResultsRequest(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[MatchResult]
    def __init__(self, results: _Optional[_Iterable[_Union[MatchResult, _Mapping]]] = ...) -> None: ...

class RecordResultsResponse(_message.Message):
    __slots__ = ("statuses",)
    STATUSES_FIELD_NUMBER: _ClassVar[int]
    statuses: _containers.RepeatedScalarFieldContainer[RecordStatus]
    def __init__(self, statuses: _Optional[_Iterable[_Union[RecordStatus, str]]] = ...) -> None: ...

class GetResultsRequest(_message.Message):
    __slots__ = ("match_ids",)
    MATCH_IDS_FIELD_NUMBER: _ClassVar[int]
    match_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, match_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class GetResultsResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[MatchResult]
    def __init__(self, results: _Optional[_Iterable[_Union[MatchResult, _Mapping]]] = ...) -> None: ...

class PlayerRating(_message.Message):
    __slots__ = ("player", "rating", "low", "high", "online_rating", "matches", "games", "wins", "draws", "losses", "rank", "last_match_time", "deviation", "volatility", "superiority_of_above", "kind")
    PLAYER_FIELD_NUMBER: _ClassVar[int]
    RATING_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    ONLINE_RATING_FIELD_NUMBER: _ClassVar[int]
    MATCHES_FIELD_NUMBER: _ClassVar[int]
    GAMES_FIELD_NUMBER: _ClassVar[int]
    WINS_FIELD_NUMBER: _ClassVar[int]
    DRAWS_FIELD_NUMBER: _ClassVar[int]
    LOSSES_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    LAST_MATCH_TIME_FIELD_NUMBER: _ClassVar[int]
    DEVIATION_FIELD_NUMBER: _ClassVar[int]
    VOLATILITY_FIELD_NUMBER: _ClassVar[int]
    SUPERIORITY_OF_ABOVE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    player: str
    rating: float
    low: float
    high: float
    online_rating: float
    matches: int
    games: int
    wins: int
    draws: int
    losses: int
    rank: int
    last_match_time: _timestamp_pb2.Timestamp
    deviation: float
    volatility: float
    superiority_of_above: float
    kind: PlayerKind
    def __init__(self, player: _Optional[str] = ..., rating: _Optional[float] = ..., low: _Optional[float] = ..., high: _Optional[float] = ..., online_rating: _Optional[float] = ..., matches: _Optional[int] = ..., games: _Optional[int] = ..., wins: _Optional[int] = ..., draws: _Optional[int] = ..., losses: _Optional[int] = ..., rank: _Optional[int] = ..., last_match_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., deviation: _Optional[float] = ..., volatility: _Optional[float] = ..., superiority_of_above: _Optional[float] = ..., kind: _Optional[_Union[PlayerKind, str]] = ...) -> None: ...

class PlayerFilter(_message.Message):
    __slots__ = ("run", "kinds", "active_since")
    RUN_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_SINCE_FIELD_NUMBER: _ClassVar[int]
    run: str
    kinds: _containers.RepeatedScalarFieldContainer[PlayerKind]
    active_since: _timestamp_pb2.Timestamp
    def __init__(self, run: _Optional[str] = ..., kinds: _Optional[_Iterable[_Union[PlayerKind, str]]] = ..., active_since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetRatingRequest(_message.Message):
    __slots__ = ("ladder", "player", "model")
    LADDER_FIELD_NUMBER: _ClassVar[int]
    PLAYER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    ladder: str
    player: str
    model: RatingModel
    def __init__(self, ladder: _Optional[str] = ..., player: _Optional[str] = ..., model: _Optional[_Union[RatingModel, str]] = ...) -> None: ...

class GetRatingResponse(_message.Message):
    __slots__ = ("rating",)
    RATING_FIELD_NUMBER: _ClassVar[int]
    rating: PlayerRating
    def __init__(self, rating: _Optional[_Union[PlayerRating, _Mapping]] = ...) -> None: ...

class GetLeaderboardRequest(_message.Message):
    __slots__ = ("ladder", "page_size", "page_token", "prefix", "around", "model", "filter", "start_time", "end_time")
    LADDER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    AROUND_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    ladder: str
    page_size: int
    page_token: str
    prefix: str
    around: str
    model: RatingModel
    filter: PlayerFilter
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, ladder: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., prefix: _Optional[str] = ..., around: _Optional[str] = ..., model: _Optional[_Union[RatingModel, str]] = ..., filter: _Optional[_Union[PlayerFilter, _Mapping]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetLeaderboardResponse(_message.Message):
    __slots__ = ("ladder", "players", "next_page_token", "matches", "fitted_matches", "total_players", "model", "seat_effect", "seat_deviation")
    LADDER_FIELD_NUMBER: _ClassVar[int]
    PLAYERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MATCHES_FIELD_NUMBER: _ClassVar[int]
    FITTED_MATCHES_FIELD_NUMBER: _ClassVar[int]
    TOTAL_PLAYERS_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    SEAT_EFFECT_FIELD_NUMBER: _ClassVar[int]
    SEAT_DEVIATION_FIELD_NUMBER: _ClassVar[int]
    ladder: str
    players: _containers.RepeatedCompositeFieldContainer[PlayerRating]
    next_page_token: str
    matches: int
    fitted_matches: int
    total_players: int
    model: RatingModel
    seat_effect: float
    seat_deviation: float
    def __init__(self, ladder: _Optional[str] = ..., players: _Optional[_Iterable[_Union[PlayerRating, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., matches: _Optional[int] = ..., fitted_matches: _Optional[int] = ..., total_players: _Optional[int] = ..., model: _Optional[_Union[RatingModel, str]] = ..., seat_effect: _Optional[float] = ..., seat_deviation: _Optional[float] = ...) -> None: ...

class WatchLeaderboardRequest(_message.Message):
    __slots__ = ("ladder", "page_size", "filter", "prefix", "around", "model")
    LADDER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    AROUND_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    ladder: str
    page_size: int
    filter: PlayerFilter
    prefix: str
    around: str
    model: RatingModel
    def __init__(self, ladder: _Optional[str] = ..., page_size: _Optional[int] = ..., filter: _Optional[_Union[PlayerFilter, _Mapping]] = ..., prefix: _Optional[str] = ..., around: _Optional[str] = ..., model: _Optional[_Union[RatingModel, str]] = ...) -> None: ...

class WatchLeaderboardResponse(_message.Message):
    __slots__ = ("leaderboard",)
    LEADERBOARD_FIELD_NUMBER: _ClassVar[int]
    leaderboard: GetLeaderboardResponse
    def __init__(self, leaderboard: _Optional[_Union[GetLeaderboardResponse, _Mapping]] = ...) -> None: ...

class GetRatingHistoryRequest(_message.Message):
    __slots__ = ("ladder", "player", "page_size", "page_token")
    LADDER_FIELD_NUMBER: _ClassVar[int]
    PLAYER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ladder: str
    player: str
    page_size: int
    page_token: str
    def __init__(self, ladder: _Optional[str] = ..., player: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class GetRatingHistoryResponse(_message.Message):
    __slots__ = ("points", "next_page_token")
    POINTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    points: _containers.RepeatedCompositeFieldContainer[RatingPoint]
    next_page_token: str
    def __init__(self, points: _Optional[_Iterable[_Union[RatingPoint, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class RatingPoint(_message.Message):
    __slots__ = ("match_id", "time", "online_rating", "opponents", "score")
    MATCH_ID_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    ONLINE_RATING_FIELD_NUMBER: _ClassVar[int]
    OPPONENTS_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    match_id: str
    time: _timestamp_pb2.Timestamp
    online_rating: float
    opponents: _containers.RepeatedScalarFieldContainer[str]
    score: float
    def __init__(self, match_id: _Optional[str] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., online_rating: _Optional[float] = ..., opponents: _Optional[_Iterable[str]] = ..., score: _Optional[float] = ...) -> None: ...

class GetRatingCurvesRequest(_message.Message):
    __slots__ = ("ladder", "players", "max_points", "start_time", "end_time")
    LADDER_FIELD_NUMBER: _ClassVar[int]
    PLAYERS_FIELD_NUMBER: _ClassVar[int]
    MAX_POINTS_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    ladder: str
    players: _containers.RepeatedScalarFieldContainer[str]
    max_points: int
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, ladder: _Optional[str] = ..., players: _Optional[_Iterable[str]] = ..., max_points: _Optional[int] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetRatingCurvesResponse(_message.Message):
    __slots__ = ("curves",)
    CURVES_FIELD_NUMBER: _ClassVar[int]
    curves: _containers.RepeatedCompositeFieldContainer[RatingCurve]
    def __init__(self, curves: _Optional[_Iterable[_Union[RatingCurve, _Mapping]]] = ...) -> None: ...

class RatingCurve(_message.Message):
    __slots__ = ("player", "points")
    PLAYER_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    player: str
    points: _containers.RepeatedCompositeFieldContainer[CurvePoint]
    def __init__(self, player: _Optional[str] = ..., points: _Optional[_Iterable[_Union[CurvePoint, _Mapping]]] = ...) -> None: ...

class CurvePoint(_message.Message):
    __slots__ = ("time", "ladder_matches", "matches", "rating", "low", "high", "rank")
    TIME_FIELD_NUMBER: _ClassVar[int]
    LADDER_MATCHES_FIELD_NUMBER: _ClassVar[int]
    MATCHES_FIELD_NUMBER: _ClassVar[int]
    RATING_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    time: _timestamp_pb2.Timestamp
    ladder_matches: int
    matches: int
    rating: float
    low: float
    high: float
    rank: int
    def __init__(self, time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ladder_matches: _Optional[int] = ..., matches: _Optional[int] = ..., rating: _Optional[float] = ..., low: _Optional[float] = ..., high: _Optional[float] = ..., rank: _Optional[int] = ...) -> None: ...

class GetHeadToHeadMatrixRequest(_message.Message):
    __slots__ = ("ladder", "players", "max_players", "filter", "start_time", "end_time")
    LADDER_FIELD_NUMBER: _ClassVar[int]
    PLAYERS_FIELD_NUMBER: _ClassVar[int]
    MAX_PLAYERS_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    ladder: str
    players: _containers.RepeatedScalarFieldContainer[str]
    max_players: int
    filter: PlayerFilter
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, ladder: _Optional[str] = ..., players: _Optional[_Iterable[str]] = ..., max_players: _Optional[int] = ..., filter: _Optional[_Union[PlayerFilter, _Mapping]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetHeadToHeadMatrixResponse(_message.Message):
    __slots__ = ("players", "matches", "games", "wins", "draws", "scores", "expected_scores", "superiorities")
    PLAYERS_FIELD_NUMBER: _ClassVar[int]
    MATCHES_FIELD_NUMBER: _ClassVar[int]
    GAMES_FIELD_NUMBER: _ClassVar[int]
    WINS_FIELD_NUMBER: _ClassVar[int]
    DRAWS_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_SCORES_FIELD_NUMBER: _ClassVar[int]
    SUPERIORITIES_FIELD_NUMBER: _ClassVar[int]
    players: _containers.RepeatedScalarFieldContainer[str]
    matches: _containers.RepeatedScalarFieldContainer[int]
    games: _containers.RepeatedScalarFieldContainer[int]
    wins: _containers.RepeatedScalarFieldContainer[int]
    draws: _containers.RepeatedScalarFieldContainer[int]
    scores: _containers.RepeatedScalarFieldContainer[float]
    expected_scores: _containers.RepeatedScalarFieldContainer[float]
    superiorities: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, players: _Optional[_Iterable[str]] = ..., matches: _Optional[_Iterable[int]] = ..., games: _Optional[_Iterable[int]] = ..., wins: _Optional[_Iterable[int]] = ..., draws: _Optional[_Iterable[int]] = ..., scores: _Optional[_Iterable[float]] = ..., expected_scores: _Optional[_Iterable[float]] = ..., superiorities: _Optional[_Iterable[float]] = ...) -> None: ...

class ListLaddersRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "game")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    GAME_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    game: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., game: _Optional[str] = ...) -> None: ...

class ListLaddersResponse(_message.Message):
    __slots__ = ("ladders", "next_page_token")
    LADDERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ladders: _containers.RepeatedCompositeFieldContainer[Ladder]
    next_page_token: str
    def __init__(self, ladders: _Optional[_Iterable[_Union[Ladder, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class Ladder(_message.Message):
    __slots__ = ("ladder", "players", "matches", "fitted_matches", "last_match_time")
    LADDER_FIELD_NUMBER: _ClassVar[int]
    PLAYERS_FIELD_NUMBER: _ClassVar[int]
    MATCHES_FIELD_NUMBER: _ClassVar[int]
    FITTED_MATCHES_FIELD_NUMBER: _ClassVar[int]
    LAST_MATCH_TIME_FIELD_NUMBER: _ClassVar[int]
    ladder: str
    players: int
    matches: int
    fitted_matches: int
    last_match_time: _timestamp_pb2.Timestamp
    def __init__(self, ladder: _Optional[str] = ..., players: _Optional[int] = ..., matches: _Optional[int] = ..., fitted_matches: _Optional[int] = ..., last_match_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListResultsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "ladder", "start_time", "end_time", "include_retracted")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    LADDER_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_RETRACTED_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    ladder: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    include_retracted: bool
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., ladder: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., include_retracted: _Optional[bool] = ...) -> None: ...

class ListResultsResponse(_message.Message):
    __slots__ = ("results", "next_page_token")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[MatchResult]
    next_page_token: str
    def __init__(self, results: _Optional[_Iterable[_Union[MatchResult, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ImportResultsRequest(_message.Message):
    __slots__ = ("results", "validate_only")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[MatchResult]
    validate_only: bool
    def __init__(self, results: _Optional[_Iterable[_Union[MatchResult, _Mapping]]] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class ImportResultsResponse(_message.Message):
    __slots__ = ("statuses",)
    STATUSES_FIELD_NUMBER: _ClassVar[int]
    statuses: _containers.RepeatedScalarFieldContainer[RecordStatus]
    def __init__(self, statuses: _Optional[_Iterable[_Union[RecordStatus, str]]] = ...) -> None: ...

class GetHeadToHeadRequest(_message.Message):
    __slots__ = ("ladder", "players")
    LADDER_FIELD_NUMBER: _ClassVar[int]
    PLAYERS_FIELD_NUMBER: _ClassVar[int]
    ladder: str
    players: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, ladder: _Optional[str] = ..., players: _Optional[_Iterable[str]] = ...) -> None: ...

class GetHeadToHeadResponse(_message.Message):
    __slots__ = ("pairs",)
    PAIRS_FIELD_NUMBER: _ClassVar[int]
    pairs: _containers.RepeatedCompositeFieldContainer[HeadToHead]
    def __init__(self, pairs: _Optional[_Iterable[_Union[HeadToHead, _Mapping]]] = ...) -> None: ...

class HeadToHead(_message.Message):
    __slots__ = ("player", "opponent", "matches", "games", "wins", "draws", "losses", "score", "expected_score")
    PLAYER_FIELD_NUMBER: _ClassVar[int]
    OPPONENT_FIELD_NUMBER: _ClassVar[int]
    MATCHES_FIELD_NUMBER: _ClassVar[int]
    GAMES_FIELD_NUMBER: _ClassVar[int]
    WINS_FIELD_NUMBER: _ClassVar[int]
    DRAWS_FIELD_NUMBER: _ClassVar[int]
    LOSSES_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_SCORE_FIELD_NUMBER: _ClassVar[int]
    player: str
    opponent: str
    matches: int
    games: int
    wins: int
    draws: int
    losses: int
    score: float
    expected_score: float
    def __init__(self, player: _Optional[str] = ..., opponent: _Optional[str] = ..., matches: _Optional[int] = ..., games: _Optional[int] = ..., wins: _Optional[int] = ..., draws: _Optional[int] = ..., losses: _Optional[int] = ..., score: _Optional[float] = ..., expected_score: _Optional[float] = ...) -> None: ...

class GateHypotheses(_message.Message):
    __slots__ = ("elo0", "elo1", "alpha", "beta", "max_matches")
    ELO0_FIELD_NUMBER: _ClassVar[int]
    ELO1_FIELD_NUMBER: _ClassVar[int]
    ALPHA_FIELD_NUMBER: _ClassVar[int]
    BETA_FIELD_NUMBER: _ClassVar[int]
    MAX_MATCHES_FIELD_NUMBER: _ClassVar[int]
    elo0: float
    elo1: float
    alpha: float
    beta: float
    max_matches: int
    def __init__(self, elo0: _Optional[float] = ..., elo1: _Optional[float] = ..., alpha: _Optional[float] = ..., beta: _Optional[float] = ..., max_matches: _Optional[int] = ...) -> None: ...

class Gate(_message.Message):
    __slots__ = ("gate_id", "ladder", "candidate", "baseline", "hypotheses", "ancestors", "verdict", "matches", "counts", "ratio", "lower", "upper", "memories", "create_time", "end_time")
    GATE_ID_FIELD_NUMBER: _ClassVar[int]
    LADDER_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_FIELD_NUMBER: _ClassVar[int]
    BASELINE_FIELD_NUMBER: _ClassVar[int]
    HYPOTHESES_FIELD_NUMBER: _ClassVar[int]
    ANCESTORS_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    MATCHES_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    RATIO_FIELD_NUMBER: _ClassVar[int]
    LOWER_FIELD_NUMBER: _ClassVar[int]
    UPPER_FIELD_NUMBER: _ClassVar[int]
    MEMORIES_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    gate_id: str
    ladder: str
    candidate: str
    baseline: str
    hypotheses: GateHypotheses
    ancestors: _containers.RepeatedScalarFieldContainer[str]
    verdict: GateVerdict
    matches: int
    counts: _containers.RepeatedScalarFieldContainer[int]
    ratio: float
    lower: float
    upper: float
    memories: _containers.RepeatedCompositeFieldContainer[GateMemory]
    create_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, gate_id: _Optional[str] = ..., ladder: _Optional[str] = ..., candidate: _Optional[str] = ..., baseline: _Optional[str] = ..., hypotheses: _Optional[_Union[GateHypotheses, _Mapping]] = ..., ancestors: _Optional[_Iterable[str]] = ..., verdict: _Optional[_Union[GateVerdict, str]] = ..., matches: _Optional[int] = ..., counts: _Optional[_Iterable[int]] = ..., ratio: _Optional[float] = ..., lower: _Optional[float] = ..., upper: _Optional[float] = ..., memories: _Optional[_Iterable[_Union[GateMemory, _Mapping]]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GateMemory(_message.Message):
    __slots__ = ("ancestor", "score", "games", "chance_worse")
    ANCESTOR_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    GAMES_FIELD_NUMBER: _ClassVar[int]
    CHANCE_WORSE_FIELD_NUMBER: _ClassVar[int]
    ancestor: str
    score: float
    games: int
    chance_worse: float
    def __init__(self, ancestor: _Optional[str] = ..., score: _Optional[float] = ..., games: _Optional[int] = ..., chance_worse: _Optional[float] = ...) -> None: ...

class EvaluateGateRequest(_message.Message):
    __slots__ = ("gate_id", "ladder", "candidate", "baseline", "hypotheses", "ancestors")
    GATE_ID_FIELD_NUMBER: _ClassVar[int]
    LADDER_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_FIELD_NUMBER: _ClassVar[int]
    BASELINE_FIELD_NUMBER: _ClassVar[int]
    HYPOTHESES_FIELD_NUMBER: _ClassVar[int]
    ANCESTORS_FIELD_NUMBER: _ClassVar[int]
    gate_id: str
    ladder: str
    candidate: str
    baseline: str
    hypotheses: GateHypotheses
    ancestors: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, gate_id: _Optional[str] = ..., ladder: _Optional[str] = ..., candidate: _Optional[str] = ..., baseline: _Optional[str] = ..., hypotheses: _Optional[_Union[GateHypotheses, _Mapping]] = ..., ancestors: _Optional[_Iterable[str]] = ...) -> None: ...

class EvaluateGateResponse(_message.Message):
    __slots__ = ("gate",)
    GATE_FIELD_NUMBER: _ClassVar[int]
    gate: Gate
    def __init__(self, gate: _Optional[_Union[Gate, _Mapping]] = ...) -> None: ...

class ListGatesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "ladder")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    LADDER_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    ladder: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., ladder: _Optional[str] = ...) -> None: ...

class ListGatesResponse(_message.Message):
    __slots__ = ("gates", "next_page_token")
    GATES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    gates: _containers.RepeatedCompositeFieldContainer[Gate]
    next_page_token: str
    def __init__(self, gates: _Optional[_Iterable[_Union[Gate, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetGatePathRequest(_message.Message):
    __slots__ = ("gate_id",)
    GATE_ID_FIELD_NUMBER: _ClassVar[int]
    gate_id: str
    def __init__(self, gate_id: _Optional[str] = ...) -> None: ...

class GetGatePathResponse(_message.Message):
    __slots__ = ("points",)
    POINTS_FIELD_NUMBER: _ClassVar[int]
    points: _containers.RepeatedCompositeFieldContainer[GatePoint]
    def __init__(self, points: _Optional[_Iterable[_Union[GatePoint, _Mapping]]] = ...) -> None: ...

class GatePoint(_message.Message):
    __slots__ = ("matches", "ratio")
    MATCHES_FIELD_NUMBER: _ClassVar[int]
    RATIO_FIELD_NUMBER: _ClassVar[int]
    matches: int
    ratio: float
    def __init__(self, matches: _Optional[int] = ..., ratio: _Optional[float] = ...) -> None: ...

class WatchGateRequest(_message.Message):
    __slots__ = ("gate_id",)
    GATE_ID_FIELD_NUMBER: _ClassVar[int]
    gate_id: str
    def __init__(self, gate_id: _Optional[str] = ...) -> None: ...

class WatchGateResponse(_message.Message):
    __slots__ = ("gate",)
    GATE_FIELD_NUMBER: _ClassVar[int]
    gate: Gate
    def __init__(self, gate: _Optional[_Union[Gate, _Mapping]] = ...) -> None: ...

class GetEmpiricalGameRequest(_message.Message):
    __slots__ = ("ladder", "players", "alpha")
    LADDER_FIELD_NUMBER: _ClassVar[int]
    PLAYERS_FIELD_NUMBER: _ClassVar[int]
    ALPHA_FIELD_NUMBER: _ClassVar[int]
    ladder: str
    players: _containers.RepeatedScalarFieldContainer[str]
    alpha: float
    def __init__(self, ladder: _Optional[str] = ..., players: _Optional[_Iterable[str]] = ..., alpha: _Optional[float] = ...) -> None: ...

class GetEmpiricalGameResponse(_message.Message):
    __slots__ = ("players", "scores", "deviations", "residuals", "nash_shares", "nash_scores", "alpha_ranks", "alpha_ranks_low", "alpha_ranks_high", "cycles", "telling_pairs")
    PLAYERS_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    DEVIATIONS_FIELD_NUMBER: _ClassVar[int]
    RESIDUALS_FIELD_NUMBER: _ClassVar[int]
    NASH_SHARES_FIELD_NUMBER: _ClassVar[int]
    NASH_SCORES_FIELD_NUMBER: _ClassVar[int]
    ALPHA_RANKS_FIELD_NUMBER: _ClassVar[int]
    ALPHA_RANKS_LOW_FIELD_NUMBER: _ClassVar[int]
    ALPHA_RANKS_HIGH_FIELD_NUMBER: _ClassVar[int]
    CYCLES_FIELD_NUMBER: _ClassVar[int]
    TELLING_PAIRS_FIELD_NUMBER: _ClassVar[int]
    players: _containers.RepeatedScalarFieldContainer[str]
    scores: _containers.RepeatedScalarFieldContainer[float]
    deviations: _containers.RepeatedScalarFieldContainer[float]
    residuals: _containers.RepeatedScalarFieldContainer[float]
    nash_shares: _containers.RepeatedScalarFieldContainer[float]
    nash_scores: _containers.RepeatedScalarFieldContainer[float]
    alpha_ranks: _containers.RepeatedScalarFieldContainer[float]
    alpha_ranks_low: _containers.RepeatedScalarFieldContainer[float]
    alpha_ranks_high: _containers.RepeatedScalarFieldContainer[float]
    cycles: _containers.RepeatedCompositeFieldContainer[PlayerCycle]
    telling_pairs: _containers.RepeatedCompositeFieldContainer[TellingPair]
    def __init__(self, players: _Optional[_Iterable[str]] = ..., scores: _Optional[_Iterable[float]] = ..., deviations: _Optional[_Iterable[float]] = ..., residuals: _Optional[_Iterable[float]] = ..., nash_shares: _Optional[_Iterable[float]] = ..., nash_scores: _Optional[_Iterable[float]] = ..., alpha_ranks: _Optional[_Iterable[float]] = ..., alpha_ranks_low: _Optional[_Iterable[float]] = ..., alpha_ranks_high: _Optional[_Iterable[float]] = ..., cycles: _Optional[_Iterable[_Union[PlayerCycle, _Mapping]]] = ..., telling_pairs: _Optional[_Iterable[_Union[TellingPair, _Mapping]]] = ...) -> None: ...

class PlayerCycle(_message.Message):
    __slots__ = ("players", "chance")
    PLAYERS_FIELD_NUMBER: _ClassVar[int]
    CHANCE_FIELD_NUMBER: _ClassVar[int]
    players: _containers.RepeatedScalarFieldContainer[str]
    chance: float
    def __init__(self, players: _Optional[_Iterable[str]] = ..., chance: _Optional[float] = ...) -> None: ...

class TellingPair(_message.Message):
    __slots__ = ("player", "opponent", "weight")
    PLAYER_FIELD_NUMBER: _ClassVar[int]
    OPPONENT_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    player: str
    opponent: str
    weight: float
    def __init__(self, player: _Optional[str] = ..., opponent: _Optional[str] = ..., weight: _Optional[float] = ...) -> None: ...

class RebuildRatingsRequest(_message.Message):
    __slots__ = ("verify_only",)
    VERIFY_ONLY_FIELD_NUMBER: _ClassVar[int]
    verify_only: bool
    def __init__(self, verify_only: _Optional[bool] = ...) -> None: ...

class RebuildRatingsResponse(_message.Message):
    __slots__ = ("folded_matches", "matches", "done", "ladders", "players", "pairs", "differences", "total_differences", "replaced")
    FOLDED_MATCHES_FIELD_NUMBER: _ClassVar[int]
    MATCHES_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    LADDERS_FIELD_NUMBER: _ClassVar[int]
    PLAYERS_FIELD_NUMBER: _ClassVar[int]
    PAIRS_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    TOTAL_DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    REPLACED_FIELD_NUMBER: _ClassVar[int]
    folded_matches: int
    matches: int
    done: bool
    ladders: int
    players: int
    pairs: int
    differences: _containers.RepeatedCompositeFieldContainer[RatingDifference]
    total_differences: int
    replaced: bool
    def __init__(self, folded_matches: _Optional[int] = ..., matches: _Optional[int] = ..., done: _Optional[bool] = ..., ladders: _Optional[int] = ..., players: _Optional[int] = ..., pairs: _Optional[int] = ..., differences: _Optional[_Iterable[_Union[RatingDifference, _Mapping]]] = ..., total_differences: _Optional[int] = ..., replaced: _Optional[bool] = ...) -> None: ...

class RatingDifference(_message.Message):
    __slots__ = ("ladder", "player", "field", "stored", "found", "refolded")
    LADDER_FIELD_NUMBER: _ClassVar[int]
    PLAYER_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    STORED_FIELD_NUMBER: _ClassVar[int]
    FOUND_FIELD_NUMBER: _ClassVar[int]
    REFOLDED_FIELD_NUMBER: _ClassVar[int]
    ladder: str
    player: str
    field: str
    stored: bool
    found: float
    refolded: float
    def __init__(self, ladder: _Optional[str] = ..., player: _Optional[str] = ..., field: _Optional[str] = ..., stored: _Optional[bool] = ..., found: _Optional[float] = ..., refolded: _Optional[float] = ...) -> None: ...
