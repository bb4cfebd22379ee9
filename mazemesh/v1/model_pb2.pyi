import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from mazemesh.v1 import game_pb2 as _game_pb2
from mazemesh.v1 import registry_pb2 as _registry_pb2
from mazemesh.v1 import tensor_pb2 as _tensor_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PolicyVariant(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    POLICY_VARIANT_UNSPECIFIED: _ClassVar[PolicyVariant]
    POLICY_VARIANT_FP16: _ClassVar[PolicyVariant]
    POLICY_VARIANT_BF16: _ClassVar[PolicyVariant]
    POLICY_VARIANT_INT8: _ClassVar[PolicyVariant]

class PolicyState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    POLICY_STATE_UNSPECIFIED: _ClassVar[PolicyState]
    POLICY_STATE_READY: _ClassVar[PolicyState]
    POLICY_STATE_REJECTED: _ClassVar[PolicyState]
    POLICY_STATE_RETIRED: _ClassVar[PolicyState]

class Choosing(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHOOSING_UNSPECIFIED: _ClassVar[Choosing]
    CHOOSING_DRAWN: _ClassVar[Choosing]
    CHOOSING_NOISY: _ClassVar[Choosing]

class ExperimentKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXPERIMENT_KIND_UNSPECIFIED: _ClassVar[ExperimentKind]
    EXPERIMENT_KIND_AB: _ClassVar[ExperimentKind]
    EXPERIMENT_KIND_CANARY: _ClassVar[ExperimentKind]
    EXPERIMENT_KIND_SHADOW: _ClassVar[ExperimentKind]

class ExperimentState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXPERIMENT_STATE_UNSPECIFIED: _ClassVar[ExperimentState]
    EXPERIMENT_STATE_RUNNING: _ClassVar[ExperimentState]
    EXPERIMENT_STATE_STOPPED: _ClassVar[ExperimentState]
    EXPERIMENT_STATE_ROLLED_BACK: _ClassVar[ExperimentState]
    EXPERIMENT_STATE_PASSED: _ClassVar[ExperimentState]
    EXPERIMENT_STATE_OVERTAKEN: _ClassVar[ExperimentState]

class ExperimentMetric(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXPERIMENT_METRIC_UNSPECIFIED: _ClassVar[ExperimentMetric]
    EXPERIMENT_METRIC_SCORE: _ClassVar[ExperimentMetric]
    EXPERIMENT_METRIC_ERRORS: _ClassVar[ExperimentMetric]
    EXPERIMENT_METRIC_SLOW: _ClassVar[ExperimentMetric]
POLICY_VARIANT_UNSPECIFIED: PolicyVariant
POLICY_VARIANT_FP16: PolicyVariant
POLICY_VARIANT_BF16: PolicyVariant
POLICY_VARIANT_INT8: PolicyVariant
POLICY_STATE_UNSPECIFIED: PolicyState
POLICY_STATE_READY: PolicyState
POLICY_STATE_REJECTED: PolicyState
POLICY_STATE_RETIRED: PolicyState
CHOOSING_UNSPECIFIED: Choosing
CHOOSING_DRAWN: Choosing
CHOOSING_NOISY: Choosing
EXPERIMENT_KIND_UNSPECIFIED: ExperimentKind
EXPERIMENT_KIND_AB: ExperimentKind
EXPERIMENT_KIND_CANARY: ExperimentKind
EXPERIMENT_KIND_SHADOW: ExperimentKind
EXPERIMENT_STATE_UNSPECIFIED: ExperimentState
EXPERIMENT_STATE_RUNNING: ExperimentState
EXPERIMENT_STATE_STOPPED: ExperimentState
EXPERIMENT_STATE_ROLLED_BACK: ExperimentState
EXPERIMENT_STATE_PASSED: ExperimentState
EXPERIMENT_STATE_OVERTAKEN: ExperimentState
EXPERIMENT_METRIC_UNSPECIFIED: ExperimentMetric
EXPERIMENT_METRIC_SCORE: ExperimentMetric
EXPERIMENT_METRIC_ERRORS: ExperimentMetric
EXPERIMENT_METRIC_SLOW: ExperimentMetric

class PolicyVariantFile(_message.Message):
    __slots__ = ("variant", "sha256", "size_bytes", "largest_difference", "same_choices", "rows", "rejection")
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    LARGEST_DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    SAME_CHOICES_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    REJECTION_FIELD_NUMBER: _ClassVar[int]
    variant: PolicyVariant
    sha256: str
    size_bytes: int
    largest_difference: float
    same_choices: float
    rows: int
    rejection: str
    def __init__(self, variant: _Optional[_Union[PolicyVariant, str]] = ..., sha256: _Optional[str] = ..., size_bytes: _Optional[int] = ..., largest_difference: _Optional[float] = ..., same_choices: _Optional[float] = ..., rows: _Optional[int] = ..., rejection: _Optional[str] = ...) -> None: ...

class Collection(_message.Message):
    __slots__ = ("game", "settings", "table", "unroll", "transition", "sequence", "batch_rows", "lockstep", "pool", "exploits", "exploits_pool", "packed", "action_distribution", "games", "first_rows", "batches_ahead", "external", "roles")
    GAME_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    TABLE_FIELD_NUMBER: _ClassVar[int]
    UNROLL_FIELD_NUMBER: _ClassVar[int]
    TRANSITION_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    BATCH_ROWS_FIELD_NUMBER: _ClassVar[int]
    LOCKSTEP_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    EXPLOITS_FIELD_NUMBER: _ClassVar[int]
    EXPLOITS_POOL_FIELD_NUMBER: _ClassVar[int]
    PACKED_FIELD_NUMBER: _ClassVar[int]
    ACTION_DISTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    GAMES_FIELD_NUMBER: _ClassVar[int]
    FIRST_ROWS_FIELD_NUMBER: _ClassVar[int]
    BATCHES_AHEAD_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_FIELD_NUMBER: _ClassVar[int]
    ROLES_FIELD_NUMBER: _ClassVar[int]
    game: str
    settings: _game_pb2.GameSettings
    table: str
    unroll: UnrollCollection
    transition: TransitionCollection
    sequence: SequenceCollection
    batch_rows: int
    lockstep: bool
    pool: _containers.RepeatedScalarFieldContainer[str]
    exploits: str
    exploits_pool: bool
    packed: bool
    action_distribution: str
    games: int
    first_rows: int
    batches_ahead: int
    external: ExternalSpaces
    roles: _containers.RepeatedCompositeFieldContainer[RolePolicy]
    def __init__(self, game: _Optional[str] = ..., settings: _Optional[_Union[_game_pb2.GameSettings, _Mapping]] = ..., table: _Optional[str] = ..., unroll: _Optional[_Union[UnrollCollection, _Mapping]] = ..., transition: _Optional[_Union[TransitionCollection, _Mapping]] = ..., sequence: _Optional[_Union[SequenceCollection, _Mapping]] = ..., batch_rows: _Optional[int] = ..., lockstep: _Optional[bool] = ..., pool: _Optional[_Iterable[str]] = ..., exploits: _Optional[str] = ..., exploits_pool: _Optional[bool] = ..., packed: _Optional[bool] = ..., action_distribution: _Optional[str] = ..., games: _Optional[int] = ..., first_rows: _Optional[int] = ..., batches_ahead: _Optional[int] = ..., external: _Optional[_Union[ExternalSpaces, _Mapping]] = ..., roles: _Optional[_Iterable[_Union[RolePolicy, _Mapping]]] = ...) -> None: ...

class ExternalSpaces(_message.Message):
    __slots__ = ("observation_space", "action_space")
    OBSERVATION_SPACE_FIELD_NUMBER: _ClassVar[int]
    ACTION_SPACE_FIELD_NUMBER: _ClassVar[int]
    observation_space: _tensor_pb2.Space
    action_space: _tensor_pb2.Space
    def __init__(self, observation_space: _Optional[_Union[_tensor_pb2.Space, _Mapping]] = ..., action_space: _Optional[_Union[_tensor_pb2.Space, _Mapping]] = ...) -> None: ...

class RolePolicy(_message.Message):
    __slots__ = ("role", "policy", "seats")
    ROLE_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    SEATS_FIELD_NUMBER: _ClassVar[int]
    role: str
    policy: str
    seats: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, role: _Optional[str] = ..., policy: _Optional[str] = ..., seats: _Optional[_Iterable[int]] = ...) -> None: ...

class UnrollCollection(_message.Message):
    __slots__ = ("length", "with_state", "noise_correlation")
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    WITH_STATE_FIELD_NUMBER: _ClassVar[int]
    NOISE_CORRELATION_FIELD_NUMBER: _ClassVar[int]
    length: int
    with_state: bool
    noise_correlation: float
    def __init__(self, length: _Optional[int] = ..., with_state: _Optional[bool] = ..., noise_correlation: _Optional[float] = ...) -> None: ...

class TransitionCollection(_message.Message):
    __slots__ = ("n_step", "discount", "epsilon", "epsilon_exponent", "choosing", "noise", "noise_correlation", "write_rows", "masks")
    N_STEP_FIELD_NUMBER: _ClassVar[int]
    DISCOUNT_FIELD_NUMBER: _ClassVar[int]
    EPSILON_FIELD_NUMBER: _ClassVar[int]
    EPSILON_EXPONENT_FIELD_NUMBER: _ClassVar[int]
    CHOOSING_FIELD_NUMBER: _ClassVar[int]
    NOISE_FIELD_NUMBER: _ClassVar[int]
    NOISE_CORRELATION_FIELD_NUMBER: _ClassVar[int]
    WRITE_ROWS_FIELD_NUMBER: _ClassVar[int]
    MASKS_FIELD_NUMBER: _ClassVar[int]
    n_step: int
    discount: float
    epsilon: float
    epsilon_exponent: float
    choosing: Choosing
    noise: float
    noise_correlation: float
    write_rows: int
    masks: bool
    def __init__(self, n_step: _Optional[int] = ..., discount: _Optional[float] = ..., epsilon: _Optional[float] = ..., epsilon_exponent: _Optional[float] = ..., choosing: _Optional[_Union[Choosing, str]] = ..., noise: _Optional[float] = ..., noise_correlation: _Optional[float] = ..., write_rows: _Optional[int] = ..., masks: _Optional[bool] = ...) -> None: ...

class SequenceCollection(_message.Message):
    __slots__ = ("length", "burn_in", "n_step", "discount", "epsilon", "epsilon_exponent", "max_error_share")
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    BURN_IN_FIELD_NUMBER: _ClassVar[int]
    N_STEP_FIELD_NUMBER: _ClassVar[int]
    DISCOUNT_FIELD_NUMBER: _ClassVar[int]
    EPSILON_FIELD_NUMBER: _ClassVar[int]
    EPSILON_EXPONENT_FIELD_NUMBER: _ClassVar[int]
    MAX_ERROR_SHARE_FIELD_NUMBER: _ClassVar[int]
    length: int
    burn_in: int
    n_step: int
    discount: float
    epsilon: float
    epsilon_exponent: float
    max_error_share: float
    def __init__(self, length: _Optional[int] = ..., burn_in: _Optional[int] = ..., n_step: _Optional[int] = ..., discount: _Optional[float] = ..., epsilon: _Optional[float] = ..., epsilon_exponent: _Optional[float] = ..., max_error_share: _Optional[float] = ...) -> None: ...

class PolicyVersion(_message.Message):
    __slots__ = ("name", "version", "state", "run_id", "training_step", "parent_version", "snapshot", "collection", "spec_hash", "sha256", "size_bytes", "create_time", "metadata", "rejection", "aliases", "revision", "q_values", "checked", "graph_sha256", "variants", "code_version", "game_hash", "config_sha256")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    TRAINING_STEP_FIELD_NUMBER: _ClassVar[int]
    PARENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    SPEC_HASH_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    REJECTION_FIELD_NUMBER: _ClassVar[int]
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    Q_VALUES_FIELD_NUMBER: _ClassVar[int]
    CHECKED_FIELD_NUMBER: _ClassVar[int]
    GRAPH_SHA256_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    CODE_VERSION_FIELD_NUMBER: _ClassVar[int]
    GAME_HASH_FIELD_NUMBER: _ClassVar[int]
    CONFIG_SHA256_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: int
    state: PolicyState
    run_id: str
    training_step: int
    parent_version: int
    snapshot: bool
    collection: Collection
    spec_hash: str
    sha256: str
    size_bytes: int
    create_time: _timestamp_pb2.Timestamp
    metadata: _containers.ScalarMap[str, str]
    rejection: str
    aliases: _containers.RepeatedScalarFieldContainer[str]
    revision: int
    q_values: bool
    checked: str
    graph_sha256: str
    variants: _containers.RepeatedCompositeFieldContainer[PolicyVariantFile]
    code_version: str
    game_hash: str
    config_sha256: str
    def __init__(self, name: _Optional[str] = ..., version: _Optional[int] = ..., state: _Optional[_Union[PolicyState, str]] = ..., run_id: _Optional[str] = ..., training_step: _Optional[int] = ..., parent_version: _Optional[int] = ..., snapshot: _Optional[bool] = ..., collection: _Optional[_Union[Collection, _Mapping]] = ..., spec_hash: _Optional[str] = ..., sha256: _Optional[str] = ..., size_bytes: _Optional[int] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., metadata: _Optional[_Mapping[str, str]] = ..., rejection: _Optional[str] = ..., aliases: _Optional[_Iterable[str]] = ..., revision: _Optional[int] = ..., q_values: _Optional[bool] = ..., checked: _Optional[str] = ..., graph_sha256: _Optional[str] = ..., variants: _Optional[_Iterable[_Union[PolicyVariantFile, _Mapping]]] = ..., code_version: _Optional[str] = ..., game_hash: _Optional[str] = ..., config_sha256: _Optional[str] = ...) -> None: ...

class PublishPolicyRequest(_message.Message):
    __slots__ = ("header", "chunk")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    header: PublishPolicyHeader
    chunk: bytes
    def __init__(self, header: _Optional[_Union[PublishPolicyHeader, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class PublishPolicyHeader(_message.Message):
    __slots__ = ("request_id", "name", "run_id", "training_step", "parent_version", "snapshot", "collection", "sha256", "size_bytes", "metadata", "parity", "fence", "q_values", "graph_sha256", "weights", "variants", "code_version", "config", "config_sha256")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class ConfigEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    TRAINING_STEP_FIELD_NUMBER: _ClassVar[int]
    PARENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    PARITY_FIELD_NUMBER: _ClassVar[int]
    FENCE_FIELD_NUMBER: _ClassVar[int]
    Q_VALUES_FIELD_NUMBER: _ClassVar[int]
    GRAPH_SHA256_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    CODE_VERSION_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    CONFIG_SHA256_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    name: str
    run_id: str
    training_step: int
    parent_version: int
    snapshot: bool
    collection: Collection
    sha256: str
    size_bytes: int
    metadata: _containers.ScalarMap[str, str]
    parity: ParityCheck
    fence: int
    q_values: bool
    graph_sha256: str
    weights: bytes
    variants: _containers.RepeatedScalarFieldContainer[PolicyVariant]
    code_version: str
    config: _containers.ScalarMap[str, str]
    config_sha256: str
    def __init__(self, request_id: _Optional[str] = ..., name: _Optional[str] = ..., run_id: _Optional[str] = ..., training_step: _Optional[int] = ..., parent_version: _Optional[int] = ..., snapshot: _Optional[bool] = ..., collection: _Optional[_Union[Collection, _Mapping]] = ..., sha256: _Optional[str] = ..., size_bytes: _Optional[int] = ..., metadata: _Optional[_Mapping[str, str]] = ..., parity: _Optional[_Union[ParityCheck, _Mapping]] = ..., fence: _Optional[int] = ..., q_values: _Optional[bool] = ..., graph_sha256: _Optional[str] = ..., weights: _Optional[bytes] = ..., variants: _Optional[_Iterable[_Union[PolicyVariant, str]]] = ..., code_version: _Optional[str] = ..., config: _Optional[_Mapping[str, str]] = ..., config_sha256: _Optional[str] = ...) -> None: ...

class ParityCheck(_message.Message):
    __slots__ = ("observation", "action_mask", "logits", "value", "state", "next_state", "inputs", "outputs")
    class InputsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _tensor_pb2.Tensor
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ...) -> None: ...
    class OutputsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _tensor_pb2.Tensor
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ...) -> None: ...
    OBSERVATION_FIELD_NUMBER: _ClassVar[int]
    ACTION_MASK_FIELD_NUMBER: _ClassVar[int]
    LOGITS_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    NEXT_STATE_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    observation: _tensor_pb2.Tensor
    action_mask: _tensor_pb2.Tensor
    logits: _tensor_pb2.Tensor
    value: _tensor_pb2.Tensor
    state: _tensor_pb2.Tensor
    next_state: _tensor_pb2.Tensor
    inputs: _containers.MessageMap[str, _tensor_pb2.Tensor]
    outputs: _containers.MessageMap[str, _tensor_pb2.Tensor]
    def __init__(self, observation: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., action_mask: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., logits: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., value: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., state: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., next_state: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., inputs: _Optional[_Mapping[str, _tensor_pb2.Tensor]] = ..., outputs: _Optional[_Mapping[str, _tensor_pb2.Tensor]] = ...) -> None: ...

class PublishPolicyResponse(_message.Message):
    __slots__ = ("policy",)
    POLICY_FIELD_NUMBER: _ClassVar[int]
    policy: PolicyVersion
    def __init__(self, policy: _Optional[_Union[PolicyVersion, _Mapping]] = ...) -> None: ...

class GetPolicyRequest(_message.Message):
    __slots__ = ("policy", "if_none_match", "offset", "metadata_only", "graph_sha256", "variant")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    IF_NONE_MATCH_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    METADATA_ONLY_FIELD_NUMBER: _ClassVar[int]
    GRAPH_SHA256_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    policy: str
    if_none_match: str
    offset: int
    metadata_only: bool
    graph_sha256: str
    variant: PolicyVariant
    def __init__(self, policy: _Optional[str] = ..., if_none_match: _Optional[str] = ..., offset: _Optional[int] = ..., metadata_only: _Optional[bool] = ..., graph_sha256: _Optional[str] = ..., variant: _Optional[_Union[PolicyVariant, str]] = ...) -> None: ...

class GetPolicyResponse(_message.Message):
    __slots__ = ("policy", "chunk")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    policy: PolicyVersion
    chunk: bytes
    def __init__(self, policy: _Optional[_Union[PolicyVersion, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class ListPoliciesRequest(_message.Message):
    __slots__ = ("name", "snapshots_only", "include_all_states", "page_size", "page_token", "run_id", "game", "game_hash", "spec_hash", "sha256", "code_version", "parent_version", "min_training_step", "max_training_step", "config", "create_time_from", "create_time_before")
    class ConfigEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOTS_ONLY_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_ALL_STATES_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    GAME_FIELD_NUMBER: _ClassVar[int]
    GAME_HASH_FIELD_NUMBER: _ClassVar[int]
    SPEC_HASH_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    CODE_VERSION_FIELD_NUMBER: _ClassVar[int]
    PARENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    MIN_TRAINING_STEP_FIELD_NUMBER: _ClassVar[int]
    MAX_TRAINING_STEP_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FROM_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_BEFORE_FIELD_NUMBER: _ClassVar[int]
    name: str
    snapshots_only: bool
    include_all_states: bool
    page_size: int
    page_token: str
    run_id: str
    game: str
    game_hash: str
    spec_hash: str
    sha256: str
    code_version: str
    parent_version: int
    min_training_step: int
    max_training_step: int
    config: _containers.ScalarMap[str, str]
    create_time_from: _timestamp_pb2.Timestamp
    create_time_before: _timestamp_pb2.Timestamp
    def __init__(self, name: _Optional[str] = ..., snapshots_only: _Optional[bool] = ..., include_all_states: _Optional[bool] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., run_id: _Optional[str] = ..., game: _Optional[str] = ..., game_hash: _Optional[str] = ..., spec_hash: _Optional[str] = ..., sha256: _Optional[str] = ..., code_version: _Optional[str] = ..., parent_version: _Optional[int] = ..., min_training_step: _Optional[int] = ..., max_training_step: _Optional[int] = ..., config: _Optional[_Mapping[str, str]] = ..., create_time_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., create_time_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListPoliciesResponse(_message.Message):
    __slots__ = ("policies", "next_page_token", "revision")
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    policies: _containers.RepeatedCompositeFieldContainer[PolicyVersion]
    next_page_token: str
    revision: int
    def __init__(self, policies: _Optional[_Iterable[_Union[PolicyVersion, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., revision: _Optional[int] = ...) -> None: ...

class WatchPoliciesRequest(_message.Message):
    __slots__ = ("name", "since_revision", "graph_sha256", "together")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SINCE_REVISION_FIELD_NUMBER: _ClassVar[int]
    GRAPH_SHA256_FIELD_NUMBER: _ClassVar[int]
    TOGETHER_FIELD_NUMBER: _ClassVar[int]
    name: str
    since_revision: int
    graph_sha256: str
    together: bool
    def __init__(self, name: _Optional[str] = ..., since_revision: _Optional[int] = ..., graph_sha256: _Optional[str] = ..., together: _Optional[bool] = ...) -> None: ...

class WatchPoliciesResponse(_message.Message):
    __slots__ = ("revision", "policy", "alias", "heartbeat", "weights", "spread_seconds", "also")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    SPREAD_SECONDS_FIELD_NUMBER: _ClassVar[int]
    ALSO_FIELD_NUMBER: _ClassVar[int]
    revision: int
    policy: PolicyVersion
    alias: Alias
    heartbeat: bool
    weights: PolicyWeights
    spread_seconds: float
    also: _containers.RepeatedCompositeFieldContainer[WatchPoliciesResponse]
    def __init__(self, revision: _Optional[int] = ..., policy: _Optional[_Union[PolicyVersion, _Mapping]] = ..., alias: _Optional[_Union[Alias, _Mapping]] = ..., heartbeat: _Optional[bool] = ..., weights: _Optional[_Union[PolicyWeights, _Mapping]] = ..., spread_seconds: _Optional[float] = ..., also: _Optional[_Iterable[_Union[WatchPoliciesResponse, _Mapping]]] = ...) -> None: ...

class PolicyWeights(_message.Message):
    __slots__ = ("sha256", "weights")
    SHA256_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    sha256: str
    weights: bytes
    def __init__(self, sha256: _Optional[str] = ..., weights: _Optional[bytes] = ...) -> None: ...

class Alias(_message.Message):
    __slots__ = ("name", "alias", "version", "revision")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    name: str
    alias: str
    version: int
    revision: int
    def __init__(self, name: _Optional[str] = ..., alias: _Optional[str] = ..., version: _Optional[int] = ..., revision: _Optional[int] = ...) -> None: ...

class SetAliasRequest(_message.Message):
    __slots__ = ("name", "alias", "version", "expected_revision", "reason", "mover", "gate_id", "previous_alias")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_REVISION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MOVER_FIELD_NUMBER: _ClassVar[int]
    GATE_ID_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_ALIAS_FIELD_NUMBER: _ClassVar[int]
    name: str
    alias: str
    version: int
    expected_revision: int
    reason: str
    mover: str
    gate_id: str
    previous_alias: str
    def __init__(self, name: _Optional[str] = ..., alias: _Optional[str] = ..., version: _Optional[int] = ..., expected_revision: _Optional[int] = ..., reason: _Optional[str] = ..., mover: _Optional[str] = ..., gate_id: _Optional[str] = ..., previous_alias: _Optional[str] = ...) -> None: ...

class SetAliasResponse(_message.Message):
    __slots__ = ("alias",)
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    alias: Alias
    def __init__(self, alias: _Optional[_Union[Alias, _Mapping]] = ...) -> None: ...

class AliasMove(_message.Message):
    __slots__ = ("name", "alias", "from_version", "version", "revision", "time", "reason", "mover", "key_id", "gate_id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    FROM_VERSION_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MOVER_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    GATE_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    alias: str
    from_version: int
    version: int
    revision: int
    time: _timestamp_pb2.Timestamp
    reason: str
    mover: str
    key_id: str
    gate_id: str
    def __init__(self, name: _Optional[str] = ..., alias: _Optional[str] = ..., from_version: _Optional[int] = ..., version: _Optional[int] = ..., revision: _Optional[int] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ..., mover: _Optional[str] = ..., key_id: _Optional[str] = ..., gate_id: _Optional[str] = ...) -> None: ...

class GetAliasRequest(_message.Message):
    __slots__ = ("name", "alias")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    name: str
    alias: str
    def __init__(self, name: _Optional[str] = ..., alias: _Optional[str] = ...) -> None: ...

class GetAliasResponse(_message.Message):
    __slots__ = ("alias", "last_move")
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    LAST_MOVE_FIELD_NUMBER: _ClassVar[int]
    alias: Alias
    last_move: AliasMove
    def __init__(self, alias: _Optional[_Union[Alias, _Mapping]] = ..., last_move: _Optional[_Union[AliasMove, _Mapping]] = ...) -> None: ...

class ListAliasHistoryRequest(_message.Message):
    __slots__ = ("name", "alias", "page_size", "page_token")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    name: str
    alias: str
    page_size: int
    page_token: str
    def __init__(self, name: _Optional[str] = ..., alias: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListAliasHistoryResponse(_message.Message):
    __slots__ = ("moves", "next_page_token")
    MOVES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    moves: _containers.RepeatedCompositeFieldContainer[AliasMove]
    next_page_token: str
    def __init__(self, moves: _Optional[_Iterable[_Union[AliasMove, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class HoldNameRequest(_message.Message):
    __slots__ = ("name", "run_id", "owner", "place", "fence", "take_over", "release")
    NAME_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    FENCE_FIELD_NUMBER: _ClassVar[int]
    TAKE_OVER_FIELD_NUMBER: _ClassVar[int]
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    name: str
    run_id: str
    owner: str
    place: str
    fence: int
    take_over: bool
    release: bool
    def __init__(self, name: _Optional[str] = ..., run_id: _Optional[str] = ..., owner: _Optional[str] = ..., place: _Optional[str] = ..., fence: _Optional[int] = ..., take_over: _Optional[bool] = ..., release: _Optional[bool] = ...) -> None: ...

class HoldNameResponse(_message.Message):
    __slots__ = ("fence", "seconds")
    FENCE_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    fence: int
    seconds: float
    def __init__(self, fence: _Optional[int] = ..., seconds: _Optional[float] = ...) -> None: ...

class InferRequest(_message.Message):
    __slots__ = ("policy", "rows", "columns", "outputs", "temperature", "seed", "session_ids", "begin_rows", "session", "variant")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    SESSION_IDS_FIELD_NUMBER: _ClassVar[int]
    BEGIN_ROWS_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    policy: str
    rows: int
    columns: _containers.RepeatedCompositeFieldContainer[_tensor_pb2.NamedColumn]
    outputs: _containers.RepeatedScalarFieldContainer[str]
    temperature: float
    seed: int
    session_ids: _containers.RepeatedScalarFieldContainer[str]
    begin_rows: _containers.RepeatedScalarFieldContainer[int]
    session: str
    variant: PolicyVariant
    def __init__(self, policy: _Optional[str] = ..., rows: _Optional[int] = ..., columns: _Optional[_Iterable[_Union[_tensor_pb2.NamedColumn, _Mapping]]] = ..., outputs: _Optional[_Iterable[str]] = ..., temperature: _Optional[float] = ..., seed: _Optional[int] = ..., session_ids: _Optional[_Iterable[str]] = ..., begin_rows: _Optional[_Iterable[int]] = ..., session: _Optional[str] = ..., variant: _Optional[_Union[PolicyVariant, str]] = ...) -> None: ...

class InferResponse(_message.Message):
    __slots__ = ("name", "version", "rows", "columns", "begun_rows", "experiment_id", "row_versions", "variant")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    BEGUN_ROWS_FIELD_NUMBER: _ClassVar[int]
    EXPERIMENT_ID_FIELD_NUMBER: _ClassVar[int]
    ROW_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: int
    rows: int
    columns: _containers.RepeatedCompositeFieldContainer[_tensor_pb2.NamedColumn]
    begun_rows: _containers.RepeatedScalarFieldContainer[int]
    experiment_id: str
    row_versions: _containers.RepeatedScalarFieldContainer[int]
    variant: PolicyVariant
    def __init__(self, name: _Optional[str] = ..., version: _Optional[int] = ..., rows: _Optional[int] = ..., columns: _Optional[_Iterable[_Union[_tensor_pb2.NamedColumn, _Mapping]]] = ..., begun_rows: _Optional[_Iterable[int]] = ..., experiment_id: _Optional[str] = ..., row_versions: _Optional[_Iterable[int]] = ..., variant: _Optional[_Union[PolicyVariant, str]] = ...) -> None: ...

class GetPolicySignatureRequest(_message.Message):
    __slots__ = ("policy", "variant")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    policy: str
    variant: PolicyVariant
    def __init__(self, policy: _Optional[str] = ..., variant: _Optional[_Union[PolicyVariant, str]] = ...) -> None: ...

class GetPolicySignatureResponse(_message.Message):
    __slots__ = ("name", "version", "inputs", "optional_inputs", "outputs", "state_size", "max_rows", "variant", "providers", "providers_reason")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    OPTIONAL_INPUTS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    STATE_SIZE_FIELD_NUMBER: _ClassVar[int]
    MAX_ROWS_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    PROVIDERS_FIELD_NUMBER: _ClassVar[int]
    PROVIDERS_REASON_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: int
    inputs: _tensor_pb2.Signature
    optional_inputs: _containers.RepeatedScalarFieldContainer[str]
    outputs: _tensor_pb2.Signature
    state_size: int
    max_rows: int
    variant: PolicyVariant
    providers: _containers.RepeatedScalarFieldContainer[str]
    providers_reason: str
    def __init__(self, name: _Optional[str] = ..., version: _Optional[int] = ..., inputs: _Optional[_Union[_tensor_pb2.Signature, _Mapping]] = ..., optional_inputs: _Optional[_Iterable[str]] = ..., outputs: _Optional[_Union[_tensor_pb2.Signature, _Mapping]] = ..., state_size: _Optional[int] = ..., max_rows: _Optional[int] = ..., variant: _Optional[_Union[PolicyVariant, str]] = ..., providers: _Optional[_Iterable[str]] = ..., providers_reason: _Optional[str] = ...) -> None: ...

class ResetSessionsRequest(_message.Message):
    __slots__ = ("name", "session_ids")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SESSION_IDS_FIELD_NUMBER: _ClassVar[int]
    name: str
    session_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., session_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class ResetSessionsResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetDriftRequest(_message.Message):
    __slots__ = ("policy",)
    POLICY_FIELD_NUMBER: _ClassVar[int]
    policy: str
    def __init__(self, policy: _Optional[str] = ...) -> None: ...

class GetDriftResponse(_message.Message):
    __slots__ = ("policies",)
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    policies: _containers.RepeatedCompositeFieldContainer[PolicyDrift]
    def __init__(self, policies: _Optional[_Iterable[_Union[PolicyDrift, _Mapping]]] = ...) -> None: ...

class PolicyDrift(_message.Message):
    __slots__ = ("policy", "rows", "reference_rows", "window_seconds", "drifted", "columns", "reason")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_ROWS_FIELD_NUMBER: _ClassVar[int]
    WINDOW_SECONDS_FIELD_NUMBER: _ClassVar[int]
    DRIFTED_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    policy: str
    rows: int
    reference_rows: int
    window_seconds: float
    drifted: bool
    columns: _containers.RepeatedCompositeFieldContainer[DriftColumn]
    reason: str
    def __init__(self, policy: _Optional[str] = ..., rows: _Optional[int] = ..., reference_rows: _Optional[int] = ..., window_seconds: _Optional[float] = ..., drifted: _Optional[bool] = ..., columns: _Optional[_Iterable[_Union[DriftColumn, _Mapping]]] = ..., reason: _Optional[str] = ...) -> None: ...

class DriftColumn(_message.Message):
    __slots__ = ("column", "psi", "ks", "feature", "drifted", "mean", "reference_mean")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    PSI_FIELD_NUMBER: _ClassVar[int]
    KS_FIELD_NUMBER: _ClassVar[int]
    FEATURE_FIELD_NUMBER: _ClassVar[int]
    DRIFTED_FIELD_NUMBER: _ClassVar[int]
    MEAN_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_MEAN_FIELD_NUMBER: _ClassVar[int]
    column: str
    psi: float
    ks: float
    feature: str
    drifted: bool
    mean: float
    reference_mean: float
    def __init__(self, column: _Optional[str] = ..., psi: _Optional[float] = ..., ks: _Optional[float] = ..., feature: _Optional[str] = ..., drifted: _Optional[bool] = ..., mean: _Optional[float] = ..., reference_mean: _Optional[float] = ...) -> None: ...

class ExperimentArm(_message.Message):
    __slots__ = ("version", "weight")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    version: int
    weight: float
    def __init__(self, version: _Optional[int] = ..., weight: _Optional[float] = ...) -> None: ...

class ExperimentRules(_message.Message):
    __slots__ = ("significance", "max_score_loss", "max_error_increase", "max_slow_increase", "slow_time", "least_effect", "power")
    SIGNIFICANCE_FIELD_NUMBER: _ClassVar[int]
    MAX_SCORE_LOSS_FIELD_NUMBER: _ClassVar[int]
    MAX_ERROR_INCREASE_FIELD_NUMBER: _ClassVar[int]
    MAX_SLOW_INCREASE_FIELD_NUMBER: _ClassVar[int]
    SLOW_TIME_FIELD_NUMBER: _ClassVar[int]
    LEAST_EFFECT_FIELD_NUMBER: _ClassVar[int]
    POWER_FIELD_NUMBER: _ClassVar[int]
    significance: float
    max_score_loss: float
    max_error_increase: float
    max_slow_increase: float
    slow_time: _duration_pb2.Duration
    least_effect: float
    power: float
    def __init__(self, significance: _Optional[float] = ..., max_score_loss: _Optional[float] = ..., max_error_increase: _Optional[float] = ..., max_slow_increase: _Optional[float] = ..., slow_time: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., least_effect: _Optional[float] = ..., power: _Optional[float] = ...) -> None: ...

class CanaryPlan(_message.Message):
    __slots__ = ("steps", "step_time", "step_answers", "step_outcomes", "promote")
    STEPS_FIELD_NUMBER: _ClassVar[int]
    STEP_TIME_FIELD_NUMBER: _ClassVar[int]
    STEP_ANSWERS_FIELD_NUMBER: _ClassVar[int]
    STEP_OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    PROMOTE_FIELD_NUMBER: _ClassVar[int]
    steps: _containers.RepeatedScalarFieldContainer[float]
    step_time: _duration_pb2.Duration
    step_answers: int
    step_outcomes: int
    promote: bool
    def __init__(self, steps: _Optional[_Iterable[float]] = ..., step_time: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., step_answers: _Optional[int] = ..., step_outcomes: _Optional[int] = ..., promote: _Optional[bool] = ...) -> None: ...

class CreateExperimentRequest(_message.Message):
    __slots__ = ("experiment_id", "kind", "name", "alias", "arms", "rules", "plan", "reason", "creator")
    EXPERIMENT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    ARMS_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    experiment_id: str
    kind: ExperimentKind
    name: str
    alias: str
    arms: _containers.RepeatedCompositeFieldContainer[ExperimentArm]
    rules: ExperimentRules
    plan: CanaryPlan
    reason: str
    creator: str
    def __init__(self, experiment_id: _Optional[str] = ..., kind: _Optional[_Union[ExperimentKind, str]] = ..., name: _Optional[str] = ..., alias: _Optional[str] = ..., arms: _Optional[_Iterable[_Union[ExperimentArm, _Mapping]]] = ..., rules: _Optional[_Union[ExperimentRules, _Mapping]] = ..., plan: _Optional[_Union[CanaryPlan, _Mapping]] = ..., reason: _Optional[str] = ..., creator: _Optional[str] = ...) -> None: ...

class CreateExperimentResponse(_message.Message):
    __slots__ = ("experiment",)
    EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    experiment: Experiment
    def __init__(self, experiment: _Optional[_Union[Experiment, _Mapping]] = ...) -> None: ...

class ExperimentArmFigures(_message.Message):
    __slots__ = ("version", "share", "calls", "errors", "slow", "mean_seconds", "p50_seconds", "p99_seconds", "outcomes", "mean_score", "dropped", "compared_rows", "agreeing_rows")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    SLOW_FIELD_NUMBER: _ClassVar[int]
    MEAN_SECONDS_FIELD_NUMBER: _ClassVar[int]
    P50_SECONDS_FIELD_NUMBER: _ClassVar[int]
    P99_SECONDS_FIELD_NUMBER: _ClassVar[int]
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    MEAN_SCORE_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    COMPARED_ROWS_FIELD_NUMBER: _ClassVar[int]
    AGREEING_ROWS_FIELD_NUMBER: _ClassVar[int]
    version: int
    share: float
    calls: int
    errors: int
    slow: int
    mean_seconds: float
    p50_seconds: float
    p99_seconds: float
    outcomes: int
    mean_score: float
    dropped: int
    compared_rows: int
    agreeing_rows: int
    def __init__(self, version: _Optional[int] = ..., share: _Optional[float] = ..., calls: _Optional[int] = ..., errors: _Optional[int] = ..., slow: _Optional[int] = ..., mean_seconds: _Optional[float] = ..., p50_seconds: _Optional[float] = ..., p99_seconds: _Optional[float] = ..., outcomes: _Optional[int] = ..., mean_score: _Optional[float] = ..., dropped: _Optional[int] = ..., compared_rows: _Optional[int] = ..., agreeing_rows: _Optional[int] = ...) -> None: ...

class ExperimentComparison(_message.Message):
    __slots__ = ("version", "metric", "effect", "low", "high", "confidence", "e_value", "p_value", "observations", "required_observations", "ruled", "tolerance", "broken")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    METRIC_FIELD_NUMBER: _ClassVar[int]
    EFFECT_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    E_VALUE_FIELD_NUMBER: _ClassVar[int]
    P_VALUE_FIELD_NUMBER: _ClassVar[int]
    OBSERVATIONS_FIELD_NUMBER: _ClassVar[int]
    REQUIRED_OBSERVATIONS_FIELD_NUMBER: _ClassVar[int]
    RULED_FIELD_NUMBER: _ClassVar[int]
    TOLERANCE_FIELD_NUMBER: _ClassVar[int]
    BROKEN_FIELD_NUMBER: _ClassVar[int]
    version: int
    metric: ExperimentMetric
    effect: float
    low: float
    high: float
    confidence: float
    e_value: float
    p_value: float
    observations: int
    required_observations: int
    ruled: bool
    tolerance: float
    broken: bool
    def __init__(self, version: _Optional[int] = ..., metric: _Optional[_Union[ExperimentMetric, str]] = ..., effect: _Optional[float] = ..., low: _Optional[float] = ..., high: _Optional[float] = ..., confidence: _Optional[float] = ..., e_value: _Optional[float] = ..., p_value: _Optional[float] = ..., observations: _Optional[int] = ..., required_observations: _Optional[int] = ..., ruled: _Optional[bool] = ..., tolerance: _Optional[float] = ..., broken: _Optional[bool] = ...) -> None: ...

class Experiment(_message.Message):
    __slots__ = ("experiment_id", "kind", "state", "name", "alias", "arms", "rules", "plan", "step", "step_begin_time", "revision", "reason", "creator", "key_id", "explanation", "create_time", "end_time", "figures", "comparisons")
    EXPERIMENT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    ARMS_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    STEP_BEGIN_TIME_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    COMPARISONS_FIELD_NUMBER: _ClassVar[int]
    experiment_id: str
    kind: ExperimentKind
    state: ExperimentState
    name: str
    alias: str
    arms: _containers.RepeatedCompositeFieldContainer[ExperimentArm]
    rules: ExperimentRules
    plan: CanaryPlan
    step: int
    step_begin_time: _timestamp_pb2.Timestamp
    revision: int
    reason: str
    creator: str
    key_id: str
    explanation: str
    create_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    figures: _containers.RepeatedCompositeFieldContainer[ExperimentArmFigures]
    comparisons: _containers.RepeatedCompositeFieldContainer[ExperimentComparison]
    def __init__(self, experiment_id: _Optional[str] = ..., kind: _Optional[_Union[ExperimentKind, str]] = ..., state: _Optional[_Union[ExperimentState, str]] = ..., name: _Optional[str] = ..., alias: _Optional[str] = ..., arms: _Optional[_Iterable[_Union[ExperimentArm, _Mapping]]] = ..., rules: _Optional[_Union[ExperimentRules, _Mapping]] = ..., plan: _Optional[_Union[CanaryPlan, _Mapping]] = ..., step: _Optional[int] = ..., step_begin_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revision: _Optional[int] = ..., reason: _Optional[str] = ..., creator: _Optional[str] = ..., key_id: _Optional[str] = ..., explanation: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., figures: _Optional[_Iterable[_Union[ExperimentArmFigures, _Mapping]]] = ..., comparisons: _Optional[_Iterable[_Union[ExperimentComparison, _Mapping]]] = ...) -> None: ...

class GetExperimentRequest(_message.Message):
    __slots__ = ("experiment_id",)
    EXPERIMENT_ID_FIELD_NUMBER: _ClassVar[int]
    experiment_id: str
    def __init__(self, experiment_id: _Optional[str] = ...) -> None: ...

class GetExperimentResponse(_message.Message):
    __slots__ = ("experiment",)
    EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    experiment: Experiment
    def __init__(self, experiment: _Optional[_Union[Experiment, _Mapping]] = ...) -> None: ...

class ListExperimentsRequest(_message.Message):
    __slots__ = ("name", "running_only", "page_size", "page_token")
    NAME_FIELD_NUMBER: _ClassVar[int]
    RUNNING_ONLY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    name: str
    running_only: bool
    page_size: int
    page_token: str
    def __init__(self, name: _Optional[str] = ..., running_only: _Optional[bool] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListExperimentsResponse(_message.Message):
    __slots__ = ("experiments", "next_page_token")
    EXPERIMENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    experiments: _containers.RepeatedCompositeFieldContainer[Experiment]
    next_page_token: str
    def __init__(self, experiments: _Optional[_Iterable[_Union[Experiment, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateExperimentRequest(_message.Message):
    __slots__ = ("experiment_id", "weights", "expected_revision")
    EXPERIMENT_ID_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_REVISION_FIELD_NUMBER: _ClassVar[int]
    experiment_id: str
    weights: _containers.RepeatedScalarFieldContainer[float]
    expected_revision: int
    def __init__(self, experiment_id: _Optional[str] = ..., weights: _Optional[_Iterable[float]] = ..., expected_revision: _Optional[int] = ...) -> None: ...

class UpdateExperimentResponse(_message.Message):
    __slots__ = ("experiment",)
    EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    experiment: Experiment
    def __init__(self, experiment: _Optional[_Union[Experiment, _Mapping]] = ...) -> None: ...

class StopExperimentRequest(_message.Message):
    __slots__ = ("experiment_id", "reason")
    EXPERIMENT_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    experiment_id: str
    reason: str
    def __init__(self, experiment_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class StopExperimentResponse(_message.Message):
    __slots__ = ("experiment",)
    EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    experiment: Experiment
    def __init__(self, experiment: _Optional[_Union[Experiment, _Mapping]] = ...) -> None: ...

class SessionOutcome(_message.Message):
    __slots__ = ("session", "score", "version")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    session: str
    score: float
    version: int
    def __init__(self, session: _Optional[str] = ..., score: _Optional[float] = ..., version: _Optional[int] = ...) -> None: ...

class RecordOutcomesRequest(_message.Message):
    __slots__ = ("experiment_id", "outcomes")
    EXPERIMENT_ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    experiment_id: str
    outcomes: _containers.RepeatedCompositeFieldContainer[SessionOutcome]
    def __init__(self, experiment_id: _Optional[str] = ..., outcomes: _Optional[_Iterable[_Union[SessionOutcome, _Mapping]]] = ...) -> None: ...

class RecordOutcomesResponse(_message.Message):
    __slots__ = ("recorded", "known")
    RECORDED_FIELD_NUMBER: _ClassVar[int]
    KNOWN_FIELD_NUMBER: _ClassVar[int]
    recorded: int
    known: int
    def __init__(self, recorded: _Optional[int] = ..., known: _Optional[int] = ...) -> None: ...

class AssignSessionRequest(_message.Message):
    __slots__ = ("policy", "session")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    policy: str
    session: str
    def __init__(self, policy: _Optional[str] = ..., session: _Optional[str] = ...) -> None: ...

class AssignSessionResponse(_message.Message):
    __slots__ = ("name", "version", "experiment_id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    EXPERIMENT_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: int
    experiment_id: str
    def __init__(self, name: _Optional[str] = ..., version: _Optional[int] = ..., experiment_id: _Optional[str] = ...) -> None: ...

class ExternalEpisodesRequest(_message.Message):
    __slots__ = ("simulator", "turn")
    SIMULATOR_FIELD_NUMBER: _ClassVar[int]
    TURN_FIELD_NUMBER: _ClassVar[int]
    simulator: SimulatorDescription
    turn: SimulatorTurn
    def __init__(self, simulator: _Optional[_Union[SimulatorDescription, _Mapping]] = ..., turn: _Optional[_Union[SimulatorTurn, _Mapping]] = ...) -> None: ...

class SimulatorDescription(_message.Message):
    __slots__ = ("name", "kinds", "reward_lag")
    NAME_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    REWARD_LAG_FIELD_NUMBER: _ClassVar[int]
    name: str
    kinds: _containers.RepeatedCompositeFieldContainer[AgentKind]
    reward_lag: int
    def __init__(self, name: _Optional[str] = ..., kinds: _Optional[_Iterable[_Union[AgentKind, _Mapping]]] = ..., reward_lag: _Optional[int] = ...) -> None: ...

class AgentKind(_message.Message):
    __slots__ = ("name", "observation_space", "action_space", "policy")
    NAME_FIELD_NUMBER: _ClassVar[int]
    OBSERVATION_SPACE_FIELD_NUMBER: _ClassVar[int]
    ACTION_SPACE_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    name: str
    observation_space: _tensor_pb2.Space
    action_space: _tensor_pb2.Space
    policy: str
    def __init__(self, name: _Optional[str] = ..., observation_space: _Optional[_Union[_tensor_pb2.Space, _Mapping]] = ..., action_space: _Optional[_Union[_tensor_pb2.Space, _Mapping]] = ..., policy: _Optional[str] = ...) -> None: ...

class SimulatorTurn(_message.Message):
    __slots__ = ("sequence", "agents", "rewards", "ended_episodes")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    AGENTS_FIELD_NUMBER: _ClassVar[int]
    REWARDS_FIELD_NUMBER: _ClassVar[int]
    ENDED_EPISODES_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    agents: _containers.RepeatedCompositeFieldContainer[AgentRows]
    rewards: _containers.RepeatedCompositeFieldContainer[LateReward]
    ended_episodes: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, sequence: _Optional[int] = ..., agents: _Optional[_Iterable[_Union[AgentRows, _Mapping]]] = ..., rewards: _Optional[_Iterable[_Union[LateReward, _Mapping]]] = ..., ended_episodes: _Optional[_Iterable[int]] = ...) -> None: ...

class AgentRows(_message.Message):
    __slots__ = ("kind", "episodes", "agents", "rewards", "status", "columns", "policies", "successes")
    KIND_FIELD_NUMBER: _ClassVar[int]
    EPISODES_FIELD_NUMBER: _ClassVar[int]
    AGENTS_FIELD_NUMBER: _ClassVar[int]
    REWARDS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    SUCCESSES_FIELD_NUMBER: _ClassVar[int]
    kind: str
    episodes: _containers.RepeatedScalarFieldContainer[int]
    agents: _containers.RepeatedScalarFieldContainer[int]
    rewards: _containers.RepeatedScalarFieldContainer[float]
    status: bytes
    columns: _containers.RepeatedCompositeFieldContainer[_tensor_pb2.NamedColumn]
    policies: _containers.RepeatedScalarFieldContainer[str]
    successes: bytes
    def __init__(self, kind: _Optional[str] = ..., episodes: _Optional[_Iterable[int]] = ..., agents: _Optional[_Iterable[int]] = ..., rewards: _Optional[_Iterable[float]] = ..., status: _Optional[bytes] = ..., columns: _Optional[_Iterable[_Union[_tensor_pb2.NamedColumn, _Mapping]]] = ..., policies: _Optional[_Iterable[str]] = ..., successes: _Optional[bytes] = ...) -> None: ...

class LateReward(_message.Message):
    __slots__ = ("episode", "agent", "kind", "step", "reward")
    EPISODE_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    REWARD_FIELD_NUMBER: _ClassVar[int]
    episode: int
    agent: int
    kind: str
    step: int
    reward: float
    def __init__(self, episode: _Optional[int] = ..., agent: _Optional[int] = ..., kind: _Optional[str] = ..., step: _Optional[int] = ..., reward: _Optional[float] = ...) -> None: ...

class ExternalEpisodesResponse(_message.Message):
    __slots__ = ("opened", "answer", "waiting", "failed", "heartbeat")
    OPENED_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    opened: SimulatorOpened
    answer: TurnAnswer
    waiting: SimulatorWaiting
    failed: EpisodeFailed
    heartbeat: bool
    def __init__(self, opened: _Optional[_Union[SimulatorOpened, _Mapping]] = ..., answer: _Optional[_Union[TurnAnswer, _Mapping]] = ..., waiting: _Optional[_Union[SimulatorWaiting, _Mapping]] = ..., failed: _Optional[_Union[EpisodeFailed, _Mapping]] = ..., heartbeat: _Optional[bool] = ...) -> None: ...

class SimulatorOpened(_message.Message):
    __slots__ = ("kinds",)
    KINDS_FIELD_NUMBER: _ClassVar[int]
    kinds: _containers.RepeatedCompositeFieldContainer[KindPlayed]
    def __init__(self, kinds: _Optional[_Iterable[_Union[KindPlayed, _Mapping]]] = ...) -> None: ...

class KindPlayed(_message.Message):
    __slots__ = ("kind", "policy", "learns")
    KIND_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    LEARNS_FIELD_NUMBER: _ClassVar[int]
    kind: str
    policy: str
    learns: bool
    def __init__(self, kind: _Optional[str] = ..., policy: _Optional[str] = ..., learns: _Optional[bool] = ...) -> None: ...

class TurnAnswer(_message.Message):
    __slots__ = ("sequence", "agents", "left_out_rows")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    AGENTS_FIELD_NUMBER: _ClassVar[int]
    LEFT_OUT_ROWS_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    agents: _containers.RepeatedCompositeFieldContainer[AgentActions]
    left_out_rows: int
    def __init__(self, sequence: _Optional[int] = ..., agents: _Optional[_Iterable[_Union[AgentActions, _Mapping]]] = ..., left_out_rows: _Optional[int] = ...) -> None: ...

class AgentActions(_message.Message):
    __slots__ = ("kind", "episodes", "agents", "columns", "versions")
    KIND_FIELD_NUMBER: _ClassVar[int]
    EPISODES_FIELD_NUMBER: _ClassVar[int]
    AGENTS_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    kind: str
    episodes: _containers.RepeatedScalarFieldContainer[int]
    agents: _containers.RepeatedScalarFieldContainer[int]
    columns: _containers.RepeatedCompositeFieldContainer[_tensor_pb2.NamedColumn]
    versions: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, kind: _Optional[str] = ..., episodes: _Optional[_Iterable[int]] = ..., agents: _Optional[_Iterable[int]] = ..., columns: _Optional[_Iterable[_Union[_tensor_pb2.NamedColumn, _Mapping]]] = ..., versions: _Optional[_Iterable[int]] = ...) -> None: ...

class SimulatorWaiting(_message.Message):
    __slots__ = ("policy", "reason")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    policy: str
    reason: str
    def __init__(self, policy: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class EpisodeFailed(_message.Message):
    __slots__ = ("episode", "code", "message")
    EPISODE_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    episode: int
    code: int
    message: str
    def __init__(self, episode: _Optional[int] = ..., code: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...
