"""Unrolls that tell the state of the whole game too, apart from torch."""

from __future__ import annotations

from learner.bases.on_policy.unrolls import ActorCriticConfig, Unrolls
from learner.network.architecture import Architecture
from mazemesh.errors import InvalidArgument
from mazemesh.experience import with_global_state
from mazemesh.v1 import model_pb2
from mazemesh.wire.tensors import Signature


class CentralUnrolls(Unrolls):
    """As `Unrolls`, for critics that see what no seat does."""

    def signature(
        self, config: ActorCriticConfig, shape: Architecture, *, opponents: bool
    ) -> Signature:
        """Of an unroll.

        Raises:
            InvalidArgument: the game tells no state.
        """
        if shape.state_space is None:
            raise InvalidArgument(
                "algorithm: mappo has a critic of the whole game's state, and this game tells none "
                "(PettingZoo's state()); ppo learns from what each seat sees"
            )
        if shape.state_size:
            raise InvalidArgument(
                f"frames = {shape.encoding.frames}: mappo's policies see the present observation "
                "alone, so it should be 1; ppo and recurrent-ppo learn with several"
            )
        unrolls = super().signature(config, shape, opponents=opponents)
        return with_global_state(unrolls, config.unroll_length, shape.state_space)

    def tell(self, config: ActorCriticConfig, collection: model_pb2.Collection) -> None:
        """How long unrolls are, and that they have the state."""
        super().tell(config, collection)
        collection.unroll.with_state = True


CENTRAL_UNROLLS = CentralUnrolls()
