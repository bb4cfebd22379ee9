"""A folder with everything that is needed to play a version without the mesh."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final, Protocol

from mazemesh.edge.card import Card, File, Rating
from mazemesh.edge.examples import Agreement, Examples
from mazemesh.edge.variants import eight_bits, ort_format
from mazemesh.errors import FailedPrecondition, InvalidArgument
from mazemesh.games import Game, GameSettings
from mazemesh.policy.onnx_policy import OnnxPolicy
from mazemesh.v1.model_pb2 import PolicyVersion
from mazemesh.wire.specs import settings_from_proto

TOLERANCE: Final = 1e-4
"""Largest difference of the ORT format, as of files that the Model service takes."""

_MOST_ANCESTORS = 1000
_RUNNERS = {
    "run.py": "plays it in Python",
    "run.mjs": "plays it in JavaScript",
    "package.json": "what run.mjs needs",
    "package-lock.json": "the same, each with its hash",
}


class Source(Protocol):
    """Where versions come from (`mazemesh.client.model.ModelClient`)."""

    def get(self, policy: str) -> tuple[PolicyVersion, bytes | None]:
        """The version that `policy` stands for, and its file."""
        ...

    def describe(self, policy: str) -> PolicyVersion:
        """The version that `policy` stands for, in any state; `NotFound` without it."""
        ...


Ratings = Callable[[str, Game, GameSettings], Sequence[Rating]]
"""Of a version, by its "name:version", and the game that it was trained for."""


@dataclass(frozen=True)
class Exported:
    """A folder that was written.

    Attributes:
        folder: Where it is.
        policy: "name:version".
        files: In it.
    """

    folder: Path
    policy: str
    files: tuple[File, ...]


def export(
    policy: str,
    to: Path,
    *,
    model: Source,
    open_game: Callable[[str], Game],
    ratings: Ratings = lambda *_: (),
    licence: str = "",
) -> Exported:
    """Writes a version's file, its variants, its card and its runners into a new folder.

    Each form is compared with the file on held-out play first; nothing is written when one of them
    answers otherwise than it should.

    Args:
        policy: "name:12", "name:alias" or "name".
        to: The folder, which must not exist, or be empty.
        model: Where the version is.
        open_game: Opens the game that it was trained for.
        ratings: Looks up how it is rated.
        licence: That it may be used under.

    Raises:
        InvalidArgument: `to` has something in it; or the version says no game, or its file does not
            fit that.
        NotFound: there is no such version, or its file is not kept.
        FailedPrecondition: the ORT format answers otherwise than the file.
    """
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise InvalidArgument(f"{to} has something in it; export into a new or empty folder")
    version, data = model.get(policy)
    assert data is not None
    if not version.collection.game:
        raise InvalidArgument(f"{policy} does not say which game it plays")
    game = open_game(version.collection.game)
    settings = settings_from_proto(version.collection.settings)
    bundle = _Bundle(version, data, game, settings)
    bundle.add_variants()
    bundle.add_runners()
    card = Card(
        version,
        list(_ancestors(model, version)),
        game,
        settings,
        ratings(bundle.reference, game, settings),
        licence,
        bundle.files,
    )
    bundle.write(to, card)
    return Exported(to, bundle.reference, tuple(bundle.files))


class _Bundle:
    """Contents of a folder by name, and what is said of each."""

    def __init__(
        self, version: PolicyVersion, data: bytes, game: Game, settings: GameSettings
    ) -> None:
        self.reference = f"{version.name}:{version.version}"
        self.files: list[File] = []
        self._contents: dict[str, bytes] = {}
        self._space = game.spec(settings).action_space
        self._drawn = version.collection.action_distribution
        self._data, self._version = data, version
        self._policy = self._loaded(data)
        self._examples = Examples(self._policy, game, settings)

    def add_variants(self) -> None:
        """The file itself, in ORT format, and with weights of eight bits where it has matrices."""
        exact = self._examples.compare(self._policy)
        self._add("policy.onnx", "as the mesh plays it", self._data, exact)
        ort = ort_format(self._data)
        agreement = self._examples.compare(self._loaded(ort))
        if not agreement.largest_difference <= TOLERANCE:
            raise FailedPrecondition(
                f"{self.reference} in ORT format differs by {agreement.largest_difference:g} from "
                f"the file (in units of max(1, |answer|)); at most {TOLERANCE:g} is allowed"
            )
        self._add("policy.ort", "for onnxruntime's mobile builds", ort, agreement)
        small = eight_bits(self._data)
        if small is not None:
            what = "weights in eight bits: other answers, see there"
            self._add("policy.int8.onnx", what, small, self._examples.compare(self._loaded(small)))

    def add_runners(self) -> None:
        """Programs that play it, and rows to hold them to."""
        lines = "\n".join(self._examples.lines()) + "\n"
        self._add("examples.jsonl", "held-out play with the mesh's answers", lines.encode())
        for name, what in _RUNNERS.items():
            text = files("mazemesh.edge") / "runners" / f"{name}.txt"
            self._add(name, what, text.read_bytes())

    def write(self, to: Path, card: Card) -> None:
        """Writes all of it, or nothing."""
        content = card.content(self._policy.deciding, self._examples.inputs)
        told = json.dumps(content, indent=2) + "\n"
        pages = {"card.json": told.encode(), "README.md": card.page().encode()}
        to.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=to.parent, prefix=".export-") as made:
            folder = Path(made) / "folder"
            folder.mkdir()
            for name, data in {**self._contents, **pages}.items():
                (folder / name).write_bytes(data)
            if to.exists():
                to.rmdir()
            shutil.move(folder, to)

    def _loaded(self, data: bytes) -> OnnxPolicy:
        return OnnxPolicy(
            self.reference,
            data,
            greedy=self._version.q_values,
            action_space=self._space,
            action_distribution=self._drawn,
        )

    def _add(self, name: str, what: str, data: bytes, agreement: Agreement | None = None) -> None:
        self._contents[name] = data
        sha256 = hashlib.sha256(data).hexdigest()
        self.files.append(File(name, what, len(data), sha256, agreement))


def _ancestors(model: Source, version: PolicyVersion) -> Iterator[str]:
    """Versions that it grew from, the nearest first."""
    for _ in range(_MOST_ANCESTORS):
        if not version.parent_version:
            return
        reference = f"{version.name}:{version.parent_version}"
        yield reference
        version = model.describe(reference)
