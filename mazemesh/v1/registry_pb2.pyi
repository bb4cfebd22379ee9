import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CheckOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHECK_OUTCOME_UNSPECIFIED: _ClassVar[CheckOutcome]
    CHECK_OUTCOME_PASSED: _ClassVar[CheckOutcome]
    CHECK_OUTCOME_FAILED: _ClassVar[CheckOutcome]
    CHECK_OUTCOME_SKIPPED: _ClassVar[CheckOutcome]

class UploadState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UPLOAD_STATE_UNSPECIFIED: _ClassVar[UploadState]
    UPLOAD_STATE_UPLOADING: _ClassVar[UploadState]
    UPLOAD_STATE_VALIDATING: _ClassVar[UploadState]
CHECK_OUTCOME_UNSPECIFIED: CheckOutcome
CHECK_OUTCOME_PASSED: CheckOutcome
CHECK_OUTCOME_FAILED: CheckOutcome
CHECK_OUTCOME_SKIPPED: CheckOutcome
UPLOAD_STATE_UNSPECIFIED: UploadState
UPLOAD_STATE_UPLOADING: UploadState
UPLOAD_STATE_VALIDATING: UploadState

class ValidationCheck(_message.Message):
    __slots__ = ("check", "outcome", "figure", "limit", "unit", "detail", "of")
    CHECK_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    FIGURE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    OF_FIELD_NUMBER: _ClassVar[int]
    check: str
    outcome: CheckOutcome
    figure: float
    limit: float
    unit: str
    detail: str
    of: str
    def __init__(self, check: _Optional[str] = ..., outcome: _Optional[_Union[CheckOutcome, str]] = ..., figure: _Optional[float] = ..., limit: _Optional[float] = ..., unit: _Optional[str] = ..., detail: _Optional[str] = ..., of: _Optional[str] = ...) -> None: ...

class GetPolicyDetailsRequest(_message.Message):
    __slots__ = ("policy",)
    POLICY_FIELD_NUMBER: _ClassVar[int]
    policy: str
    def __init__(self, policy: _Optional[str] = ...) -> None: ...

class GetPolicyDetailsResponse(_message.Message):
    __slots__ = ("name", "version", "checks", "config", "holds", "kept_by")
    class ConfigEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CHECKS_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    HOLDS_FIELD_NUMBER: _ClassVar[int]
    KEPT_BY_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: int
    checks: _containers.RepeatedCompositeFieldContainer[ValidationCheck]
    config: _containers.ScalarMap[str, str]
    holds: _containers.RepeatedCompositeFieldContainer[VersionHold]
    kept_by: str
    def __init__(self, name: _Optional[str] = ..., version: _Optional[int] = ..., checks: _Optional[_Iterable[_Union[ValidationCheck, _Mapping]]] = ..., config: _Optional[_Mapping[str, str]] = ..., holds: _Optional[_Iterable[_Union[VersionHold, _Mapping]]] = ..., kept_by: _Optional[str] = ...) -> None: ...

class VersionHold(_message.Message):
    __slots__ = ("policy", "holder", "reason", "expire_time")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    policy: str
    holder: str
    reason: str
    expire_time: _timestamp_pb2.Timestamp
    def __init__(self, policy: _Optional[str] = ..., holder: _Optional[str] = ..., reason: _Optional[str] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class HoldVersionsRequest(_message.Message):
    __slots__ = ("holder", "reason", "policies", "seconds")
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    holder: str
    reason: str
    policies: _containers.RepeatedScalarFieldContainer[str]
    seconds: float
    def __init__(self, holder: _Optional[str] = ..., reason: _Optional[str] = ..., policies: _Optional[_Iterable[str]] = ..., seconds: _Optional[float] = ...) -> None: ...

class HoldVersionsResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListVersionHoldsRequest(_message.Message):
    __slots__ = ("holder", "name")
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    holder: str
    name: str
    def __init__(self, holder: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class ListVersionHoldsResponse(_message.Message):
    __slots__ = ("holds",)
    HOLDS_FIELD_NUMBER: _ClassVar[int]
    holds: _containers.RepeatedCompositeFieldContainer[VersionHold]
    def __init__(self, holds: _Optional[_Iterable[_Union[VersionHold, _Mapping]]] = ...) -> None: ...

class CollectPoliciesRequest(_message.Message):
    __slots__ = ("name", "keep", "keep_snapshots", "versions", "older_than_seconds", "dry_run")
    NAME_FIELD_NUMBER: _ClassVar[int]
    KEEP_FIELD_NUMBER: _ClassVar[int]
    KEEP_SNAPSHOTS_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    OLDER_THAN_SECONDS_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    name: str
    keep: int
    keep_snapshots: int
    versions: _containers.RepeatedScalarFieldContainer[int]
    older_than_seconds: float
    dry_run: bool
    def __init__(self, name: _Optional[str] = ..., keep: _Optional[int] = ..., keep_snapshots: _Optional[int] = ..., versions: _Optional[_Iterable[int]] = ..., older_than_seconds: _Optional[float] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class CollectPoliciesResponse(_message.Message):
    __slots__ = ("versions", "file_bytes", "kept", "more")
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    FILE_BYTES_FIELD_NUMBER: _ClassVar[int]
    KEPT_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    versions: _containers.RepeatedScalarFieldContainer[int]
    file_bytes: int
    kept: _containers.RepeatedCompositeFieldContainer[KeptVersion]
    more: bool
    def __init__(self, versions: _Optional[_Iterable[int]] = ..., file_bytes: _Optional[int] = ..., kept: _Optional[_Iterable[_Union[KeptVersion, _Mapping]]] = ..., more: _Optional[bool] = ...) -> None: ...

class KeptVersion(_message.Message):
    __slots__ = ("version", "reason")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    version: int
    reason: str
    def __init__(self, version: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class PromotionRules(_message.Message):
    __slots__ = ("name", "alias", "movers", "checks", "gate", "revision")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    MOVERS_FIELD_NUMBER: _ClassVar[int]
    CHECKS_FIELD_NUMBER: _ClassVar[int]
    GATE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    name: str
    alias: str
    movers: _containers.RepeatedScalarFieldContainer[str]
    checks: _containers.RepeatedCompositeFieldContainer[RequiredCheck]
    gate: RequiredGate
    revision: int
    def __init__(self, name: _Optional[str] = ..., alias: _Optional[str] = ..., movers: _Optional[_Iterable[str]] = ..., checks: _Optional[_Iterable[_Union[RequiredCheck, _Mapping]]] = ..., gate: _Optional[_Union[RequiredGate, _Mapping]] = ..., revision: _Optional[int] = ...) -> None: ...

class RequiredCheck(_message.Message):
    __slots__ = ("check", "at_least", "at_most")
    CHECK_FIELD_NUMBER: _ClassVar[int]
    AT_LEAST_FIELD_NUMBER: _ClassVar[int]
    AT_MOST_FIELD_NUMBER: _ClassVar[int]
    check: str
    at_least: float
    at_most: float
    def __init__(self, check: _Optional[str] = ..., at_least: _Optional[float] = ..., at_most: _Optional[float] = ...) -> None: ...

class RequiredGate(_message.Message):
    __slots__ = ("baseline", "min_elo0", "max_alpha")
    BASELINE_FIELD_NUMBER: _ClassVar[int]
    MIN_ELO0_FIELD_NUMBER: _ClassVar[int]
    MAX_ALPHA_FIELD_NUMBER: _ClassVar[int]
    baseline: str
    min_elo0: float
    max_alpha: float
    def __init__(self, baseline: _Optional[str] = ..., min_elo0: _Optional[float] = ..., max_alpha: _Optional[float] = ...) -> None: ...

class SetPromotionRulesRequest(_message.Message):
    __slots__ = ("rules", "expected_revision")
    RULES_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_REVISION_FIELD_NUMBER: _ClassVar[int]
    rules: PromotionRules
    expected_revision: int
    def __init__(self, rules: _Optional[_Union[PromotionRules, _Mapping]] = ..., expected_revision: _Optional[int] = ...) -> None: ...

class SetPromotionRulesResponse(_message.Message):
    __slots__ = ("rules",)
    RULES_FIELD_NUMBER: _ClassVar[int]
    rules: PromotionRules
    def __init__(self, rules: _Optional[_Union[PromotionRules, _Mapping]] = ...) -> None: ...

class GetPromotionRulesRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class GetPromotionRulesResponse(_message.Message):
    __slots__ = ("rules",)
    RULES_FIELD_NUMBER: _ClassVar[int]
    rules: _containers.RepeatedCompositeFieldContainer[PromotionRules]
    def __init__(self, rules: _Optional[_Iterable[_Union[PromotionRules, _Mapping]]] = ...) -> None: ...

class Upload(_message.Message):
    __slots__ = ("name", "state", "run_id", "training_step", "sha256", "size_bytes", "received_bytes", "begin_time")
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    TRAINING_STEP_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_BYTES_FIELD_NUMBER: _ClassVar[int]
    BEGIN_TIME_FIELD_NUMBER: _ClassVar[int]
    name: str
    state: UploadState
    run_id: str
    training_step: int
    sha256: str
    size_bytes: int
    received_bytes: int
    begin_time: _timestamp_pb2.Timestamp
    def __init__(self, name: _Optional[str] = ..., state: _Optional[_Union[UploadState, str]] = ..., run_id: _Optional[str] = ..., training_step: _Optional[int] = ..., sha256: _Optional[str] = ..., size_bytes: _Optional[int] = ..., received_bytes: _Optional[int] = ..., begin_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListUploadsRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class ListUploadsResponse(_message.Message):
    __slots__ = ("uploads",)
    UPLOADS_FIELD_NUMBER: _ClassVar[int]
    uploads: _containers.RepeatedCompositeFieldContainer[Upload]
    def __init__(self, uploads: _Optional[_Iterable[_Union[Upload, _Mapping]]] = ...) -> None: ...
