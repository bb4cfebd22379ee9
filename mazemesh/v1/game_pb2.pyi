import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from mazemesh.v1 import tensor_pb2 as _tensor_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MazeAction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MAZE_ACTION_STAY: _ClassVar[MazeAction]
    MAZE_ACTION_NORTH: _ClassVar[MazeAction]
    MAZE_ACTION_EAST: _ClassVar[MazeAction]
    MAZE_ACTION_SOUTH: _ClassVar[MazeAction]
    MAZE_ACTION_WEST: _ClassVar[MazeAction]

class Passage(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PASSAGE_UNSPECIFIED: _ClassVar[Passage]
    PASSAGE_NORTH: _ClassVar[Passage]
    PASSAGE_EAST: _ClassVar[Passage]
    PASSAGE_SOUTH: _ClassVar[Passage]
    PASSAGE_WEST: _ClassVar[Passage]

class StepStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STEP_STATUS_RUNNING: _ClassVar[StepStatus]
    STEP_STATUS_TERMINATED: _ClassVar[StepStatus]
    STEP_STATUS_TRUNCATED: _ClassVar[StepStatus]
    STEP_STATUS_OVER: _ClassVar[StepStatus]

class ActiveGameKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ACTIVE_GAME_KIND_UNSPECIFIED: _ClassVar[ActiveGameKind]
    ACTIVE_GAME_KIND_MATCH: _ClassVar[ActiveGameKind]
    ACTIVE_GAME_KIND_TRAINING: _ClassVar[ActiveGameKind]
MAZE_ACTION_STAY: MazeAction
MAZE_ACTION_NORTH: MazeAction
MAZE_ACTION_EAST: MazeAction
MAZE_ACTION_SOUTH: MazeAction
MAZE_ACTION_WEST: MazeAction
PASSAGE_UNSPECIFIED: Passage
PASSAGE_NORTH: Passage
PASSAGE_EAST: Passage
PASSAGE_SOUTH: Passage
PASSAGE_WEST: Passage
STEP_STATUS_RUNNING: StepStatus
STEP_STATUS_TERMINATED: StepStatus
STEP_STATUS_TRUNCATED: StepStatus
STEP_STATUS_OVER: StepStatus
ACTIVE_GAME_KIND_UNSPECIFIED: ActiveGameKind
ACTIVE_GAME_KIND_MATCH: ActiveGameKind
ACTIVE_GAME_KIND_TRAINING: ActiveGameKind

class GameSettings(_message.Message):
    __slots__ = ("width", "height", "view", "generator", "loops", "step_limit", "seats", "shaping", "shaping_discount", "line_of_sight")
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    GENERATOR_FIELD_NUMBER: _ClassVar[int]
    LOOPS_FIELD_NUMBER: _ClassVar[int]
    STEP_LIMIT_FIELD_NUMBER: _ClassVar[int]
    SEATS_FIELD_NUMBER: _ClassVar[int]
    SHAPING_FIELD_NUMBER: _ClassVar[int]
    SHAPING_DISCOUNT_FIELD_NUMBER: _ClassVar[int]
    LINE_OF_SIGHT_FIELD_NUMBER: _ClassVar[int]
    width: int
    height: int
    view: int
    generator: str
    loops: float
    step_limit: int
    seats: int
    shaping: float
    shaping_discount: float
    line_of_sight: bool
    def __init__(self, width: _Optional[int] = ..., height: _Optional[int] = ..., view: _Optional[int] = ..., generator: _Optional[str] = ..., loops: _Optional[float] = ..., step_limit: _Optional[int] = ..., seats: _Optional[int] = ..., shaping: _Optional[float] = ..., shaping_discount: _Optional[float] = ..., line_of_sight: _Optional[bool] = ...) -> None: ...

class GameSpec(_message.Message):
    __slots__ = ("name", "version", "settings", "seats", "num_actions", "observation_size", "layout", "step_limit", "rules_hash", "spec_hash", "ladder", "observation_dtype", "teams", "may_leave", "observation_space", "action_space", "may_wait", "state_space", "agents")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    SEATS_FIELD_NUMBER: _ClassVar[int]
    NUM_ACTIONS_FIELD_NUMBER: _ClassVar[int]
    OBSERVATION_SIZE_FIELD_NUMBER: _ClassVar[int]
    LAYOUT_FIELD_NUMBER: _ClassVar[int]
    STEP_LIMIT_FIELD_NUMBER: _ClassVar[int]
    RULES_HASH_FIELD_NUMBER: _ClassVar[int]
    SPEC_HASH_FIELD_NUMBER: _ClassVar[int]
    LADDER_FIELD_NUMBER: _ClassVar[int]
    OBSERVATION_DTYPE_FIELD_NUMBER: _ClassVar[int]
    TEAMS_FIELD_NUMBER: _ClassVar[int]
    MAY_LEAVE_FIELD_NUMBER: _ClassVar[int]
    OBSERVATION_SPACE_FIELD_NUMBER: _ClassVar[int]
    ACTION_SPACE_FIELD_NUMBER: _ClassVar[int]
    MAY_WAIT_FIELD_NUMBER: _ClassVar[int]
    STATE_SPACE_FIELD_NUMBER: _ClassVar[int]
    AGENTS_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: int
    settings: GameSettings
    seats: int
    num_actions: int
    observation_size: int
    layout: _containers.RepeatedCompositeFieldContainer[ObservationField]
    step_limit: int
    rules_hash: str
    spec_hash: str
    ladder: str
    observation_dtype: str
    teams: _containers.RepeatedScalarFieldContainer[int]
    may_leave: bool
    observation_space: _tensor_pb2.Space
    action_space: _tensor_pb2.Space
    may_wait: bool
    state_space: _tensor_pb2.Space
    agents: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., version: _Optional[int] = ..., settings: _Optional[_Union[GameSettings, _Mapping]] = ..., seats: _Optional[int] = ..., num_actions: _Optional[int] = ..., observation_size: _Optional[int] = ..., layout: _Optional[_Iterable[_Union[ObservationField, _Mapping]]] = ..., step_limit: _Optional[int] = ..., rules_hash: _Optional[str] = ..., spec_hash: _Optional[str] = ..., ladder: _Optional[str] = ..., observation_dtype: _Optional[str] = ..., teams: _Optional[_Iterable[int]] = ..., may_leave: _Optional[bool] = ..., observation_space: _Optional[_Union[_tensor_pb2.Space, _Mapping]] = ..., action_space: _Optional[_Union[_tensor_pb2.Space, _Mapping]] = ..., may_wait: _Optional[bool] = ..., state_space: _Optional[_Union[_tensor_pb2.Space, _Mapping]] = ..., agents: _Optional[_Iterable[str]] = ...) -> None: ...

class ObservationField(_message.Message):
    __slots__ = ("name", "offset", "shape", "bits")
    NAME_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    BITS_FIELD_NUMBER: _ClassVar[int]
    name: str
    offset: int
    shape: _containers.RepeatedScalarFieldContainer[int]
    bits: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, name: _Optional[str] = ..., offset: _Optional[int] = ..., shape: _Optional[_Iterable[int]] = ..., bits: _Optional[_Iterable[int]] = ...) -> None: ...

class ListGamesRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListGamesResponse(_message.Message):
    __slots__ = ("games", "bots", "foreign_games", "next_page_token")
    GAMES_FIELD_NUMBER: _ClassVar[int]
    BOTS_FIELD_NUMBER: _ClassVar[int]
    FOREIGN_GAMES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    games: _containers.RepeatedCompositeFieldContainer[GameInfo]
    bots: _containers.RepeatedScalarFieldContainer[str]
    foreign_games: _containers.RepeatedScalarFieldContainer[str]
    next_page_token: str
    def __init__(self, games: _Optional[_Iterable[_Union[GameInfo, _Mapping]]] = ..., bots: _Optional[_Iterable[str]] = ..., foreign_games: _Optional[_Iterable[str]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetGameSpecRequest(_message.Message):
    __slots__ = ("game", "settings")
    GAME_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    game: str
    settings: GameSettings
    def __init__(self, game: _Optional[str] = ..., settings: _Optional[_Union[GameSettings, _Mapping]] = ...) -> None: ...

class GetGameSpecResponse(_message.Message):
    __slots__ = ("spec", "min_seats", "max_seats", "bots")
    SPEC_FIELD_NUMBER: _ClassVar[int]
    MIN_SEATS_FIELD_NUMBER: _ClassVar[int]
    MAX_SEATS_FIELD_NUMBER: _ClassVar[int]
    BOTS_FIELD_NUMBER: _ClassVar[int]
    spec: GameSpec
    min_seats: int
    max_seats: int
    bots: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, spec: _Optional[_Union[GameSpec, _Mapping]] = ..., min_seats: _Optional[int] = ..., max_seats: _Optional[int] = ..., bots: _Optional[_Iterable[str]] = ...) -> None: ...

class GameInfo(_message.Message):
    __slots__ = ("name", "description", "min_seats", "max_seats", "default_spec", "bots")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    MIN_SEATS_FIELD_NUMBER: _ClassVar[int]
    MAX_SEATS_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_SPEC_FIELD_NUMBER: _ClassVar[int]
    BOTS_FIELD_NUMBER: _ClassVar[int]
    name: str
    description: str
    min_seats: int
    max_seats: int
    default_spec: GameSpec
    bots: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., description: _Optional[str] = ..., min_seats: _Optional[int] = ..., max_seats: _Optional[int] = ..., default_spec: _Optional[_Union[GameSpec, _Mapping]] = ..., bots: _Optional[_Iterable[str]] = ...) -> None: ...

class CreateGamesRequest(_message.Message):
    __slots__ = ("matches",)
    MATCHES_FIELD_NUMBER: _ClassVar[int]
    matches: _containers.RepeatedCompositeFieldContainer[MatchSetup]
    def __init__(self, matches: _Optional[_Iterable[_Union[MatchSetup, _Mapping]]] = ...) -> None: ...

class MatchSetup(_message.Message):
    __slots__ = ("match_id", "game", "settings", "seed", "participants", "rated", "rotations", "fence", "exhibition", "backfill")
    MATCH_ID_FIELD_NUMBER: _ClassVar[int]
    GAME_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANTS_FIELD_NUMBER: _ClassVar[int]
    RATED_FIELD_NUMBER: _ClassVar[int]
    ROTATIONS_FIELD_NUMBER: _ClassVar[int]
    FENCE_FIELD_NUMBER: _ClassVar[int]
    EXHIBITION_FIELD_NUMBER: _ClassVar[int]
    BACKFILL_FIELD_NUMBER: _ClassVar[int]
    match_id: str
    game: str
    settings: GameSettings
    seed: int
    participants: _containers.RepeatedScalarFieldContainer[str]
    rated: bool
    rotations: int
    fence: int
    exhibition: bool
    backfill: bool
    def __init__(self, match_id: _Optional[str] = ..., game: _Optional[str] = ..., settings: _Optional[_Union[GameSettings, _Mapping]] = ..., seed: _Optional[int] = ..., participants: _Optional[_Iterable[str]] = ..., rated: _Optional[bool] = ..., rotations: _Optional[int] = ..., fence: _Optional[int] = ..., exhibition: _Optional[bool] = ..., backfill: _Optional[bool] = ...) -> None: ...

class CreateGamesResponse(_message.Message):
    __slots__ = ("matches",)
    MATCHES_FIELD_NUMBER: _ClassVar[int]
    matches: _containers.RepeatedCompositeFieldContainer[CreatedMatch]
    def __init__(self, matches: _Optional[_Iterable[_Union[CreatedMatch, _Mapping]]] = ...) -> None: ...

class CreatedMatch(_message.Message):
    __slots__ = ("match_id", "games", "game_address")
    MATCH_ID_FIELD_NUMBER: _ClassVar[int]
    GAMES_FIELD_NUMBER: _ClassVar[int]
    GAME_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    match_id: str
    games: _containers.RepeatedCompositeFieldContainer[CreatedGame]
    game_address: str
    def __init__(self, match_id: _Optional[str] = ..., games: _Optional[_Iterable[_Union[CreatedGame, _Mapping]]] = ..., game_address: _Optional[str] = ...) -> None: ...

class CreatedGame(_message.Message):
    __slots__ = ("game_id", "rotation", "seat_tokens", "seat_participants")
    GAME_ID_FIELD_NUMBER: _ClassVar[int]
    ROTATION_FIELD_NUMBER: _ClassVar[int]
    SEAT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    SEAT_PARTICIPANTS_FIELD_NUMBER: _ClassVar[int]
    game_id: str
    rotation: int
    seat_tokens: _containers.RepeatedScalarFieldContainer[str]
    seat_participants: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, game_id: _Optional[str] = ..., rotation: _Optional[int] = ..., seat_tokens: _Optional[_Iterable[str]] = ..., seat_participants: _Optional[_Iterable[int]] = ...) -> None: ...

class ListVacantSeatsRequest(_message.Message):
    __slots__ = ("vacant_for", "max_seats")
    VACANT_FOR_FIELD_NUMBER: _ClassVar[int]
    MAX_SEATS_FIELD_NUMBER: _ClassVar[int]
    vacant_for: _duration_pb2.Duration
    max_seats: int
    def __init__(self, vacant_for: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., max_seats: _Optional[int] = ...) -> None: ...

class ListVacantSeatsResponse(_message.Message):
    __slots__ = ("seats",)
    SEATS_FIELD_NUMBER: _ClassVar[int]
    seats: _containers.RepeatedCompositeFieldContainer[VacantSeat]
    def __init__(self, seats: _Optional[_Iterable[_Union[VacantSeat, _Mapping]]] = ...) -> None: ...

class VacantSeat(_message.Message):
    __slots__ = ("match_id", "game_id", "seat", "game", "settings", "participants", "vacant_since_time", "ladder", "game_address")
    MATCH_ID_FIELD_NUMBER: _ClassVar[int]
    GAME_ID_FIELD_NUMBER: _ClassVar[int]
    SEAT_FIELD_NUMBER: _ClassVar[int]
    GAME_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANTS_FIELD_NUMBER: _ClassVar[int]
    VACANT_SINCE_TIME_FIELD_NUMBER: _ClassVar[int]
    LADDER_FIELD_NUMBER: _ClassVar[int]
    GAME_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    match_id: str
    game_id: str
    seat: int
    game: str
    settings: GameSettings
    participants: _containers.RepeatedScalarFieldContainer[str]
    vacant_since_time: _timestamp_pb2.Timestamp
    ladder: str
    game_address: str
    def __init__(self, match_id: _Optional[str] = ..., game_id: _Optional[str] = ..., seat: _Optional[int] = ..., game: _Optional[str] = ..., settings: _Optional[_Union[GameSettings, _Mapping]] = ..., participants: _Optional[_Iterable[str]] = ..., vacant_since_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ladder: _Optional[str] = ..., game_address: _Optional[str] = ...) -> None: ...

class ReplacePlayerRequest(_message.Message):
    __slots__ = ("game_id", "seat", "participant", "replacement")
    GAME_ID_FIELD_NUMBER: _ClassVar[int]
    SEAT_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    REPLACEMENT_FIELD_NUMBER: _ClassVar[int]
    game_id: str
    seat: int
    participant: str
    replacement: str
    def __init__(self, game_id: _Optional[str] = ..., seat: _Optional[int] = ..., participant: _Optional[str] = ..., replacement: _Optional[str] = ...) -> None: ...

class ReplacePlayerResponse(_message.Message):
    __slots__ = ("seat_token",)
    SEAT_TOKEN_FIELD_NUMBER: _ClassVar[int]
    seat_token: str
    def __init__(self, seat_token: _Optional[str] = ...) -> None: ...

class PlayGameRequest(_message.Message):
    __slots__ = ("join", "act")
    JOIN_FIELD_NUMBER: _ClassVar[int]
    ACT_FIELD_NUMBER: _ClassVar[int]
    join: JoinSeat
    act: Act
    def __init__(self, join: _Optional[_Union[JoinSeat, _Mapping]] = ..., act: _Optional[_Union[Act, _Mapping]] = ...) -> None: ...

class JoinSeat(_message.Message):
    __slots__ = ("seat_token",)
    SEAT_TOKEN_FIELD_NUMBER: _ClassVar[int]
    seat_token: str
    def __init__(self, seat_token: _Optional[str] = ...) -> None: ...

class Act(_message.Message):
    __slots__ = ("step", "action", "actions")
    STEP_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    step: int
    action: int
    actions: bytes
    def __init__(self, step: _Optional[int] = ..., action: _Optional[int] = ..., actions: _Optional[bytes] = ...) -> None: ...

class PlayGameResponse(_message.Message):
    __slots__ = ("joined", "turn", "finished")
    JOINED_FIELD_NUMBER: _ClassVar[int]
    TURN_FIELD_NUMBER: _ClassVar[int]
    FINISHED_FIELD_NUMBER: _ClassVar[int]
    joined: SeatJoined
    turn: Turn
    finished: GameFinished
    def __init__(self, joined: _Optional[_Union[SeatJoined, _Mapping]] = ..., turn: _Optional[_Union[Turn, _Mapping]] = ..., finished: _Optional[_Union[GameFinished, _Mapping]] = ...) -> None: ...

class SeatJoined(_message.Message):
    __slots__ = ("game_id", "seat", "spec", "participants")
    GAME_ID_FIELD_NUMBER: _ClassVar[int]
    SEAT_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANTS_FIELD_NUMBER: _ClassVar[int]
    game_id: str
    seat: int
    spec: GameSpec
    participants: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, game_id: _Optional[str] = ..., seat: _Optional[int] = ..., spec: _Optional[_Union[GameSpec, _Mapping]] = ..., participants: _Optional[_Iterable[str]] = ...) -> None: ...

class Turn(_message.Message):
    __slots__ = ("step", "observation", "action_mask", "reward", "deadline_time")
    STEP_FIELD_NUMBER: _ClassVar[int]
    OBSERVATION_FIELD_NUMBER: _ClassVar[int]
    ACTION_MASK_FIELD_NUMBER: _ClassVar[int]
    REWARD_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_TIME_FIELD_NUMBER: _ClassVar[int]
    step: int
    observation: bytes
    action_mask: bytes
    reward: float
    deadline_time: _timestamp_pb2.Timestamp
    def __init__(self, step: _Optional[int] = ..., observation: _Optional[bytes] = ..., action_mask: _Optional[bytes] = ..., reward: _Optional[float] = ..., deadline_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GameFinished(_message.Message):
    __slots__ = ("scores", "steps", "truncated", "successes")
    SCORES_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    SUCCESSES_FIELD_NUMBER: _ClassVar[int]
    scores: _containers.RepeatedScalarFieldContainer[float]
    steps: int
    truncated: bool
    successes: _containers.RepeatedScalarFieldContainer[bool]
    def __init__(self, scores: _Optional[_Iterable[float]] = ..., steps: _Optional[int] = ..., truncated: _Optional[bool] = ..., successes: _Optional[_Iterable[bool]] = ...) -> None: ...

class RunGamesRequest(_message.Message):
    __slots__ = ("open", "join", "step", "close")
    OPEN_FIELD_NUMBER: _ClassVar[int]
    JOIN_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    CLOSE_FIELD_NUMBER: _ClassVar[int]
    open: OpenSession
    join: JoinSession
    step: StepGames
    close: CloseSession
    def __init__(self, open: _Optional[_Union[OpenSession, _Mapping]] = ..., join: _Optional[_Union[JoinSession, _Mapping]] = ..., step: _Optional[_Union[StepGames, _Mapping]] = ..., close: _Optional[_Union[CloseSession, _Mapping]] = ...) -> None: ...

class CloseSession(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class OpenSession(_message.Message):
    __slots__ = ("session_id", "game", "settings", "num_games", "seed", "first_game_id", "controllers", "resume_sequence", "resume_token", "with_state", "packed")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    GAME_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    NUM_GAMES_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    FIRST_GAME_ID_FIELD_NUMBER: _ClassVar[int]
    CONTROLLERS_FIELD_NUMBER: _ClassVar[int]
    RESUME_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    WITH_STATE_FIELD_NUMBER: _ClassVar[int]
    PACKED_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    game: str
    settings: GameSettings
    num_games: int
    seed: int
    first_game_id: int
    controllers: bytes
    resume_sequence: int
    resume_token: str
    with_state: bool
    packed: bool
    def __init__(self, session_id: _Optional[str] = ..., game: _Optional[str] = ..., settings: _Optional[_Union[GameSettings, _Mapping]] = ..., num_games: _Optional[int] = ..., seed: _Optional[int] = ..., first_game_id: _Optional[int] = ..., controllers: _Optional[bytes] = ..., resume_sequence: _Optional[int] = ..., resume_token: _Optional[str] = ..., with_state: _Optional[bool] = ..., packed: _Optional[bool] = ...) -> None: ...

class JoinSession(_message.Message):
    __slots__ = ("session_id", "seat_tokens", "resume_sequence", "resume_token", "packed")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    SEAT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    RESUME_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PACKED_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    seat_tokens: _containers.RepeatedScalarFieldContainer[str]
    resume_sequence: int
    resume_token: str
    packed: bool
    def __init__(self, session_id: _Optional[str] = ..., seat_tokens: _Optional[_Iterable[str]] = ..., resume_sequence: _Optional[int] = ..., resume_token: _Optional[str] = ..., packed: _Optional[bool] = ...) -> None: ...

class StepGames(_message.Message):
    __slots__ = ("sequence", "actions", "reseat_games", "reseat_controllers")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    RESEAT_GAMES_FIELD_NUMBER: _ClassVar[int]
    RESEAT_CONTROLLERS_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    actions: bytes
    reseat_games: bytes
    reseat_controllers: bytes
    def __init__(self, sequence: _Optional[int] = ..., actions: _Optional[bytes] = ..., reseat_games: _Optional[bytes] = ..., reseat_controllers: _Optional[bytes] = ...) -> None: ...

class RunGamesResponse(_message.Message):
    __slots__ = ("opened", "step", "waiting")
    OPENED_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    opened: SessionOpened
    step: GamesStep
    waiting: Waiting
    def __init__(self, opened: _Optional[_Union[SessionOpened, _Mapping]] = ..., step: _Optional[_Union[GamesStep, _Mapping]] = ..., waiting: _Optional[_Union[Waiting, _Mapping]] = ...) -> None: ...

class Waiting(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SessionOpened(_message.Message):
    __slots__ = ("spec", "num_games", "step", "game_ids", "controllers", "local_address", "resume_token", "game_address", "packing")
    SPEC_FIELD_NUMBER: _ClassVar[int]
    NUM_GAMES_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    GAME_IDS_FIELD_NUMBER: _ClassVar[int]
    CONTROLLERS_FIELD_NUMBER: _ClassVar[int]
    LOCAL_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    GAME_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    PACKING_FIELD_NUMBER: _ClassVar[int]
    spec: GameSpec
    num_games: int
    step: GamesStep
    game_ids: _containers.RepeatedScalarFieldContainer[str]
    controllers: bytes
    local_address: str
    resume_token: str
    game_address: str
    packing: int
    def __init__(self, spec: _Optional[_Union[GameSpec, _Mapping]] = ..., num_games: _Optional[int] = ..., step: _Optional[_Union[GamesStep, _Mapping]] = ..., game_ids: _Optional[_Iterable[str]] = ..., controllers: _Optional[bytes] = ..., local_address: _Optional[str] = ..., resume_token: _Optional[str] = ..., game_address: _Optional[str] = ..., packing: _Optional[int] = ...) -> None: ...

class GamesStep(_message.Message):
    __slots__ = ("sequence", "observation", "action_mask", "reward", "status", "ended_games", "ended_scores", "ended_steps", "final_observation", "final_action_mask", "seat_status", "ended_successes", "acting", "state", "final_state")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    OBSERVATION_FIELD_NUMBER: _ClassVar[int]
    ACTION_MASK_FIELD_NUMBER: _ClassVar[int]
    REWARD_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ENDED_GAMES_FIELD_NUMBER: _ClassVar[int]
    ENDED_SCORES_FIELD_NUMBER: _ClassVar[int]
    ENDED_STEPS_FIELD_NUMBER: _ClassVar[int]
    FINAL_OBSERVATION_FIELD_NUMBER: _ClassVar[int]
    FINAL_ACTION_MASK_FIELD_NUMBER: _ClassVar[int]
    SEAT_STATUS_FIELD_NUMBER: _ClassVar[int]
    ENDED_SUCCESSES_FIELD_NUMBER: _ClassVar[int]
    ACTING_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    FINAL_STATE_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    observation: bytes
    action_mask: bytes
    reward: bytes
    status: bytes
    ended_games: bytes
    ended_scores: bytes
    ended_steps: bytes
    final_observation: bytes
    final_action_mask: bytes
    seat_status: bytes
    ended_successes: bytes
    acting: bytes
    state: bytes
    final_state: bytes
    def __init__(self, sequence: _Optional[int] = ..., observation: _Optional[bytes] = ..., action_mask: _Optional[bytes] = ..., reward: _Optional[bytes] = ..., status: _Optional[bytes] = ..., ended_games: _Optional[bytes] = ..., ended_scores: _Optional[bytes] = ..., ended_steps: _Optional[bytes] = ..., final_observation: _Optional[bytes] = ..., final_action_mask: _Optional[bytes] = ..., seat_status: _Optional[bytes] = ..., ended_successes: _Optional[bytes] = ..., acting: _Optional[bytes] = ..., state: _Optional[bytes] = ..., final_state: _Optional[bytes] = ...) -> None: ...

class WatchGameRequest(_message.Message):
    __slots__ = ("game_id", "with_observations")
    GAME_ID_FIELD_NUMBER: _ClassVar[int]
    WITH_OBSERVATIONS_FIELD_NUMBER: _ClassVar[int]
    game_id: str
    with_observations: bool
    def __init__(self, game_id: _Optional[str] = ..., with_observations: _Optional[bool] = ...) -> None: ...

class WatchGameResponse(_message.Message):
    __slots__ = ("game_id", "step", "passages", "width", "height", "exit_cell", "positions", "participants", "finished", "goals", "items", "observations", "action_masks")
    GAME_ID_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    PASSAGES_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    EXIT_CELL_FIELD_NUMBER: _ClassVar[int]
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANTS_FIELD_NUMBER: _ClassVar[int]
    FINISHED_FIELD_NUMBER: _ClassVar[int]
    GOALS_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    OBSERVATIONS_FIELD_NUMBER: _ClassVar[int]
    ACTION_MASKS_FIELD_NUMBER: _ClassVar[int]
    game_id: str
    step: int
    passages: bytes
    width: int
    height: int
    exit_cell: int
    positions: _containers.RepeatedScalarFieldContainer[int]
    participants: _containers.RepeatedScalarFieldContainer[str]
    finished: GameFinished
    goals: _containers.RepeatedScalarFieldContainer[int]
    items: _containers.RepeatedScalarFieldContainer[int]
    observations: bytes
    action_masks: bytes
    def __init__(self, game_id: _Optional[str] = ..., step: _Optional[int] = ..., passages: _Optional[bytes] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., exit_cell: _Optional[int] = ..., positions: _Optional[_Iterable[int]] = ..., participants: _Optional[_Iterable[str]] = ..., finished: _Optional[_Union[GameFinished, _Mapping]] = ..., goals: _Optional[_Iterable[int]] = ..., items: _Optional[_Iterable[int]] = ..., observations: _Optional[bytes] = ..., action_masks: _Optional[bytes] = ...) -> None: ...

class WatchReplayRequest(_message.Message):
    __slots__ = ("game_id", "with_observations")
    GAME_ID_FIELD_NUMBER: _ClassVar[int]
    WITH_OBSERVATIONS_FIELD_NUMBER: _ClassVar[int]
    game_id: str
    with_observations: bool
    def __init__(self, game_id: _Optional[str] = ..., with_observations: _Optional[bool] = ...) -> None: ...

class WatchReplayResponse(_message.Message):
    __slots__ = ("frame", "actions", "game", "spec")
    FRAME_FIELD_NUMBER: _ClassVar[int]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    GAME_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    frame: WatchGameResponse
    actions: _containers.RepeatedScalarFieldContainer[int]
    game: str
    spec: GameSpec
    def __init__(self, frame: _Optional[_Union[WatchGameResponse, _Mapping]] = ..., actions: _Optional[_Iterable[int]] = ..., game: _Optional[str] = ..., spec: _Optional[_Union[GameSpec, _Mapping]] = ...) -> None: ...

class ListActiveGamesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "kind")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    kind: ActiveGameKind
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., kind: _Optional[_Union[ActiveGameKind, str]] = ...) -> None: ...

class ListActiveGamesResponse(_message.Message):
    __slots__ = ("games", "next_page_token")
    GAMES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    games: _containers.RepeatedCompositeFieldContainer[ActiveGame]
    next_page_token: str
    def __init__(self, games: _Optional[_Iterable[_Union[ActiveGame, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ActiveGame(_message.Message):
    __slots__ = ("game_id", "kind", "game", "participants", "step", "num_games", "create_time", "match_id", "open_seats", "game_address")
    GAME_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    GAME_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANTS_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    NUM_GAMES_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    MATCH_ID_FIELD_NUMBER: _ClassVar[int]
    OPEN_SEATS_FIELD_NUMBER: _ClassVar[int]
    GAME_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    game_id: str
    kind: ActiveGameKind
    game: str
    participants: _containers.RepeatedScalarFieldContainer[str]
    step: int
    num_games: int
    create_time: _timestamp_pb2.Timestamp
    match_id: str
    open_seats: int
    game_address: str
    def __init__(self, game_id: _Optional[str] = ..., kind: _Optional[_Union[ActiveGameKind, str]] = ..., game: _Optional[str] = ..., participants: _Optional[_Iterable[str]] = ..., step: _Optional[int] = ..., num_games: _Optional[int] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., match_id: _Optional[str] = ..., open_seats: _Optional[int] = ..., game_address: _Optional[str] = ...) -> None: ...

class GetReplayRequest(_message.Message):
    __slots__ = ("game_id", "verify")
    GAME_ID_FIELD_NUMBER: _ClassVar[int]
    VERIFY_FIELD_NUMBER: _ClassVar[int]
    game_id: str
    verify: bool
    def __init__(self, game_id: _Optional[str] = ..., verify: _Optional[bool] = ...) -> None: ...

class GetReplayResponse(_message.Message):
    __slots__ = ("replay", "difference")
    REPLAY_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    replay: GameReplay
    difference: str
    def __init__(self, replay: _Optional[_Union[GameReplay, _Mapping]] = ..., difference: _Optional[str] = ...) -> None: ...

class GameReplay(_message.Message):
    __slots__ = ("info", "settings", "seed", "rotation", "actions", "hash_interval", "hashes", "action_space")
    INFO_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    ROTATION_FIELD_NUMBER: _ClassVar[int]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    HASH_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    HASHES_FIELD_NUMBER: _ClassVar[int]
    ACTION_SPACE_FIELD_NUMBER: _ClassVar[int]
    info: ReplayInfo
    settings: GameSettings
    seed: int
    rotation: int
    actions: bytes
    hash_interval: int
    hashes: bytes
    action_space: _tensor_pb2.Space
    def __init__(self, info: _Optional[_Union[ReplayInfo, _Mapping]] = ..., settings: _Optional[_Union[GameSettings, _Mapping]] = ..., seed: _Optional[int] = ..., rotation: _Optional[int] = ..., actions: _Optional[bytes] = ..., hash_interval: _Optional[int] = ..., hashes: _Optional[bytes] = ..., action_space: _Optional[_Union[_tensor_pb2.Space, _Mapping]] = ...) -> None: ...

class ReplayInfo(_message.Message):
    __slots__ = ("game_id", "match_id", "game", "rules_hash", "participants", "outcome", "rated", "finish_time")
    GAME_ID_FIELD_NUMBER: _ClassVar[int]
    MATCH_ID_FIELD_NUMBER: _ClassVar[int]
    GAME_FIELD_NUMBER: _ClassVar[int]
    RULES_HASH_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANTS_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    RATED_FIELD_NUMBER: _ClassVar[int]
    FINISH_TIME_FIELD_NUMBER: _ClassVar[int]
    game_id: str
    match_id: str
    game: str
    rules_hash: str
    participants: _containers.RepeatedScalarFieldContainer[str]
    outcome: GameFinished
    rated: bool
    finish_time: _timestamp_pb2.Timestamp
    def __init__(self, game_id: _Optional[str] = ..., match_id: _Optional[str] = ..., game: _Optional[str] = ..., rules_hash: _Optional[str] = ..., participants: _Optional[_Iterable[str]] = ..., outcome: _Optional[_Union[GameFinished, _Mapping]] = ..., rated: _Optional[bool] = ..., finish_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListReplaysRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "game", "match_id", "participant")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    GAME_FIELD_NUMBER: _ClassVar[int]
    MATCH_ID_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    game: str
    match_id: str
    participant: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., game: _Optional[str] = ..., match_id: _Optional[str] = ..., participant: _Optional[str] = ...) -> None: ...

class ListReplaysResponse(_message.Message):
    __slots__ = ("replays", "next_page_token")
    REPLAYS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    replays: _containers.RepeatedCompositeFieldContainer[ReplayInfo]
    next_page_token: str
    def __init__(self, replays: _Optional[_Iterable[_Union[ReplayInfo, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ReplayFile(_message.Message):
    __slots__ = ("games",)
    GAMES_FIELD_NUMBER: _ClassVar[int]
    games: _containers.RepeatedCompositeFieldContainer[GameReplay]
    def __init__(self, games: _Optional[_Iterable[_Union[GameReplay, _Mapping]]] = ...) -> None: ...
