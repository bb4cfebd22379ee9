import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from mazemesh.v1 import elo_pb2 as _elo_pb2
from mazemesh.v1 import game_pb2 as _game_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TournamentFormat(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TOURNAMENT_FORMAT_UNSPECIFIED: _ClassVar[TournamentFormat]
    TOURNAMENT_FORMAT_ROUND_ROBIN: _ClassVar[TournamentFormat]
    TOURNAMENT_FORMAT_GAUNTLET: _ClassVar[TournamentFormat]
    TOURNAMENT_FORMAT_SWISS: _ClassVar[TournamentFormat]
    TOURNAMENT_FORMAT_SINGLE_ELIMINATION: _ClassVar[TournamentFormat]
    TOURNAMENT_FORMAT_DOUBLE_ELIMINATION: _ClassVar[TournamentFormat]

class TournamentSeeding(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TOURNAMENT_SEEDING_UNSPECIFIED: _ClassVar[TournamentSeeding]
    TOURNAMENT_SEEDING_RATING: _ClassVar[TournamentSeeding]
    TOURNAMENT_SEEDING_GIVEN: _ClassVar[TournamentSeeding]
    TOURNAMENT_SEEDING_RANDOM: _ClassVar[TournamentSeeding]

class TournamentState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TOURNAMENT_STATE_UNSPECIFIED: _ClassVar[TournamentState]
    TOURNAMENT_STATE_RUNNING: _ClassVar[TournamentState]
    TOURNAMENT_STATE_FINISHED: _ClassVar[TournamentState]
    TOURNAMENT_STATE_CANCELLED: _ClassVar[TournamentState]

class EncounterEnd(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENCOUNTER_END_UNSPECIFIED: _ClassVar[EncounterEnd]
    ENCOUNTER_END_PLAYED: _ClassVar[EncounterEnd]
    ENCOUNTER_END_LEVEL: _ClassVar[EncounterEnd]
    ENCOUNTER_END_SEED: _ClassVar[EncounterEnd]
    ENCOUNTER_END_BYE: _ClassVar[EncounterEnd]
    ENCOUNTER_END_FORFEIT: _ClassVar[EncounterEnd]
    ENCOUNTER_END_VOID: _ClassVar[EncounterEnd]

class GateRunState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GATE_RUN_STATE_UNSPECIFIED: _ClassVar[GateRunState]
    GATE_RUN_STATE_RUNNING: _ClassVar[GateRunState]
    GATE_RUN_STATE_PASSED: _ClassVar[GateRunState]
    GATE_RUN_STATE_FAILED: _ClassVar[GateRunState]
    GATE_RUN_STATE_PROMOTED: _ClassVar[GateRunState]
    GATE_RUN_STATE_OVERTAKEN: _ClassVar[GateRunState]
    GATE_RUN_STATE_GIVEN_UP: _ClassVar[GateRunState]
    GATE_RUN_STATE_CANCELLED: _ClassVar[GateRunState]

class OpponentSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OPPONENT_SOURCE_UNSPECIFIED: _ClassVar[OpponentSource]
    OPPONENT_SOURCE_LATEST: _ClassVar[OpponentSource]
    OPPONENT_SOURCE_PFSP: _ClassVar[OpponentSource]
    OPPONENT_SOURCE_BOT: _ClassVar[OpponentSource]

class RatingRule(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RATING_RULE_UNSPECIFIED: _ClassVar[RatingRule]
    RATING_RULE_PLACEMENT: _ClassVar[RatingRule]
    RATING_RULE_STARVED: _ClassVar[RatingRule]
    RATING_RULE_CHAMPION: _ClassVar[RatingRule]
    RATING_RULE_UPPER_BOUND: _ClassVar[RatingRule]
    RATING_RULE_DEVIATION: _ClassVar[RatingRule]
    RATING_RULE_FEWEST: _ClassVar[RatingRule]
    RATING_RULE_UNIFORM: _ClassVar[RatingRule]

class SuspicionRule(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SUSPICION_RULE_UNSPECIFIED: _ClassVar[SuspicionRule]
    SUSPICION_RULE_MANUAL: _ClassVar[SuspicionRule]
    SUSPICION_RULE_RESULTS: _ClassVar[SuspicionRule]
    SUSPICION_RULE_RECORDING: _ClassVar[SuspicionRule]
    SUSPICION_RULE_DURATION: _ClassVar[SuspicionRule]
TOURNAMENT_FORMAT_UNSPECIFIED: TournamentFormat
TOURNAMENT_FORMAT_ROUND_ROBIN: TournamentFormat
TOURNAMENT_FORMAT_GAUNTLET: TournamentFormat
TOURNAMENT_FORMAT_SWISS: TournamentFormat
TOURNAMENT_FORMAT_SINGLE_ELIMINATION: TournamentFormat
TOURNAMENT_FORMAT_DOUBLE_ELIMINATION: TournamentFormat
TOURNAMENT_SEEDING_UNSPECIFIED: TournamentSeeding
TOURNAMENT_SEEDING_RATING: TournamentSeeding
TOURNAMENT_SEEDING_GIVEN: TournamentSeeding
TOURNAMENT_SEEDING_RANDOM: TournamentSeeding
TOURNAMENT_STATE_UNSPECIFIED: TournamentState
TOURNAMENT_STATE_RUNNING: TournamentState
TOURNAMENT_STATE_FINISHED: TournamentState
TOURNAMENT_STATE_CANCELLED: TournamentState
ENCOUNTER_END_UNSPECIFIED: EncounterEnd
ENCOUNTER_END_PLAYED: EncounterEnd
ENCOUNTER_END_LEVEL: EncounterEnd
ENCOUNTER_END_SEED: EncounterEnd
ENCOUNTER_END_BYE: EncounterEnd
ENCOUNTER_END_FORFEIT: EncounterEnd
ENCOUNTER_END_VOID: EncounterEnd
GATE_RUN_STATE_UNSPECIFIED: GateRunState
GATE_RUN_STATE_RUNNING: GateRunState
GATE_RUN_STATE_PASSED: GateRunState
GATE_RUN_STATE_FAILED: GateRunState
GATE_RUN_STATE_PROMOTED: GateRunState
GATE_RUN_STATE_OVERTAKEN: GateRunState
GATE_RUN_STATE_GIVEN_UP: GateRunState
GATE_RUN_STATE_CANCELLED: GateRunState
OPPONENT_SOURCE_UNSPECIFIED: OpponentSource
OPPONENT_SOURCE_LATEST: OpponentSource
OPPONENT_SOURCE_PFSP: OpponentSource
OPPONENT_SOURCE_BOT: OpponentSource
RATING_RULE_UNSPECIFIED: RatingRule
RATING_RULE_PLACEMENT: RatingRule
RATING_RULE_STARVED: RatingRule
RATING_RULE_CHAMPION: RatingRule
RATING_RULE_UPPER_BOUND: RatingRule
RATING_RULE_DEVIATION: RatingRule
RATING_RULE_FEWEST: RatingRule
RATING_RULE_UNIFORM: RatingRule
SUSPICION_RULE_UNSPECIFIED: SuspicionRule
SUSPICION_RULE_MANUAL: SuspicionRule
SUSPICION_RULE_RESULTS: SuspicionRule
SUSPICION_RULE_RECORDING: SuspicionRule
SUSPICION_RULE_DURATION: SuspicionRule

class TournamentEntrant(_message.Message):
    __slots__ = ("name", "members")
    NAME_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    name: str
    members: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., members: _Optional[_Iterable[str]] = ...) -> None: ...

class TournamentSummary(_message.Message):
    __slots__ = ("tournament_id", "request_id", "title", "state", "format", "seeding", "num_entrants", "seed", "rounds", "best_of", "game", "settings", "ladder", "rated", "patience", "played", "outstanding", "winners", "starter", "key_id", "explanation", "create_time", "end_time")
    TOURNAMENT_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    SEEDING_FIELD_NUMBER: _ClassVar[int]
    NUM_ENTRANTS_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    ROUNDS_FIELD_NUMBER: _ClassVar[int]
    BEST_OF_FIELD_NUMBER: _ClassVar[int]
    GAME_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    LADDER_FIELD_NUMBER: _ClassVar[int]
    RATED_FIELD_NUMBER: _ClassVar[int]
    PATIENCE_FIELD_NUMBER: _ClassVar[int]
    PLAYED_FIELD_NUMBER: _ClassVar[int]
    OUTSTANDING_FIELD_NUMBER: _ClassVar[int]
    WINNERS_FIELD_NUMBER: _ClassVar[int]
    STARTER_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    tournament_id: str
    request_id: str
    title: str
    state: TournamentState
    format: TournamentFormat
    seeding: TournamentSeeding
    num_entrants: int
    seed: int
    rounds: int
    best_of: int
    game: str
    settings: _game_pb2.GameSettings
    ladder: str
    rated: bool
    patience: _duration_pb2.Duration
    played: int
    outstanding: int
    winners: _containers.RepeatedScalarFieldContainer[str]
    starter: str
    key_id: str
    explanation: str
    create_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, tournament_id: _Optional[str] = ..., request_id: _Optional[str] = ..., title: _Optional[str] = ..., state: _Optional[_Union[TournamentState, str]] = ..., format: _Optional[_Union[TournamentFormat, str]] = ..., seeding: _Optional[_Union[TournamentSeeding, str]] = ..., num_entrants: _Optional[int] = ..., seed: _Optional[int] = ..., rounds: _Optional[int] = ..., best_of: _Optional[int] = ..., game: _Optional[str] = ..., settings: _Optional[_Union[_game_pb2.GameSettings, _Mapping]] = ..., ladder: _Optional[str] = ..., rated: _Optional[bool] = ..., patience: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., played: _Optional[int] = ..., outstanding: _Optional[int] = ..., winners: _Optional[_Iterable[str]] = ..., starter: _Optional[str] = ..., key_id: _Optional[str] = ..., explanation: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class TournamentStanding(_message.Message):
    __slots__ = ("entrant", "place", "points", "median_buchholz", "buchholz", "between", "sonneborn_berger", "match_points", "encounters")
    ENTRANT_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    MEDIAN_BUCHHOLZ_FIELD_NUMBER: _ClassVar[int]
    BUCHHOLZ_FIELD_NUMBER: _ClassVar[int]
    BETWEEN_FIELD_NUMBER: _ClassVar[int]
    SONNEBORN_BERGER_FIELD_NUMBER: _ClassVar[int]
    MATCH_POINTS_FIELD_NUMBER: _ClassVar[int]
    ENCOUNTERS_FIELD_NUMBER: _ClassVar[int]
    entrant: int
    place: int
    points: float
    median_buchholz: float
    buchholz: float
    between: float
    sonneborn_berger: float
    match_points: float
    encounters: int
    def __init__(self, entrant: _Optional[int] = ..., place: _Optional[int] = ..., points: _Optional[float] = ..., median_buchholz: _Optional[float] = ..., buchholz: _Optional[float] = ..., between: _Optional[float] = ..., sonneborn_berger: _Optional[float] = ..., match_points: _Optional[float] = ..., encounters: _Optional[int] = ...) -> None: ...

class Tournament(_message.Message):
    __slots__ = ("summary", "entrants", "standings")
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    ENTRANTS_FIELD_NUMBER: _ClassVar[int]
    STANDINGS_FIELD_NUMBER: _ClassVar[int]
    summary: TournamentSummary
    entrants: _containers.RepeatedCompositeFieldContainer[TournamentEntrant]
    standings: _containers.RepeatedCompositeFieldContainer[TournamentStanding]
    def __init__(self, summary: _Optional[_Union[TournamentSummary, _Mapping]] = ..., entrants: _Optional[_Iterable[_Union[TournamentEntrant, _Mapping]]] = ..., standings: _Optional[_Iterable[_Union[TournamentStanding, _Mapping]]] = ...) -> None: ...

class TournamentEncounter(_message.Message):
    __slots__ = ("key", "round", "first", "second", "first_points", "second_points", "matches", "end", "winner", "absent", "deadline")
    KEY_FIELD_NUMBER: _ClassVar[int]
    ROUND_FIELD_NUMBER: _ClassVar[int]
    FIRST_FIELD_NUMBER: _ClassVar[int]
    SECOND_FIELD_NUMBER: _ClassVar[int]
    FIRST_POINTS_FIELD_NUMBER: _ClassVar[int]
    SECOND_POINTS_FIELD_NUMBER: _ClassVar[int]
    MATCHES_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    WINNER_FIELD_NUMBER: _ClassVar[int]
    ABSENT_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_FIELD_NUMBER: _ClassVar[int]
    key: str
    round: int
    first: int
    second: int
    first_points: float
    second_points: float
    matches: int
    end: EncounterEnd
    winner: int
    absent: _containers.RepeatedScalarFieldContainer[int]
    deadline: _timestamp_pb2.Timestamp
    def __init__(self, key: _Optional[str] = ..., round: _Optional[int] = ..., first: _Optional[int] = ..., second: _Optional[int] = ..., first_points: _Optional[float] = ..., second_points: _Optional[float] = ..., matches: _Optional[int] = ..., end: _Optional[_Union[EncounterEnd, str]] = ..., winner: _Optional[int] = ..., absent: _Optional[_Iterable[int]] = ..., deadline: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CreateTournamentRequest(_message.Message):
    __slots__ = ("request_id", "title", "game", "settings", "format", "seeding", "entrants", "seed", "rounds", "best_of", "rated", "patience", "starter")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    GAME_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    SEEDING_FIELD_NUMBER: _ClassVar[int]
    ENTRANTS_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    ROUNDS_FIELD_NUMBER: _ClassVar[int]
    BEST_OF_FIELD_NUMBER: _ClassVar[int]
    RATED_FIELD_NUMBER: _ClassVar[int]
    PATIENCE_FIELD_NUMBER: _ClassVar[int]
    STARTER_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    title: str
    game: str
    settings: _game_pb2.GameSettings
    format: TournamentFormat
    seeding: TournamentSeeding
    entrants: _containers.RepeatedCompositeFieldContainer[TournamentEntrant]
    seed: int
    rounds: int
    best_of: int
    rated: bool
    patience: _duration_pb2.Duration
    starter: str
    def __init__(self, request_id: _Optional[str] = ..., title: _Optional[str] = ..., game: _Optional[str] = ..., settings: _Optional[_Union[_game_pb2.GameSettings, _Mapping]] = ..., format: _Optional[_Union[TournamentFormat, str]] = ..., seeding: _Optional[_Union[TournamentSeeding, str]] = ..., entrants: _Optional[_Iterable[_Union[TournamentEntrant, _Mapping]]] = ..., seed: _Optional[int] = ..., rounds: _Optional[int] = ..., best_of: _Optional[int] = ..., rated: _Optional[bool] = ..., patience: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., starter: _Optional[str] = ...) -> None: ...

class CreateTournamentResponse(_message.Message):
    __slots__ = ("tournament",)
    TOURNAMENT_FIELD_NUMBER: _ClassVar[int]
    tournament: Tournament
    def __init__(self, tournament: _Optional[_Union[Tournament, _Mapping]] = ...) -> None: ...

class GetTournamentRequest(_message.Message):
    __slots__ = ("tournament_id", "page_size", "page_token")
    TOURNAMENT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    tournament_id: str
    page_size: int
    page_token: str
    def __init__(self, tournament_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class GetTournamentResponse(_message.Message):
    __slots__ = ("tournament", "encounters", "next_page_token")
    TOURNAMENT_FIELD_NUMBER: _ClassVar[int]
    ENCOUNTERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    tournament: Tournament
    encounters: _containers.RepeatedCompositeFieldContainer[TournamentEncounter]
    next_page_token: str
    def __init__(self, tournament: _Optional[_Union[Tournament, _Mapping]] = ..., encounters: _Optional[_Iterable[_Union[TournamentEncounter, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListTournamentsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListTournamentsResponse(_message.Message):
    __slots__ = ("tournaments", "next_page_token")
    TOURNAMENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    tournaments: _containers.RepeatedCompositeFieldContainer[TournamentSummary]
    next_page_token: str
    def __init__(self, tournaments: _Optional[_Iterable[_Union[TournamentSummary, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class WatchTournamentRequest(_message.Message):
    __slots__ = ("tournament_id",)
    TOURNAMENT_ID_FIELD_NUMBER: _ClassVar[int]
    tournament_id: str
    def __init__(self, tournament_id: _Optional[str] = ...) -> None: ...

class WatchTournamentResponse(_message.Message):
    __slots__ = ("tournament", "encounters", "more")
    TOURNAMENT_FIELD_NUMBER: _ClassVar[int]
    ENCOUNTERS_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    tournament: Tournament
    encounters: _containers.RepeatedCompositeFieldContainer[TournamentEncounter]
    more: bool
    def __init__(self, tournament: _Optional[_Union[Tournament, _Mapping]] = ..., encounters: _Optional[_Iterable[_Union[TournamentEncounter, _Mapping]]] = ..., more: _Optional[bool] = ...) -> None: ...

class CancelTournamentRequest(_message.Message):
    __slots__ = ("tournament_id", "reason")
    TOURNAMENT_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    tournament_id: str
    reason: str
    def __init__(self, tournament_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class CancelTournamentResponse(_message.Message):
    __slots__ = ("tournament",)
    TOURNAMENT_FIELD_NUMBER: _ClassVar[int]
    tournament: Tournament
    def __init__(self, tournament: _Optional[_Union[Tournament, _Mapping]] = ...) -> None: ...

class TakePartRequest(_message.Message):
    __slots__ = ("tournament_id", "player")
    TOURNAMENT_ID_FIELD_NUMBER: _ClassVar[int]
    PLAYER_FIELD_NUMBER: _ClassVar[int]
    tournament_id: str
    player: str
    def __init__(self, tournament_id: _Optional[str] = ..., player: _Optional[str] = ...) -> None: ...

class TakePartResponse(_message.Message):
    __slots__ = ("waiting", "matched", "over")
    WAITING_FIELD_NUMBER: _ClassVar[int]
    MATCHED_FIELD_NUMBER: _ClassVar[int]
    OVER_FIELD_NUMBER: _ClassVar[int]
    waiting: TournamentWait
    matched: TournamentSeats
    over: TournamentOver
    def __init__(self, waiting: _Optional[_Union[TournamentWait, _Mapping]] = ..., matched: _Optional[_Union[TournamentSeats, _Mapping]] = ..., over: _Optional[_Union[TournamentOver, _Mapping]] = ...) -> None: ...

class TournamentWait(_message.Message):
    __slots__ = ("encounter", "number", "opponent")
    ENCOUNTER_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    OPPONENT_FIELD_NUMBER: _ClassVar[int]
    encounter: TournamentEncounter
    number: int
    opponent: str
    def __init__(self, encounter: _Optional[_Union[TournamentEncounter, _Mapping]] = ..., number: _Optional[int] = ..., opponent: _Optional[str] = ...) -> None: ...

class TournamentSeats(_message.Message):
    __slots__ = ("seats", "encounter", "number", "opponent")
    SEATS_FIELD_NUMBER: _ClassVar[int]
    ENCOUNTER_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    OPPONENT_FIELD_NUMBER: _ClassVar[int]
    seats: _containers.RepeatedCompositeFieldContainer[Matched]
    encounter: TournamentEncounter
    number: int
    opponent: str
    def __init__(self, seats: _Optional[_Iterable[_Union[Matched, _Mapping]]] = ..., encounter: _Optional[_Union[TournamentEncounter, _Mapping]] = ..., number: _Optional[int] = ..., opponent: _Optional[str] = ...) -> None: ...

class TournamentOver(_message.Message):
    __slots__ = ("place", "explanation")
    PLACE_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    place: int
    explanation: str
    def __init__(self, place: _Optional[int] = ..., explanation: _Optional[str] = ...) -> None: ...

class GateRun(_message.Message):
    __slots__ = ("request_id", "state", "gate", "game", "promote", "promoted_from", "reason", "starter", "key_id", "automatic", "issued", "memory_issued", "memory_matches", "explanation", "create_time", "end_time")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    GATE_FIELD_NUMBER: _ClassVar[int]
    GAME_FIELD_NUMBER: _ClassVar[int]
    PROMOTE_FIELD_NUMBER: _ClassVar[int]
    PROMOTED_FROM_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    STARTER_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    AUTOMATIC_FIELD_NUMBER: _ClassVar[int]
    ISSUED_FIELD_NUMBER: _ClassVar[int]
    MEMORY_ISSUED_FIELD_NUMBER: _ClassVar[int]
    MEMORY_MATCHES_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    state: GateRunState
    gate: _elo_pb2.Gate
    game: str
    promote: str
    promoted_from: int
    reason: str
    starter: str
    key_id: str
    automatic: bool
    issued: int
    memory_issued: int
    memory_matches: int
    explanation: str
    create_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, request_id: _Optional[str] = ..., state: _Optional[_Union[GateRunState, str]] = ..., gate: _Optional[_Union[_elo_pb2.Gate, _Mapping]] = ..., game: _Optional[str] = ..., promote: _Optional[str] = ..., promoted_from: _Optional[int] = ..., reason: _Optional[str] = ..., starter: _Optional[str] = ..., key_id: _Optional[str] = ..., automatic: _Optional[bool] = ..., issued: _Optional[int] = ..., memory_issued: _Optional[int] = ..., memory_matches: _Optional[int] = ..., explanation: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class StartGateRequest(_message.Message):
    __slots__ = ("request_id", "candidate", "baseline", "hypotheses", "ancestors", "promote", "reason", "starter")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_FIELD_NUMBER: _ClassVar[int]
    BASELINE_FIELD_NUMBER: _ClassVar[int]
    HYPOTHESES_FIELD_NUMBER: _ClassVar[int]
    ANCESTORS_FIELD_NUMBER: _ClassVar[int]
    PROMOTE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    STARTER_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    candidate: str
    baseline: str
    hypotheses: _elo_pb2.GateHypotheses
    ancestors: _containers.RepeatedScalarFieldContainer[str]
    promote: str
    reason: str
    starter: str
    def __init__(self, request_id: _Optional[str] = ..., candidate: _Optional[str] = ..., baseline: _Optional[str] = ..., hypotheses: _Optional[_Union[_elo_pb2.GateHypotheses, _Mapping]] = ..., ancestors: _Optional[_Iterable[str]] = ..., promote: _Optional[str] = ..., reason: _Optional[str] = ..., starter: _Optional[str] = ...) -> None: ...

class StartGateResponse(_message.Message):
    __slots__ = ("run",)
    RUN_FIELD_NUMBER: _ClassVar[int]
    run: GateRun
    def __init__(self, run: _Optional[_Union[GateRun, _Mapping]] = ...) -> None: ...

class CancelGateRequest(_message.Message):
    __slots__ = ("gate_id", "reason")
    GATE_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    gate_id: str
    reason: str
    def __init__(self, gate_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class CancelGateResponse(_message.Message):
    __slots__ = ("run",)
    RUN_FIELD_NUMBER: _ClassVar[int]
    run: GateRun
    def __init__(self, run: _Optional[_Union[GateRun, _Mapping]] = ...) -> None: ...

class ListGateRunsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "gate_id", "name")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    GATE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    gate_id: str
    name: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., gate_id: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class ListGateRunsResponse(_message.Message):
    __slots__ = ("runs", "next_page_token")
    RUNS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    runs: _containers.RepeatedCompositeFieldContainer[GateRun]
    next_page_token: str
    def __init__(self, runs: _Optional[_Iterable[_Union[GateRun, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class WatchGateRunRequest(_message.Message):
    __slots__ = ("gate_id",)
    GATE_ID_FIELD_NUMBER: _ClassVar[int]
    gate_id: str
    def __init__(self, gate_id: _Optional[str] = ...) -> None: ...

class WatchGateRunResponse(_message.Message):
    __slots__ = ("run",)
    RUN_FIELD_NUMBER: _ClassVar[int]
    run: GateRun
    def __init__(self, run: _Optional[_Union[GateRun, _Mapping]] = ...) -> None: ...

class SampleOpponentsRequest(_message.Message):
    __slots__ = ("request_id", "student", "game", "count", "outcomes", "pool", "exploits", "sides", "adversaries", "exploits_pool")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    STUDENT_FIELD_NUMBER: _ClassVar[int]
    GAME_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    EXPLOITS_FIELD_NUMBER: _ClassVar[int]
    SIDES_FIELD_NUMBER: _ClassVar[int]
    ADVERSARIES_FIELD_NUMBER: _ClassVar[int]
    EXPLOITS_POOL_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    student: str
    game: str
    count: int
    outcomes: _containers.RepeatedCompositeFieldContainer[OpponentOutcomes]
    pool: _containers.RepeatedScalarFieldContainer[str]
    exploits: str
    sides: int
    adversaries: _containers.RepeatedScalarFieldContainer[str]
    exploits_pool: bool
    def __init__(self, request_id: _Optional[str] = ..., student: _Optional[str] = ..., game: _Optional[str] = ..., count: _Optional[int] = ..., outcomes: _Optional[_Iterable[_Union[OpponentOutcomes, _Mapping]]] = ..., pool: _Optional[_Iterable[str]] = ..., exploits: _Optional[str] = ..., sides: _Optional[int] = ..., adversaries: _Optional[_Iterable[str]] = ..., exploits_pool: _Optional[bool] = ...) -> None: ...

class OpponentOutcomes(_message.Message):
    __slots__ = ("opponent", "wins", "draws", "losses")
    OPPONENT_FIELD_NUMBER: _ClassVar[int]
    WINS_FIELD_NUMBER: _ClassVar[int]
    DRAWS_FIELD_NUMBER: _ClassVar[int]
    LOSSES_FIELD_NUMBER: _ClassVar[int]
    opponent: str
    wins: int
    draws: int
    losses: int
    def __init__(self, opponent: _Optional[str] = ..., wins: _Optional[int] = ..., draws: _Optional[int] = ..., losses: _Optional[int] = ...) -> None: ...

class SampleOpponentsResponse(_message.Message):
    __slots__ = ("opponents",)
    OPPONENTS_FIELD_NUMBER: _ClassVar[int]
    opponents: _containers.RepeatedCompositeFieldContainer[Opponent]
    def __init__(self, opponents: _Optional[_Iterable[_Union[Opponent, _Mapping]]] = ...) -> None: ...

class Opponent(_message.Message):
    __slots__ = ("policy", "source")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    policy: str
    source: OpponentSource
    def __init__(self, policy: _Optional[str] = ..., source: _Optional[_Union[OpponentSource, str]] = ...) -> None: ...

class ListTrainingRecordsRequest(_message.Message):
    __slots__ = ("student", "page_size", "page_token")
    STUDENT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    student: str
    page_size: int
    page_token: str
    def __init__(self, student: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListTrainingRecordsResponse(_message.Message):
    __slots__ = ("records", "next_page_token")
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    records: _containers.RepeatedCompositeFieldContainer[TrainingRecord]
    next_page_token: str
    def __init__(self, records: _Optional[_Iterable[_Union[TrainingRecord, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class TrainingRecord(_message.Message):
    __slots__ = ("student", "opponent", "games", "win_rate")
    STUDENT_FIELD_NUMBER: _ClassVar[int]
    OPPONENT_FIELD_NUMBER: _ClassVar[int]
    GAMES_FIELD_NUMBER: _ClassVar[int]
    WIN_RATE_FIELD_NUMBER: _ClassVar[int]
    student: str
    opponent: str
    games: int
    win_rate: float
    def __init__(self, student: _Optional[str] = ..., opponent: _Optional[str] = ..., games: _Optional[int] = ..., win_rate: _Optional[float] = ...) -> None: ...

class LeaseMatchesRequest(_message.Message):
    __slots__ = ("worker_id", "max_matches", "game")
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    MAX_MATCHES_FIELD_NUMBER: _ClassVar[int]
    GAME_FIELD_NUMBER: _ClassVar[int]
    worker_id: str
    max_matches: int
    game: str
    def __init__(self, worker_id: _Optional[str] = ..., max_matches: _Optional[int] = ..., game: _Optional[str] = ...) -> None: ...

class LeaseMatchesResponse(_message.Message):
    __slots__ = ("matches", "retry_after")
    MATCHES_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_FIELD_NUMBER: _ClassVar[int]
    matches: _containers.RepeatedCompositeFieldContainer[LeasedMatch]
    retry_after: _duration_pb2.Duration
    def __init__(self, matches: _Optional[_Iterable[_Union[LeasedMatch, _Mapping]]] = ..., retry_after: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class LeasedMatch(_message.Message):
    __slots__ = ("match_id", "fence", "expire_time", "setup", "created", "temperature", "game_address")
    MATCH_ID_FIELD_NUMBER: _ClassVar[int]
    FENCE_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    SETUP_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    GAME_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    match_id: str
    fence: int
    expire_time: _timestamp_pb2.Timestamp
    setup: _game_pb2.MatchSetup
    created: _game_pb2.CreatedMatch
    temperature: float
    game_address: str
    def __init__(self, match_id: _Optional[str] = ..., fence: _Optional[int] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., setup: _Optional[_Union[_game_pb2.MatchSetup, _Mapping]] = ..., created: _Optional[_Union[_game_pb2.CreatedMatch, _Mapping]] = ..., temperature: _Optional[float] = ..., game_address: _Optional[str] = ...) -> None: ...

class CompleteMatchRequest(_message.Message):
    __slots__ = ("match_id", "fence", "worker_id", "failure")
    MATCH_ID_FIELD_NUMBER: _ClassVar[int]
    FENCE_FIELD_NUMBER: _ClassVar[int]
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    match_id: str
    fence: int
    worker_id: str
    failure: str
    def __init__(self, match_id: _Optional[str] = ..., fence: _Optional[int] = ..., worker_id: _Optional[str] = ..., failure: _Optional[str] = ...) -> None: ...

class CompleteMatchResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class FindMatchRequest(_message.Message):
    __slots__ = ("request_id", "player", "game", "settings", "max_wait", "bot_after", "rated", "party", "backfill")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PLAYER_FIELD_NUMBER: _ClassVar[int]
    GAME_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    MAX_WAIT_FIELD_NUMBER: _ClassVar[int]
    BOT_AFTER_FIELD_NUMBER: _ClassVar[int]
    RATED_FIELD_NUMBER: _ClassVar[int]
    PARTY_FIELD_NUMBER: _ClassVar[int]
    BACKFILL_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    player: str
    game: str
    settings: _game_pb2.GameSettings
    max_wait: _duration_pb2.Duration
    bot_after: _duration_pb2.Duration
    rated: bool
    party: _containers.RepeatedScalarFieldContainer[str]
    backfill: bool
    def __init__(self, request_id: _Optional[str] = ..., player: _Optional[str] = ..., game: _Optional[str] = ..., settings: _Optional[_Union[_game_pb2.GameSettings, _Mapping]] = ..., max_wait: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., bot_after: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., rated: _Optional[bool] = ..., party: _Optional[_Iterable[str]] = ..., backfill: _Optional[bool] = ...) -> None: ...

class FindMatchResponse(_message.Message):
    __slots__ = ("ticket_id", "queued", "matched")
    TICKET_ID_FIELD_NUMBER: _ClassVar[int]
    QUEUED_FIELD_NUMBER: _ClassVar[int]
    MATCHED_FIELD_NUMBER: _ClassVar[int]
    ticket_id: str
    queued: Queued
    matched: Matched
    def __init__(self, ticket_id: _Optional[str] = ..., queued: _Optional[_Union[Queued, _Mapping]] = ..., matched: _Optional[_Union[Matched, _Mapping]] = ...) -> None: ...

class Queued(_message.Message):
    __slots__ = ("since_time", "rating", "window", "tickets_waiting")
    SINCE_TIME_FIELD_NUMBER: _ClassVar[int]
    RATING_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    TICKETS_WAITING_FIELD_NUMBER: _ClassVar[int]
    since_time: _timestamp_pb2.Timestamp
    rating: float
    window: float
    tickets_waiting: int
    def __init__(self, since_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., rating: _Optional[float] = ..., window: _Optional[float] = ..., tickets_waiting: _Optional[int] = ...) -> None: ...

class Matched(_message.Message):
    __slots__ = ("match_id", "game_id", "seat_token", "seat", "participants", "game_address", "party", "backfilled", "player")
    MATCH_ID_FIELD_NUMBER: _ClassVar[int]
    GAME_ID_FIELD_NUMBER: _ClassVar[int]
    SEAT_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SEAT_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANTS_FIELD_NUMBER: _ClassVar[int]
    GAME_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    PARTY_FIELD_NUMBER: _ClassVar[int]
    BACKFILLED_FIELD_NUMBER: _ClassVar[int]
    PLAYER_FIELD_NUMBER: _ClassVar[int]
    match_id: str
    game_id: str
    seat_token: str
    seat: int
    participants: _containers.RepeatedScalarFieldContainer[str]
    game_address: str
    party: _containers.RepeatedCompositeFieldContainer[PartySeat]
    backfilled: bool
    player: str
    def __init__(self, match_id: _Optional[str] = ..., game_id: _Optional[str] = ..., seat_token: _Optional[str] = ..., seat: _Optional[int] = ..., participants: _Optional[_Iterable[str]] = ..., game_address: _Optional[str] = ..., party: _Optional[_Iterable[_Union[PartySeat, _Mapping]]] = ..., backfilled: _Optional[bool] = ..., player: _Optional[str] = ...) -> None: ...

class PartySeat(_message.Message):
    __slots__ = ("player", "game_id", "seat_token", "seat")
    PLAYER_FIELD_NUMBER: _ClassVar[int]
    GAME_ID_FIELD_NUMBER: _ClassVar[int]
    SEAT_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SEAT_FIELD_NUMBER: _ClassVar[int]
    player: str
    game_id: str
    seat_token: str
    seat: int
    def __init__(self, player: _Optional[str] = ..., game_id: _Optional[str] = ..., seat_token: _Optional[str] = ..., seat: _Optional[int] = ...) -> None: ...

class FindMatchesRequest(_message.Message):
    __slots__ = ("find", "cancel")
    FIND_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    find: _containers.RepeatedCompositeFieldContainer[FindMatchRequest]
    cancel: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, find: _Optional[_Iterable[_Union[FindMatchRequest, _Mapping]]] = ..., cancel: _Optional[_Iterable[str]] = ...) -> None: ...

class FindMatchesResponse(_message.Message):
    __slots__ = ("news",)
    NEWS_FIELD_NUMBER: _ClassVar[int]
    news: _containers.RepeatedCompositeFieldContainer[TicketNews]
    def __init__(self, news: _Optional[_Iterable[_Union[TicketNews, _Mapping]]] = ...) -> None: ...

class TicketNews(_message.Message):
    __slots__ = ("request_id", "ticket_id", "queued", "matched", "refused")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TICKET_ID_FIELD_NUMBER: _ClassVar[int]
    QUEUED_FIELD_NUMBER: _ClassVar[int]
    MATCHED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    ticket_id: str
    queued: Queued
    matched: Matched
    refused: TicketRefused
    def __init__(self, request_id: _Optional[str] = ..., ticket_id: _Optional[str] = ..., queued: _Optional[_Union[Queued, _Mapping]] = ..., matched: _Optional[_Union[Matched, _Mapping]] = ..., refused: _Optional[_Union[TicketRefused, _Mapping]] = ...) -> None: ...

class TicketRefused(_message.Message):
    __slots__ = ("code", "message", "reason")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    code: int
    message: str
    reason: str
    def __init__(self, code: _Optional[int] = ..., message: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class CancelMatchRequest(_message.Message):
    __slots__ = ("ticket_id",)
    TICKET_ID_FIELD_NUMBER: _ClassVar[int]
    ticket_id: str
    def __init__(self, ticket_id: _Optional[str] = ...) -> None: ...

class CancelMatchResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RatingRuleCount(_message.Message):
    __slots__ = ("ladder", "rule", "matches", "completed", "bits", "completed_bits", "games_per_match")
    LADDER_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    MATCHES_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_FIELD_NUMBER: _ClassVar[int]
    BITS_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_BITS_FIELD_NUMBER: _ClassVar[int]
    GAMES_PER_MATCH_FIELD_NUMBER: _ClassVar[int]
    ladder: str
    rule: RatingRule
    matches: int
    completed: int
    bits: float
    completed_bits: float
    games_per_match: int
    def __init__(self, ladder: _Optional[str] = ..., rule: _Optional[_Union[RatingRule, str]] = ..., matches: _Optional[int] = ..., completed: _Optional[int] = ..., bits: _Optional[float] = ..., completed_bits: _Optional[float] = ..., games_per_match: _Optional[int] = ...) -> None: ...

class ListRatingRulesRequest(_message.Message):
    __slots__ = ("ladder",)
    LADDER_FIELD_NUMBER: _ClassVar[int]
    ladder: str
    def __init__(self, ladder: _Optional[str] = ...) -> None: ...

class ListRatingRulesResponse(_message.Message):
    __slots__ = ("rules",)
    RULES_FIELD_NUMBER: _ClassVar[int]
    rules: _containers.RepeatedCompositeFieldContainer[RatingRuleCount]
    def __init__(self, rules: _Optional[_Iterable[_Union[RatingRuleCount, _Mapping]]] = ...) -> None: ...

class WorkerEvent(_message.Message):
    __slots__ = ("worker_id", "quarantined", "rule", "reason", "match_ids", "p_value", "retracted", "kept", "starter", "key_id", "time")
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    QUARANTINED_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MATCH_IDS_FIELD_NUMBER: _ClassVar[int]
    P_VALUE_FIELD_NUMBER: _ClassVar[int]
    RETRACTED_FIELD_NUMBER: _ClassVar[int]
    KEPT_FIELD_NUMBER: _ClassVar[int]
    STARTER_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    worker_id: str
    quarantined: bool
    rule: SuspicionRule
    reason: str
    match_ids: _containers.RepeatedScalarFieldContainer[str]
    p_value: float
    retracted: int
    kept: int
    starter: str
    key_id: str
    time: _timestamp_pb2.Timestamp
    def __init__(self, worker_id: _Optional[str] = ..., quarantined: _Optional[bool] = ..., rule: _Optional[_Union[SuspicionRule, str]] = ..., reason: _Optional[str] = ..., match_ids: _Optional[_Iterable[str]] = ..., p_value: _Optional[float] = ..., retracted: _Optional[int] = ..., kept: _Optional[int] = ..., starter: _Optional[str] = ..., key_id: _Optional[str] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class WorkerStatus(_message.Message):
    __slots__ = ("worker_id", "quarantined", "held", "completed", "audited", "last_event")
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    QUARANTINED_FIELD_NUMBER: _ClassVar[int]
    HELD_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_FIELD_NUMBER: _ClassVar[int]
    AUDITED_FIELD_NUMBER: _ClassVar[int]
    LAST_EVENT_FIELD_NUMBER: _ClassVar[int]
    worker_id: str
    quarantined: bool
    held: int
    completed: int
    audited: int
    last_event: WorkerEvent
    def __init__(self, worker_id: _Optional[str] = ..., quarantined: _Optional[bool] = ..., held: _Optional[int] = ..., completed: _Optional[int] = ..., audited: _Optional[int] = ..., last_event: _Optional[_Union[WorkerEvent, _Mapping]] = ...) -> None: ...

class ListWorkersRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "quarantined")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    QUARANTINED_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    quarantined: bool
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., quarantined: _Optional[bool] = ...) -> None: ...

class ListWorkersResponse(_message.Message):
    __slots__ = ("workers", "next_page_token")
    WORKERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    workers: _containers.RepeatedCompositeFieldContainer[WorkerStatus]
    next_page_token: str
    def __init__(self, workers: _Optional[_Iterable[_Union[WorkerStatus, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListWorkerEventsRequest(_message.Message):
    __slots__ = ("worker_id", "page_size", "page_token")
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    worker_id: str
    page_size: int
    page_token: str
    def __init__(self, worker_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListWorkerEventsResponse(_message.Message):
    __slots__ = ("events", "next_page_token")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[WorkerEvent]
    next_page_token: str
    def __init__(self, events: _Optional[_Iterable[_Union[WorkerEvent, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class QuarantineWorkerRequest(_message.Message):
    __slots__ = ("worker_id", "reason", "starter")
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    STARTER_FIELD_NUMBER: _ClassVar[int]
    worker_id: str
    reason: str
    starter: str
    def __init__(self, worker_id: _Optional[str] = ..., reason: _Optional[str] = ..., starter: _Optional[str] = ...) -> None: ...

class QuarantineWorkerResponse(_message.Message):
    __slots__ = ("event",)
    EVENT_FIELD_NUMBER: _ClassVar[int]
    event: WorkerEvent
    def __init__(self, event: _Optional[_Union[WorkerEvent, _Mapping]] = ...) -> None: ...

class ReleaseWorkerRequest(_message.Message):
    __slots__ = ("worker_id", "reason", "starter")
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    STARTER_FIELD_NUMBER: _ClassVar[int]
    worker_id: str
    reason: str
    starter: str
    def __init__(self, worker_id: _Optional[str] = ..., reason: _Optional[str] = ..., starter: _Optional[str] = ...) -> None: ...

class ReleaseWorkerResponse(_message.Message):
    __slots__ = ("event",)
    EVENT_FIELD_NUMBER: _ClassVar[int]
    event: WorkerEvent
    def __init__(self, event: _Optional[_Union[WorkerEvent, _Mapping]] = ...) -> None: ...
