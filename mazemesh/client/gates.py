"""Gates in plain words: `mesh.gates`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from mazemesh.client.aio.in_thread import followed, in_thread
from mazemesh.client.matchmaker import MatchmakerClient
from mazemesh.errors import DeadlineExceeded, NotFound
from mazemesh.v1 import elo_pb2
from mazemesh.v1 import matchmaker_pb2 as pb

_LOOK_SECONDS: Final = 1.0


class Gates:
    """Whether one version is better than another, decided by matches. Thread-safe.

    ```pycon
    >>> from mazemesh.client.gates import gate_state
    >>> gate = mesh.gates.start("race:1", "bot/random", elo1=20, max_matches=1_000)
    >>> gate_state(gate), gate.gate.candidate, gate.gate.baseline
    ('running', 'race:1', 'bot/random')
    >>> ended = mesh.gates.cancel(gate.gate.gate_id, "an example")
    >>> gate_state(mesh.gates.get(ended.gate.gate_id))
    'cancelled'

    ```
    """

    def __init__(self, matchmaker: MatchmakerClient) -> None:
        self._matchmaker = matchmaker

    @property
    def aio(self) -> AsyncGates:
        """The same as coroutines."""
        return AsyncGates(self)

    def start(
        self,
        candidate: str,
        baseline: str,
        *,
        elo0: float = 0.0,
        elo1: float | None = None,
        alpha: float = 0.05,
        beta: float = 0.05,
        max_matches: int = 20_000,
        ancestors: Sequence[str] = (),
        promote: str = "",
        reason: str = "",
        starter: str = "",
        request_id: str = "",
    ) -> pb.GateRun:
        """Has a candidate play until it is told whether it is better.

        Args:
            candidate: "race:41" or "race:candidate".
            baseline: The same, or "bot/...".
            elo0: Normalized Elo at which it should fail.
            elo1: At which it should pass; None: 20 above.
            alpha: Chance of passing at `elo0`.
            beta: Chance of failing at `elo1`.
            max_matches: After which it ends without a pass.
            ancestors: Whom it must not have forgotten to beat.
            promote: Alias that moves to the candidate when it passes, as "champion"; "": none.
            reason: Why, for whoever asks later.
            starter: Who asks; a key that is shown is kept beside it.
            request_id: The same again is the same gate; "": a new one.

        Raises:
            NotFound: there is no such version.
            FailedPrecondition: the two cannot meet, or the alias stands for another version.
            InvalidArgument: a value is wrong; names the field.
            ResourceExhausted: too many gates run.
        """
        request = pb.StartGateRequest(
            request_id=request_id,
            candidate=candidate,
            baseline=baseline,
            hypotheses=elo_pb2.GateHypotheses(
                elo0=elo0, elo1=elo1, alpha=alpha, beta=beta, max_matches=max_matches
            ),
            ancestors=ancestors,
            promote=promote,
            reason=reason,
            starter=starter,
        )
        return self._matchmaker.start_gate(request)

    def get(self, gate_id: str) -> pb.GateRun:
        """As it is now.

        Raises:
            NotFound: there is none of this id.
        """
        for run in self._matchmaker.gate_runs(gate_id=gate_id):
            return run
        raise NotFound(f"gate_id: there is no gate {gate_id[:96]!r}")

    def list(self, name: str = "", limit: int = 100) -> list[pb.GateRun]:
        """Those of a policy's candidates, or all; the last started first."""
        return [*islice(self._matchmaker.gate_runs(name=name), limit)]

    def watch(self, gate_id: str) -> Iterator[pb.GateRun]:
        """Now and whenever it has changed, until it has ended; see `watch_gate_run`."""
        return self._matchmaker.watch_gate_run(gate_id)

    def cancel(self, gate_id: str, reason: str = "") -> pb.GateRun:
        """Ends it without a verdict; one that has ended is returned as it is.

        Raises:
            NotFound: there is none of this id.
        """
        return self._matchmaker.cancel_gate(gate_id, reason)

    def wait_for_completion(self, gate_id: str, timeout: float | None = None) -> pb.GateRun:
        """The gate when it has ended.

        Args:
            gate_id: Which.
            timeout: In seconds; None: as long as it takes.

        Raises:
            DeadlineExceeded: it has not ended by then, and goes on.
            NotFound: there is none of this id.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while gate_state(run := self.get(gate_id)) == "running":
            if deadline is not None and time.monotonic() >= deadline:
                raise DeadlineExceeded(f"gate {gate_id} runs after {timeout:g} s, and goes on")
            time.sleep(_LOOK_SECONDS)
        return run


class AsyncGates:
    """`Gates` for asyncio: each call waits in a thread, and a wait holds none."""

    def __init__(self, gates: Gates) -> None:
        self.start = in_thread(gates.start)
        self.get = in_thread(gates.get)
        self.list = in_thread(gates.list)
        self.watch = followed(gates.watch)
        self.cancel = in_thread(gates.cancel)

    async def wait_for_completion(
        self,
        gate_id: str,
        timeout: float | None = None,  # noqa: ASYNC109  # as the synchronous one
    ) -> pb.GateRun:
        """See `Gates.wait_for_completion`."""
        try:
            async with asyncio.timeout(timeout):
                while gate_state(run := await self.get(gate_id)) == "running":  # noqa: ASYNC110
                    await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError as error:
            raise DeadlineExceeded(
                f"gate {gate_id} runs after {timeout:g} s, and goes on"
            ) from error
        return run


def gate_state(run: pb.GateRun) -> str:
    """Of a gate, in a word: running, passed, failed, promoted, overtaken, given_up, cancelled."""
    return pb.GateRunState.Name(run.state).removeprefix("GATE_RUN_STATE_").lower()


def gate_verdict(run: pb.GateRun) -> str:
    """Of Elo, in a word: running, passed, failed, capped, forgotten."""
    return elo_pb2.GateVerdict.Name(run.gate.verdict).removeprefix("GATE_VERDICT_").lower()
