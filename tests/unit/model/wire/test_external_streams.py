"""What a stream of a simulator holds, however much it says and however little it reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import numpy as np

from mazemesh.games.spaces import Box, Discrete
from mazemesh.v1 import model_pb2 as pb
from mazemesh.wire.spaces import space_to_proto
from services.model.external.simulators import Simulators
from services.model.external.trainees import Trainees
from services.model.wire.external.external_streams import AT_ONCE, ExternalStreams

TURNS = 200


class Flood:
    """A description, and then turns that reward agents who are not there; counts what was read."""

    def __init__(self, rewards: int) -> None:
        self.read, self._rewards = 0, rewards

    async def __aiter__(self) -> AsyncIterator[pb.ExternalEpisodesRequest]:
        kind = pb.AgentKind(
            name="cart",
            observation_space=space_to_proto(Box((0.0,), (1.0,), (4,))),
            action_space=space_to_proto(Discrete(2)),
        )
        yield pb.ExternalEpisodesRequest(simulator=pb.SimulatorDescription(kinds=[kind]))
        late = [pb.LateReward(episode=number, kind="cart") for number in range(self._rewards)]
        for self.read in range(1, TURNS + 1):
            yield pb.ExternalEpisodesRequest(
                turn=pb.SimulatorTurn(sequence=self.read, rewards=late)
            )


def streams() -> ExternalStreams:
    nobody: Any = None
    trainees = Trainees(nobody, nobody, 2**20, lambda: 0.0, np.random.default_rng(0))
    return ExternalStreams(Simulators(nobody, trainees, 1, lambda: 0.0), 60.0, 60.0)


async def test_no_further_turn_is_read_while_messages_are_not_taken() -> None:
    """Each turn fails as many episodes as it may reward, and is answered."""
    flood = Flood(rewards=100)
    stream = streams().serve(aiter(flood))
    told: Counter[str] = Counter()
    async for message in stream:
        told[str(message.WhichOneof("message"))] += 1
        assert flood.read <= told["answer"] + AT_ONCE + 2
    assert told == {"opened": 1, "failed": 100 * TURNS, "answer": TURNS}
