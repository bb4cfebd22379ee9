"""What an algorithm is: one record, in a folder of its own, that the rest of the learner reads.

A record is loaded by processes that have no torch yet (settings, version 1, `mazemesh preset`), so
what needs torch is behind `build`, which imports it when a run begins to train.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from learner.algorithms.presets import Preset, Presets
from learner.network.architecture import Architecture, Head, Parameters
from learner.network.parts.encoding import ValueNetwork
from mazemesh.games.spaces import Space
from mazemesh.policy.heads import ActionDistribution
from mazemesh.v1 import model_pb2, replay_pb2
from mazemesh.wire.tensors import Signature

if TYPE_CHECKING:
    from learner.bases.learner import Learner
    from learner.device.place import Place
    from learner.device.ranks import Ranks

C = TypeVar("C")
ConfigT = TypeVar("ConfigT", contravariant=True)


class Experience(Protocol[ConfigT]):
    """What is learned from: rows of which columns, in which table, written how by actors.

    `learner.bases.on_policy.unrolls` and `learner.bases.off_policy.replayed` are those there are.
    """

    def signature(self, config: ConfigT, shape: Architecture, *, opponents: bool) -> Signature:
        """Of a row; `opponents` where a game has several seats."""
        ...

    def table(self, config: ConfigT, policy: str, signature: Signature) -> replay_pb2.Table:
        """The Replay table of a run that publishes under `policy`."""
        ...

    def batch_rows(self, config: ConfigT) -> int:
        """Rows of one request to Replay."""
        ...

    def turns(self, config: ConfigT) -> tuple[int, int] | None:
        """In lockstep, rows that are written before the first batch is drawn, and between two.

        None where a batch does not follow from the rows that were written before it, as priorities
        arrive when they do: lockstep could not repeat such a run.
        """
        ...

    def steps_per_row(self, config: ConfigT) -> float:
        """Agent steps that a sampled row stands for."""
        ...

    def tell(self, config: ConfigT, collection: model_pb2.Collection) -> None:
        """Writes into a collection what actors must know."""
        ...

    def fitting(self, config: ConfigT, batch: int, table: int) -> Mapping[str, int]:
        """The fields that count rows, where a batch and a table have so many at most."""
        ...


@dataclass(frozen=True)
class Start(Generic[C]):
    """What a learner is made of.

    Attributes:
        architecture: Of the network.
        parameters: Its weights at the start.
        config: Of the algorithm.
        place: Where it computes.
        seed: Of what it draws.
        ranks: Whom it learns with.
    """

    architecture: Architecture
    parameters: Parameters
    config: C
    place: Place
    seed: int
    ranks: Ranks


def no_memory(config: object) -> int:
    """Of a policy that looks at the present observation alone."""
    return 0


def anything(actions: Space) -> None:
    """Of an algorithm that learns actions of every kind."""


@dataclass(frozen=True)
class Algorithm(Generic[C]):
    """How a run learns.

    Attributes:
        name: As `--algorithm` takes it.
        presets: What is known to work, by game.
        experience: What it learns from.
        build: Makes its learner; imports torch.
        head: Of its networks.
        memory: Width of the network's memory; 0 for none.
        rounds: It was measured that it learns as well in bfloat16 (docs/adr/0046, 0073).
        fuses: It has enough small operations for compiling to gain something.
        accepts: Raises InvalidArgument where a game's actions are not for it.
        actions: What its policies draw continuous actions from.
        state_std: Their standard deviation depends on what is seen.
        value: Whether a published value has layers of its own, where the settings do not say.
        central: It has a critic of the whole game's state, which the game has to tell.
        units: It learns values in a unit of their own, where a run wants it (`normalize_rewards`).
        frames: It learns policies that see several frames, whose earlier ones are their state.
        own_networks: It trains whatever `learner.network.networks.make` makes, so modules of the
            user's own too (`--network`).
    """

    name: str
    presets: Presets[C]
    experience: Experience[C]
    build: Callable[[Start[C]], Learner]
    head: Head
    memory: Callable[[C], int] = no_memory
    rounds: bool = False
    fuses: bool = False
    accepts: Callable[[Space], None] = anything
    actions: ActionDistribution = "clipped"
    state_std: bool = False
    value: ValueNetwork = "auto"
    central: bool = False
    units: bool = False
    frames: bool = False
    own_networks: bool = False

    def preset(self, game: str) -> Preset[C]:
        """Where a run on a game starts from."""
        return self.presets.of(game)
