"""What a call passes before its servicer: key, role, names, limits, its turn, the audit log.

The key and the role are looked at when the call's headers are there, and a call that is refused is
never decoded. What a key is bound to is looked up in the encoded request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import grpc
import grpc.aio
from google.protobuf import descriptor_pool
from google.protobuf.message import DecodeError

from mazemesh.errors import InvalidArgument, MazemeshError, PermissionDenied, status_of
from services._harness.access.admission import Admission, current
from services._harness.access.audit.log import AuditLog
from services._harness.access.callers.keyring import Keyring
from services._harness.access.callers.keys import NOBODY, Caller
from services._harness.access.callers.roles import ADMINISTRATORS, RPCS, Kind, Rpc
from services._harness.access.fields import Path, path, values
from services._harness.access.pace.limiting import Limiter
from services._harness.access.pace.turns import Turns
from services._harness.calls.answering import code_name, send_all
from services._harness.calls.context import Context

_HEADER: Final = "authorization"
_LONGEST_QUOTE: Final = 128
_NO_RULE: Final = Rpc(frozenset())


class Refused:
    """Stands for a request that was not let in: gRPC decodes before it calls anybody."""

    def __init__(self, error: MazemeshError) -> None:
        self.error = error


@dataclass(frozen=True, slots=True)
class Limiters:
    """For keys, for addresses, and for addresses whose calls are refused or carry no key."""

    key: Limiter
    address: Limiter
    stranger: Limiter


class Gate:
    """Guards the handlers of one server.

    Args:
        keyring: Knows callers.
        limiters: Bound what each may take.
        audit: Where writes are noted; None is nowhere.
        pace: Calls of a key a second, while others call.
        rules: What each method is, as `RPCS`.
    """

    def __init__(
        self,
        keyring: Keyring,
        limiters: Limiters,
        audit: AuditLog | None,
        pace: float,
        rules: Mapping[str, Rpc] = RPCS,
    ) -> None:
        self._keyring, self._limiters, self._audit = keyring, limiters, audit
        self._rules = rules
        self._turns = Turns(pace)

    async def admit(self, method: str, metadata: Any, request_id: Callable[[], str]) -> None:
        """Looks at key and role, when a call's headers are there. What it finds, `guard` acts on.

        Args:
            method: As on the wire.
            metadata: Pairs.
            request_id: The call's name, asked for when a line is written.
        """
        try:
            admission = Admission(await self._admitted(method, metadata), None)
        except MazemeshError as error:
            admission = Admission(NOBODY, error)
        admission.request_id = request_id
        current.set(admission)

    async def _admitted(self, method: str, metadata: Any) -> Caller:
        rule = self._rules.get(method, _NO_RULE)
        if rule.roles is None:
            return NOBODY
        header = ""
        for name, value in metadata or ():
            if name == _HEADER:
                header = value
        found = await self._keyring.caller(header)
        key = found.key
        assert key is not None
        if key.role not in rule.roles:
            raise PermissionDenied(
                f"a {key.role} may not call {method.rpartition('/')[2]}; "
                + (f"{_list(rule)} may" if rule.roles else "no role may")
            )
        if rule.whole and (key.policies or key.games):
            raise PermissionDenied(
                f"this key is bound to names, and those of {method.rpartition('/')[2]} cannot be "
                "looked at; use a key without --policies and --games"
            )
        return found

    def guard(
        self, method: str, handler: grpc.RpcMethodHandler[Any, Any]
    ) -> grpc.RpcMethodHandler[Any, Any]:
        """The handler behind this gate."""
        guarded = _Guarded(self, method, self._rules.get(method, _NO_RULE), handler)
        return guarded.handler()


def _list(rule: Rpc) -> str:
    return " and ".join(sorted(role.value for role in rule.roles or ()))


class _Guarded:
    """One method behind the gate."""

    def __init__(
        self, gate: Gate, method: str, rule: Rpc, handler: grpc.RpcMethodHandler[Any, Any]
    ) -> None:
        self._gate, self._rule, self._handler = gate, rule, handler
        self._name = method.removeprefix("/")
        self._is_stream: bool = handler.request_streaming or handler.response_streaming
        self._paths = self._found(rule)
        self._policies = [self._paths[text] for text in rule.policies]
        self._games = [self._paths[text] for text in rule.games]
        self._players = [self._paths[rule.player]] if rule.player else []
        self._reserved = [self._paths[text] for text in rule.reserved]
        self._told = list(self._paths.values()) if rule.kind is Kind.WRITE else []
        self._looks = bool(self._paths)

    def _found(self, rule: Rpc) -> dict[str, Path]:
        if not rule.named:
            return {}
        method = descriptor_pool.Default().FindMethodByName(self._name.replace("/", "."))
        return {text: path(method.input_type, text) for text in rule.named}

    def handler(self) -> grpc.RpcMethodHandler[Any, Any]:
        handler: Any = self._handler
        make: Any
        if handler.response_streaming:
            make = (
                grpc.stream_stream_rpc_method_handler
                if handler.request_streaming
                else grpc.unary_stream_rpc_method_handler
            )
            behaviour = self._streaming(handler.stream_stream or handler.unary_stream)
        else:
            make = (
                grpc.stream_unary_rpc_method_handler
                if handler.request_streaming
                else grpc.unary_unary_rpc_method_handler
            )
            behaviour = self._single(handler.stream_unary or handler.unary_unary)
        decode = self._decoder(handler.request_deserializer)
        guarded: grpc.RpcMethodHandler[Any, Any] = make(
            behaviour, decode, handler.response_serializer
        )
        return guarded

    def _decoder(self, decode: Callable[[bytes], Any] | None) -> Callable[[bytes], Any]:
        lone = not self._handler.request_streaming
        looks = self._looks

        def decode_guarded(data: bytes) -> Any:
            admission = current.get()
            try:
                if admission.refusal is not None:
                    raise admission.refusal
                admission.received += len(data)
                if looks:
                    self._look(admission, data)
            except MazemeshError as error:
                if lone:
                    return Refused(error)
                raise
            return data if decode is None else decode(data)

        return decode_guarded

    def _look(self, admission: Admission, data: bytes) -> None:
        """Whether the names in a request are those of the key; notes them for the audit log."""
        caller = admission.caller
        plain = caller.key is not None and caller.key.role in self._rule.plain
        if not (caller.restricted or plain or self._told):
            return
        try:
            for way in self._reserved if plain else ():
                self._check_unset(caller, way, data)
            if caller.restricted:
                for wanted, check in (
                    (self._policies, caller.check_policy),
                    (self._games, caller.check_game),
                    (self._players, caller.check_player),
                ):
                    for way in wanted:
                        for value in values(data, way):
                            if value or way.text not in self._rule.may_be_empty:
                                check(value, way.text)
            for way in self._told:
                for value in values(data, way):
                    if value:
                        admission.names.setdefault(way.text, value[:_LONGEST_QUOTE])
        except DecodeError as error:
            raise InvalidArgument(str(error)) from None

    def _check_unset(self, caller: Caller, way: Path, data: bytes) -> None:
        for value in values(data, way):
            if value not in ("", "0"):
                assert caller.key is not None
                raise PermissionDenied(f"{way.text}: a {caller.key.role} has to leave it unset")

    def _single(self, behaviour: Any) -> Any:
        async def call(request: Any, context: Context) -> Any:
            visit = _Visit(self._gate, self._rule, self._name, self._is_stream)
            try:
                await visit.enter(request, context)
                answer = await behaviour(request, context)
            except BaseException as error:
                visit.leave(_outcome(error, context))
                raise
            visit.leave(code_name(context))
            return answer

        return call

    def _streaming(self, behaviour: Any) -> Any:
        async def call(request: Any, context: Context) -> None:
            visit = _Visit(self._gate, self._rule, self._name, self._is_stream)
            try:
                await visit.enter(request, context)
                await send_all(behaviour(request, context), context)
            except BaseException as error:
                visit.leave(_outcome(error, context))
                raise
            visit.leave(code_name(context))

        return call


class _Visit:
    """One call, from the gate to its end."""

    __slots__ = (
        "_address",
        "_admission",
        "_asked",
        "_gate",
        "_meters",
        "_name",
        "_rule",
        "_stream",
    )

    def __init__(self, gate: Gate, rule: Rpc, name: str, stream: bool) -> None:
        self._gate, self._rule, self._name, self._stream = gate, rule, name, stream
        self._admission = current.get()
        self._meters: list[tuple[Limiter, Any]] = []
        self._address = ""

    async def enter(self, request: Any, context: Context) -> None:
        """Returns when the servicer may begin.

        Raises:
            MazemeshError: it may not.
        """
        gate, admission = self._gate, self._admission
        self._address = address = address_of(context.peer())
        refusal = request.error if isinstance(request, Refused) else admission.refusal
        key = admission.caller.key
        limiters = gate._limiters  # noqa: SLF001  # of one module
        if refusal is not None or key is None:
            limiter = limiters.stranger
            meter = limiter.meter(address)
            self._take_place(limiter, meter)
            if not limiter.at_once(meter):
                await limiter.take(meter)
        else:
            for limiter, name in ((limiters.key, key.id), (limiters.address, address)):
                meter = limiter.meter(name)
                self._take_place(limiter, meter)
                meter.bytes += admission.received
                if not limiter.at_once(meter):
                    await limiter.take(meter)
            admission.received = 0
        line = self._meters[0][1].line
        if not gate._turns.at_once(line):  # noqa: SLF001
            await gate._turns.wait(line)  # noqa: SLF001
        if refusal is not None:
            raise refusal
        if self._is_administration():
            await self._announce()

    def leave(self, outcome: str) -> None:
        """The call has ended."""
        for limiter, meter in self._meters:
            limiter.leave(meter, stream=self._stream)
        admission, audit = self._admission, self._gate._audit  # noqa: SLF001
        if self._meters and admission.received:
            self._meters[0][1].bytes += admission.received
        if audit is None or (self._rule.kind is Kind.READ and not _is_refusal(outcome)):
            return
        if self._rule.kind is Kind.WRITE and admission.caller.key is not None:
            audit.note(**self._line(), outcome=outcome)
        elif self._rule.roles is not None:
            key = admission.caller.key
            role = key.role.value if key else "-"
            audit.count(self._name, admission.caller.id, role, self._address, outcome)

    def _take_place(self, limiter: Limiter, meter: Any) -> None:
        limiter.enter(meter, stream=self._stream)
        self._meters.append((limiter, meter))

    def _is_administration(self) -> bool:
        key = self._admission.caller.key
        return (
            self._rule.kind is Kind.WRITE
            and key is not None
            and key.role in ADMINISTRATORS
            and self._gate._audit is not None  # noqa: SLF001
        )

    async def _announce(self) -> None:
        """Notes an administrator's write before it is done: without the line it is not."""
        audit = self._gate._audit  # noqa: SLF001
        assert audit is not None
        await audit.write_first(**self._line(), outcome="ASKED")

    def _line(self) -> dict[str, Any]:
        admission = self._admission
        key = admission.caller.key
        return {
            "method": self._name,
            "key": admission.caller.id,
            "label": key.label if key else "",
            "role": key.role.value if key else "-",
            "address": self._address,
            "request_id": admission.request_id()[:_LONGEST_QUOTE],
            "names": admission.names,
        }


def address_of(peer: str) -> str:
    """The address without its port, of what gRPC calls a peer: `ipv4:10.0.0.1:50123`."""
    return peer.rpartition(":")[0] if peer.startswith("ip") else peer.partition(":")[0]


def _outcome(error: BaseException, context: Context) -> str:
    if isinstance(error, MazemeshError):
        return status_of(error).name
    if isinstance(error, asyncio.CancelledError):
        return "CANCELLED"
    return code_name(context) if isinstance(error, grpc.aio.AbortError) else "INTERNAL"


def _is_refusal(outcome: str) -> bool:
    return outcome in ("UNAUTHENTICATED", "PERMISSION_DENIED")
