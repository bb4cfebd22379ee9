"""The nouns of the registry: a submission becomes a numbered version, an alias points to one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import IntEnum
from typing import Any

from services.model.checks import Check


class State(IntEnum):
    """Life of a version; the numbers are what the database holds."""

    READY = 1
    REJECTED = 2
    RETIRED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """Another form of a version's file, which was made of it when it was published.

    Attributes:
        kind: One of `mazemesh.policy.file.variants.KINDS`.
        sha256: Of its file, hex; empty of one that was rejected.
        size_bytes: Of its file.
        largest_difference: Of any answer x to the parity rows from the publisher's own, in units of
            max(1, |x|).
        same_choices: Share of choices of which the likeliest is the same.
        rows: That were compared.
        rejection: Why there is no such file; empty otherwise.
    """

    kind: str
    sha256: str = ""
    size_bytes: int = 0
    largest_difference: float = 0.0
    same_choices: float = 0.0
    rows: int = 0
    rejection: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What a publisher says about a file, checked for form.

    Attributes:
        name: Name of the policy.
        request_id: Two submissions with the same one are one; empty: none.
        run_id: Run that trained it.
        training_step: Step of the run.
        parent_version: Number of the version it grew from; 0 for none.
        snapshot: Whether its file is kept for ever.
        collection: How actors collect experience with it, serialized; opaque here.
        spec_hash: Hash of the game's inputs and outputs; empty when no game was named.
        sha256: Of the file, hex.
        size_bytes: Of the file.
        metadata: The publisher's own notes.
        q_values: Its logits are Q-values, of which the best is taken.
        checked: What its file was compared on, in words; empty before.
        graph_sha256: Of its file without the weights; empty before it is known, and where it is
            not told.
        variants: Other forms that were made of its file.
        code_version: Of the code that made it, as the publisher says.
        game: That it was trained for; empty when none was named.
        game_hash: Hash of that game's rules under its settings.
        config: What its run was started with; kept once for all versions that have the same, and
            empty in what is read.
        config_sha256: Of that; empty without one.
        checks: What its file was checked for; kept beside it, and empty in what is read.
    """

    name: str
    request_id: str = ""
    run_id: str = ""
    training_step: int = 0
    parent_version: int = 0
    snapshot: bool = False
    collection: bytes = b""
    spec_hash: str = ""
    sha256: str
    size_bytes: int
    metadata: Mapping[str, str]
    q_values: bool = False
    checked: str = ""
    graph_sha256: str = ""
    variants: tuple[Variant, ...] = ()
    code_version: str = ""
    game: str = ""
    game_hash: str = ""
    config: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    config_sha256: str = ""
    checks: tuple[Check, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version(Submission):
    """A numbered version. All but state, revision and aliases is fixed once it exists.

    Attributes:
        number: From 1, without gaps within a name.
        state: Only a READY version has a file.
        created: When it got its number (UTC).
        rejection: Why it was rejected; empty unless REJECTED.
        revision: Revision of the change that gave it its state.
        aliases: Names that point to it now, sorted.
    """

    number: int
    state: State
    created: datetime
    rejection: str = ""
    revision: int
    aliases: tuple[str, ...] = ()

    @classmethod
    def of(cls, submission: Submission, **given: Any) -> Version:
        """The version that a submission becomes."""
        said = {one.name: getattr(submission, one.name) for one in fields(Submission)}
        return cls(**said, **given)

    @property
    def reference(self) -> str:
        """`name:number`."""
        return f"{self.name}:{self.number}"

    def variant(self, kind: str) -> Variant | None:
        """One of its forms that has a file, or None."""
        return next((one for one in self.variants if one.kind == kind and one.sha256), None)

    def served_as(self, kind: str) -> Version:
        """The version as it is where its file is this form's; itself where it has none."""
        one = self.variant(kind)
        if one is None:
            return self
        return replace(self, sha256=one.sha256, size_bytes=one.size_bytes, graph_sha256="")

    def kind_of(self, sha256: str) -> str:
        """Which of its forms has this file; empty: none of them."""
        return next((one.kind for one in self.variants if sha256 and one.sha256 == sha256), "")


@dataclass(frozen=True, slots=True)
class Alias:
    """A name that moves: `name:alias` stands for version `number` since `revision`."""

    name: str
    alias: str
    number: int
    revision: int


@dataclass(frozen=True, slots=True)
class Told:
    """What whoever moves an alias says about it.

    Attributes:
        reason: Why, in words.
        mover: Who, as the caller says.
        key_id: Id of the key that was shown; empty without one.
        gate_id: The gate that it follows from; empty: none.
    """

    reason: str = ""
    mover: str = ""
    key_id: str = ""
    gate_id: str = ""


@dataclass(frozen=True, slots=True)
class AliasMove:
    """An alias was moved: as it is since then, where it stood (0: nowhere), when, and why."""

    alias: Alias
    from_number: int
    time: datetime
    told: Told = Told()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A run's hold on a name.

    Attributes:
        name: Of the policy.
        owner: The same when the run is started again.
        run_id: Of the run, for people.
        place: Where it runs, for people.
        fence: Of each holder higher than of the one before.
        expires: When the name is free, unless the holder is heard of (UTC).
    """

    name: str
    owner: str
    run_id: str
    place: str
    fence: int
    expires: datetime


@dataclass(frozen=True, slots=True)
class Hold:
    """Somebody uses a version, so it is not collected.

    Attributes:
        name, number: The version.
        holder: Who, such as "matchmaker".
        reason: What for, in words.
        expires: Until when (UTC).
    """

    name: str
    number: int
    holder: str
    reason: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """One change. An alias is as the change left it, a version as it is now."""

    revision: int
    subject: Version | Alias
