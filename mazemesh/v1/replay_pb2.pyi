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

class SelectorKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SELECTOR_KIND_UNSPECIFIED: _ClassVar[SelectorKind]
    SELECTOR_KIND_UNIFORM: _ClassVar[SelectorKind]
    SELECTOR_KIND_PRIORITIZED: _ClassVar[SelectorKind]
    SELECTOR_KIND_FIFO: _ClassVar[SelectorKind]
    SELECTOR_KIND_LIFO: _ClassVar[SelectorKind]
    SELECTOR_KIND_MAX_HEAP: _ClassVar[SelectorKind]
    SELECTOR_KIND_MIN_HEAP: _ClassVar[SelectorKind]
SELECTOR_KIND_UNSPECIFIED: SelectorKind
SELECTOR_KIND_UNIFORM: SelectorKind
SELECTOR_KIND_PRIORITIZED: SelectorKind
SELECTOR_KIND_FIFO: SelectorKind
SELECTOR_KIND_LIFO: SelectorKind
SELECTOR_KIND_MAX_HEAP: SelectorKind
SELECTOR_KIND_MIN_HEAP: SelectorKind

class Selector(_message.Message):
    __slots__ = ("kind", "exponent")
    KIND_FIELD_NUMBER: _ClassVar[int]
    EXPONENT_FIELD_NUMBER: _ClassVar[int]
    kind: SelectorKind
    exponent: float
    def __init__(self, kind: _Optional[_Union[SelectorKind, str]] = ..., exponent: _Optional[float] = ...) -> None: ...

class RateLimiter(_message.Message):
    __slots__ = ("min_size_to_sample", "samples_per_insert", "min_diff", "max_diff")
    MIN_SIZE_TO_SAMPLE_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_PER_INSERT_FIELD_NUMBER: _ClassVar[int]
    MIN_DIFF_FIELD_NUMBER: _ClassVar[int]
    MAX_DIFF_FIELD_NUMBER: _ClassVar[int]
    min_size_to_sample: int
    samples_per_insert: float
    min_diff: float
    max_diff: float
    def __init__(self, min_size_to_sample: _Optional[int] = ..., samples_per_insert: _Optional[float] = ..., min_diff: _Optional[float] = ..., max_diff: _Optional[float] = ...) -> None: ...

class Table(_message.Message):
    __slots__ = ("name", "signature", "capacity", "sampler", "remover", "rate_limiter", "max_times_sampled")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_FIELD_NUMBER: _ClassVar[int]
    SAMPLER_FIELD_NUMBER: _ClassVar[int]
    REMOVER_FIELD_NUMBER: _ClassVar[int]
    RATE_LIMITER_FIELD_NUMBER: _ClassVar[int]
    MAX_TIMES_SAMPLED_FIELD_NUMBER: _ClassVar[int]
    name: str
    signature: _tensor_pb2.Signature
    capacity: int
    sampler: Selector
    remover: Selector
    rate_limiter: RateLimiter
    max_times_sampled: int
    def __init__(self, name: _Optional[str] = ..., signature: _Optional[_Union[_tensor_pb2.Signature, _Mapping]] = ..., capacity: _Optional[int] = ..., sampler: _Optional[_Union[Selector, _Mapping]] = ..., remover: _Optional[_Union[Selector, _Mapping]] = ..., rate_limiter: _Optional[_Union[RateLimiter, _Mapping]] = ..., max_times_sampled: _Optional[int] = ...) -> None: ...

class CreateTableRequest(_message.Message):
    __slots__ = ("table",)
    TABLE_FIELD_NUMBER: _ClassVar[int]
    table: Table
    def __init__(self, table: _Optional[_Union[Table, _Mapping]] = ...) -> None: ...

class CreateTableResponse(_message.Message):
    __slots__ = ("table", "created")
    TABLE_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    table: Table
    created: bool
    def __init__(self, table: _Optional[_Union[Table, _Mapping]] = ..., created: _Optional[bool] = ...) -> None: ...

class ListTablesRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListTablesResponse(_message.Message):
    __slots__ = ("tables", "next_page_token")
    TABLES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    tables: _containers.RepeatedCompositeFieldContainer[TableInfo]
    next_page_token: str
    def __init__(self, tables: _Optional[_Iterable[_Union[TableInfo, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class TableInfo(_message.Message):
    __slots__ = ("table", "size", "inserts", "samples", "deletes", "stale_updates", "diff", "waiting_inserts", "waiting_samples", "oldest_insert_wait_time", "oldest_sample_wait_time", "insert_wait", "sample_wait", "bytes", "dropped", "log_bytes", "priority_mass", "episodes")
    TABLE_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    INSERTS_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    DELETES_FIELD_NUMBER: _ClassVar[int]
    STALE_UPDATES_FIELD_NUMBER: _ClassVar[int]
    DIFF_FIELD_NUMBER: _ClassVar[int]
    WAITING_INSERTS_FIELD_NUMBER: _ClassVar[int]
    WAITING_SAMPLES_FIELD_NUMBER: _ClassVar[int]
    OLDEST_INSERT_WAIT_TIME_FIELD_NUMBER: _ClassVar[int]
    OLDEST_SAMPLE_WAIT_TIME_FIELD_NUMBER: _ClassVar[int]
    INSERT_WAIT_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_WAIT_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    LOG_BYTES_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_MASS_FIELD_NUMBER: _ClassVar[int]
    EPISODES_FIELD_NUMBER: _ClassVar[int]
    table: Table
    size: int
    inserts: int
    samples: int
    deletes: int
    stale_updates: int
    diff: float
    waiting_inserts: int
    waiting_samples: int
    oldest_insert_wait_time: _timestamp_pb2.Timestamp
    oldest_sample_wait_time: _timestamp_pb2.Timestamp
    insert_wait: _duration_pb2.Duration
    sample_wait: _duration_pb2.Duration
    bytes: int
    dropped: int
    log_bytes: int
    priority_mass: float
    episodes: EpisodeTotals
    def __init__(self, table: _Optional[_Union[Table, _Mapping]] = ..., size: _Optional[int] = ..., inserts: _Optional[int] = ..., samples: _Optional[int] = ..., deletes: _Optional[int] = ..., stale_updates: _Optional[int] = ..., diff: _Optional[float] = ..., waiting_inserts: _Optional[int] = ..., waiting_samples: _Optional[int] = ..., oldest_insert_wait_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., oldest_sample_wait_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., insert_wait: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., sample_wait: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., bytes: _Optional[int] = ..., dropped: _Optional[int] = ..., log_bytes: _Optional[int] = ..., priority_mass: _Optional[float] = ..., episodes: _Optional[_Union[EpisodeTotals, _Mapping]] = ...) -> None: ...

class DeleteTableRequest(_message.Message):
    __slots__ = ("table",)
    TABLE_FIELD_NUMBER: _ClassVar[int]
    table: str
    def __init__(self, table: _Optional[str] = ...) -> None: ...

class DeleteTableResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class UpdateRateLimiterRequest(_message.Message):
    __slots__ = ("table", "rate_limiter")
    TABLE_FIELD_NUMBER: _ClassVar[int]
    RATE_LIMITER_FIELD_NUMBER: _ClassVar[int]
    table: str
    rate_limiter: RateLimiter
    def __init__(self, table: _Optional[str] = ..., rate_limiter: _Optional[_Union[RateLimiter, _Mapping]] = ...) -> None: ...

class UpdateRateLimiterResponse(_message.Message):
    __slots__ = ("previous",)
    PREVIOUS_FIELD_NUMBER: _ClassVar[int]
    previous: RateLimiter
    def __init__(self, previous: _Optional[_Union[RateLimiter, _Mapping]] = ...) -> None: ...

class CheckpointRequest(_message.Message):
    __slots__ = ("table",)
    TABLE_FIELD_NUMBER: _ClassVar[int]
    table: str
    def __init__(self, table: _Optional[str] = ...) -> None: ...

class CheckpointResponse(_message.Message):
    __slots__ = ("checkpoints",)
    CHECKPOINTS_FIELD_NUMBER: _ClassVar[int]
    checkpoints: _containers.RepeatedCompositeFieldContainer[TableCheckpoint]
    def __init__(self, checkpoints: _Optional[_Iterable[_Union[TableCheckpoint, _Mapping]]] = ...) -> None: ...

class TableCheckpoint(_message.Message):
    __slots__ = ("table", "number", "size_bytes")
    TABLE_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    table: str
    number: int
    size_bytes: int
    def __init__(self, table: _Optional[str] = ..., number: _Optional[int] = ..., size_bytes: _Optional[int] = ...) -> None: ...

class RecordExperienceRequest(_message.Message):
    __slots__ = ("table", "writer_id", "sequence", "columns", "priorities", "policy_versions", "more_tables", "columns_zstd", "episodes")
    TABLE_FIELD_NUMBER: _ClassVar[int]
    WRITER_ID_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    PRIORITIES_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    MORE_TABLES_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_ZSTD_FIELD_NUMBER: _ClassVar[int]
    EPISODES_FIELD_NUMBER: _ClassVar[int]
    table: str
    writer_id: str
    sequence: int
    columns: _tensor_pb2.Columns
    priorities: bytes
    policy_versions: bytes
    more_tables: _containers.RepeatedCompositeFieldContainer[TablePriorities]
    columns_zstd: bytes
    episodes: EpisodeTotals
    def __init__(self, table: _Optional[str] = ..., writer_id: _Optional[str] = ..., sequence: _Optional[int] = ..., columns: _Optional[_Union[_tensor_pb2.Columns, _Mapping]] = ..., priorities: _Optional[bytes] = ..., policy_versions: _Optional[bytes] = ..., more_tables: _Optional[_Iterable[_Union[TablePriorities, _Mapping]]] = ..., columns_zstd: _Optional[bytes] = ..., episodes: _Optional[_Union[EpisodeTotals, _Mapping]] = ...) -> None: ...

class EpisodeTotals(_message.Message):
    __slots__ = ("ended", "reward", "steps", "successes")
    ENDED_FIELD_NUMBER: _ClassVar[int]
    REWARD_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    SUCCESSES_FIELD_NUMBER: _ClassVar[int]
    ended: int
    reward: float
    steps: int
    successes: int
    def __init__(self, ended: _Optional[int] = ..., reward: _Optional[float] = ..., steps: _Optional[int] = ..., successes: _Optional[int] = ...) -> None: ...

class TablePriorities(_message.Message):
    __slots__ = ("table", "priorities")
    TABLE_FIELD_NUMBER: _ClassVar[int]
    PRIORITIES_FIELD_NUMBER: _ClassVar[int]
    table: str
    priorities: bytes
    def __init__(self, table: _Optional[str] = ..., priorities: _Optional[bytes] = ...) -> None: ...

class RecordExperienceResponse(_message.Message):
    __slots__ = ("keys", "duplicate", "table_size", "priority_mass", "more_keys")
    KEYS_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    TABLE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_MASS_FIELD_NUMBER: _ClassVar[int]
    MORE_KEYS_FIELD_NUMBER: _ClassVar[int]
    keys: bytes
    duplicate: bool
    table_size: int
    priority_mass: float
    more_keys: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, keys: _Optional[bytes] = ..., duplicate: _Optional[bool] = ..., table_size: _Optional[int] = ..., priority_mass: _Optional[float] = ..., more_keys: _Optional[_Iterable[bytes]] = ...) -> None: ...

class GetExperienceBatchRequest(_message.Message):
    __slots__ = ("table", "batch_size", "timeout", "priority_updates", "min_policy_version", "packed")
    TABLE_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_UPDATES_FIELD_NUMBER: _ClassVar[int]
    MIN_POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    PACKED_FIELD_NUMBER: _ClassVar[int]
    table: str
    batch_size: int
    timeout: _duration_pb2.Duration
    priority_updates: PriorityUpdates
    min_policy_version: int
    packed: bool
    def __init__(self, table: _Optional[str] = ..., batch_size: _Optional[int] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., priority_updates: _Optional[_Union[PriorityUpdates, _Mapping]] = ..., min_policy_version: _Optional[int] = ..., packed: _Optional[bool] = ...) -> None: ...

class GetExperienceBatchResponse(_message.Message):
    __slots__ = ("columns", "keys", "probabilities", "priorities", "policy_versions", "times_sampled", "table_size", "updated", "stale", "priority_mass")
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    PROBABILITIES_FIELD_NUMBER: _ClassVar[int]
    PRIORITIES_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    TIMES_SAMPLED_FIELD_NUMBER: _ClassVar[int]
    TABLE_SIZE_FIELD_NUMBER: _ClassVar[int]
    UPDATED_FIELD_NUMBER: _ClassVar[int]
    STALE_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_MASS_FIELD_NUMBER: _ClassVar[int]
    columns: _tensor_pb2.Columns
    keys: bytes
    probabilities: bytes
    priorities: bytes
    policy_versions: bytes
    times_sampled: bytes
    table_size: int
    updated: int
    stale: int
    priority_mass: float
    def __init__(self, columns: _Optional[_Union[_tensor_pb2.Columns, _Mapping]] = ..., keys: _Optional[bytes] = ..., probabilities: _Optional[bytes] = ..., priorities: _Optional[bytes] = ..., policy_versions: _Optional[bytes] = ..., times_sampled: _Optional[bytes] = ..., table_size: _Optional[int] = ..., updated: _Optional[int] = ..., stale: _Optional[int] = ..., priority_mass: _Optional[float] = ...) -> None: ...

class PriorityUpdates(_message.Message):
    __slots__ = ("keys", "priorities")
    KEYS_FIELD_NUMBER: _ClassVar[int]
    PRIORITIES_FIELD_NUMBER: _ClassVar[int]
    keys: bytes
    priorities: bytes
    def __init__(self, keys: _Optional[bytes] = ..., priorities: _Optional[bytes] = ...) -> None: ...

class UpdatePrioritiesRequest(_message.Message):
    __slots__ = ("table", "updates")
    TABLE_FIELD_NUMBER: _ClassVar[int]
    UPDATES_FIELD_NUMBER: _ClassVar[int]
    table: str
    updates: PriorityUpdates
    def __init__(self, table: _Optional[str] = ..., updates: _Optional[_Union[PriorityUpdates, _Mapping]] = ...) -> None: ...

class UpdatePrioritiesResponse(_message.Message):
    __slots__ = ("updated", "stale")
    UPDATED_FIELD_NUMBER: _ClassVar[int]
    STALE_FIELD_NUMBER: _ClassVar[int]
    updated: int
    stale: int
    def __init__(self, updated: _Optional[int] = ..., stale: _Optional[int] = ...) -> None: ...
