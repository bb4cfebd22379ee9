"""A policy that an actor plays for: who it is, whom it meets, and where its experience goes."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import structlog

from actor.selfplay.experience.ahead import Ahead
from actor.selfplay.experience.sender import ExperienceSender
from actor.selfplay.opponents.supply import Supply
from actor.selfplay.room import write_rows
from actor.selfplay.student.student import Student
from mazemesh.client.mesh import Mesh
from mazemesh.client.replay.experience_tables import Appends
from mazemesh.collecting.step import Experience
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
        if _training(other) != _training(collection):
            raise InvalidArgument(
                f"{role.name} is trained on {other.game} and {name} on {collection.game}, or their "
                "settings differ; policies of one run should have the same"
            )
    return tuple(found)


def _training(collection: Collection) -> tuple[object, ...]:
    """What all policies that play in one session have to agree on."""
    return collection.game, collection.settings, collection.packed


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


PATIENCE = 30.0
"""Seconds for which a learner that takes no experience holds up those who learn beside it."""


@dataclass
class Learning:
    """A role, whom it meets, and where its experience goes.

    Of several that learn in the same games, one whose learner takes nothing for `PATIENCE` seconds,
    as it has done its steps or is away, no longer holds up the others: its rows are left out until
    it takes some again.

    Attributes:
        role: Who it is.
        supply: Where its opponents come from.
        signature: Of its rows.
        sender: Writes them.
        most_rows: Of a write.
        alone: Whether it is the only one in its games.
        ahead: What holds it back, where its run says how far it may play ahead.
        left_out: Rows that were not written since its learner took none.
    """

    role: Role
    supply: Supply
    signature: Signature
    sender: ExperienceSender
    writer: Appends
    most_rows: int
    alone: bool = True
    ahead: Ahead | None = None
    left_out: int = 0
    _asleep: bool = False

    @classmethod
    def of(
        cls,
        role: Role,
        supply: Supply,
        signature: Signature,
        mesh: Mesh,
        stop: threading.Event,
        drain_seconds: float,
        *,
        alone: bool = True,
    ) -> Learning:
        """With a writer to the role's table."""
        writer = mesh.replay.writer(role.collection.table, signature)
        sender = ExperienceSender(writer, stop, drain_seconds=drain_seconds)
        most = most_write_rows(role.collection.batch_rows)
        if (wanted := role.collection.transition.write_rows) > 0:
            # The table takes no more at once, however many games end a transition in one step.
            most = min(most, wanted) or wanted
        rows = write_rows(most, signature.row_bytes)
        told, ahead = role.collection, None
        if told.batches_ahead and told.batch_rows and not told.lockstep:
            ahead = Ahead(role.student, told.batch_rows, told.batches_ahead)
        return cls(role, supply, signature, sender, writer, rows, alone, ahead)

    def threads(self, spec: GameSpec) -> Iterator[threading.Thread]:
        """The sender's, which is waited for in the end, then what follows the policy."""
        yield threading.Thread(target=self.sender.run)
        yield threading.Thread(target=self.role.student.follow, args=(spec,), daemon=True)

    def keep_pace(self) -> None:
        """Waits for its learner, between steps."""
        if not self._asleep:
            self.sender.keep_pace(self._patience)

    def give(self, piece: Experience) -> bool:
        """Hands rows over to be written; whether they are.

        Raises:
            Exception: what ended the writing.
        """
        taken = self.sender.put(piece, 0.0 if self._asleep else self._patience)
        if self.alone:
            return taken
        if taken and self._asleep:
            log.info("learner is back", policy=self.role.name, rows_left_out=self.left_out)
        elif not (taken or self._asleep):
            log.warning("learner takes no experience; it is left out", policy=self.role.name)
        self._asleep = not taken
        self.left_out = 0 if taken else self.left_out + piece.rows
        return taken

    @property
    def _patience(self) -> float:
        return math.inf if self.alone else PATIENCE

    def finish(self) -> None:
        """Writes what waits, when stopping, unless it is too late."""
        rows = self.sender.rows
        if not self.sender.finish():
            log.warning("rows were not written, as the time to stop is over")
        written = self.sender.rows - rows
        log.info("rows written when stopping", rows=written, all_rows=self.sender.rows)
        # An append may wait for a learner that has stopped already.
        self.writer.close()
