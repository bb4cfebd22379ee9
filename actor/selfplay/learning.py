"""A policy that an actor plays for: who it is, whom it meets, and where its experience goes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import structlog

from actor.collecting.room import write_rows
from actor.collecting.sender import ExperienceSender
from actor.selfplay.opponents import Supply
from actor.selfplay.student import Student
from mazemesh.client.mesh import Mesh
from mazemesh.client.replay.experience_writer import ExperienceWriter
from mazemesh.errors import InvalidArgument
from mazemesh.experience import most_write_rows
from mazemesh.games import GameSpec
from mazemesh.v1.model_pb2 import Collection
from mazemesh.wire.tensors import Signature

log = structlog.get_logger()


@dataclass(frozen=True)
class Role:
    """A policy that learns in the games of an actor.

    Attributes:
        name: Of the policy.
        seats: That are its own; all, in a run of one policy.
        student: Its newest version.
    """

    name: str
    seats: tuple[int, ...]
    student: Student

    @property
    def collection(self) -> Collection:
        """What its run wants, as the newest version tells."""
        return self.student.description.collection

    @property
    def latest(self) -> str:
        """What its present version is called."""
        return f"{self.name}:latest"


def roles_of(name: str, student: Student, follow: Callable[[str], Student]) -> tuple[Role, ...]:
    """Who learns in the games of the run of `name`, whose first version is there.

    `follow` waits for the first version of another policy of the run.

    Raises:
        InvalidArgument: they do not train on one game.
    """
    collection = student.description.collection
    if not collection.roles:
        return (Role(name, (), student),)
    found = []
    for told in collection.roles:
        one = student if told.policy == name else follow(told.policy)
        found.append(Role(told.policy, tuple(told.seats), one))
    for role in found:
        other = role.collection
        if (other.game, other.settings) != (collection.game, collection.settings):
            raise InvalidArgument(
                f"{role.name} is trained on {other.game} and {name} on {collection.game}, or their "
                "settings differ; policies of one run should have the same"
            )
    return tuple(found)


def adversaries(role: Role, roles: Sequence[Role], spec: GameSpec) -> tuple[str, ...]:
    """Names of the other policies that hold a seat of another team; none in a run of one."""
    if len(roles) == 1:
        return ()
    team = spec.teams or tuple(range(spec.seats))
    own = {team[seat] for seat in role.seats}
    return tuple(
        other.name
        for other in roles
        if other is not role and any(team[seat] not in own for seat in other.seats)
    )


@dataclass(frozen=True)
class Learning:
    """A role, whom it meets, and where its experience goes.

    Attributes:
        role: Who it is.
        supply: Where its opponents come from.
        signature: Of its rows.
        sender: Writes them.
        most_rows: Of a write.
    """

    role: Role
    supply: Supply
    signature: Signature
    sender: ExperienceSender
    writer: ExperienceWriter
    most_rows: int

    @classmethod
    def of(
        cls,
        role: Role,
        supply: Supply,
        signature: Signature,
        mesh: Mesh,
        stop: threading.Event,
        drain_seconds: float,
    ) -> Learning:
        """With a writer to the role's table."""
        writer = mesh.replay.writer(role.collection.table, signature)
        sender = ExperienceSender(writer, stop, drain_seconds=drain_seconds)
        rows = write_rows(most_write_rows(role.collection.batch_rows), signature.row_bytes)
        return cls(role, supply, signature, sender, writer, rows)

    def threads(self, spec: GameSpec) -> Iterator[threading.Thread]:
        """The sender's, which is waited for in the end, then what follows the policy."""
        yield threading.Thread(target=self.sender.run)
        yield threading.Thread(target=self.role.student.follow, args=(spec,), daemon=True)

    def finish(self) -> None:
        """Writes what waits, when stopping, unless it is too late."""
        rows = self.sender.rows
        if not self.sender.finish():
            log.warning("rows were not written, as the time to stop is over")
        written = self.sender.rows - rows
        log.info("rows written when stopping", rows=written, all_rows=self.sender.rows)
        # An append may wait for a learner that has stopped already.
        self.writer.close()
