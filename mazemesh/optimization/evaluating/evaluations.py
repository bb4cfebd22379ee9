"""The log of evaluations: all that a study needs to go on after it was stopped or killed.

A search takes one way for one definition, so what points came to is its whole state: it is asked
again from the beginning and told from the log what it was told before. That costs the algorithm's
own time, never an evaluation. A record is of one batch and has a checksum; what a killed process
left half written at the end is cut off.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np

from mazemesh.errors import FailedPrecondition
from mazemesh.optimization.problem import Evaluation, Floats
from mazemesh.process.disk import sync_file

_MAGIC: Final = b"mazemesh evaluations 1\n"
_HEAD: Final = struct.Struct("<II")
"""Length and CRC-32 of what follows."""
_BODY: Final = struct.Struct("<II16sIHH")
"""Generation, batch, digest of the points; points, objectives, constraints."""
_LARGEST: Final = 1 << 30


class Evaluations:
    """The log of one study, which this process alone writes; closed by leaving its context.

    Raises:
        FailedPrecondition: the file is another one.
    """

    def __init__(self, path: Path) -> None:
        self._found: dict[tuple[int, int], tuple[bytes, Evaluation]] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a+b")
        self._file.seek(0)
        begun = self._file.read(len(_MAGIC))
        if _MAGIC.startswith(begun) and len(begun) < len(_MAGIC):
            self._file.truncate(0)
            self._file.write(_MAGIC)
        elif begun != _MAGIC:
            self._file.close()
            raise FailedPrecondition(f"{path} is no log of evaluations; move it away")
        end = len(_MAGIC)
        for place, key, value in self._records():
            self._found[key] = value
            end = place
        self._file.truncate(end)
        self._file.seek(0, os.SEEK_END)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.sync()
        self._file.close()

    def __len__(self) -> int:
        """Batches that it has."""
        return len(self._found)

    def find(self, generation: int, batch: int, points: Floats) -> Evaluation | None:
        """What a batch came to; None when it was not evaluated.

        Raises:
            FailedPrecondition: other points were evaluated in its place.
        """
        found = self._found.get((generation, batch))
        if found is None:
            return None
        digest, evaluation = found
        if digest != _digest(points):
            raise FailedPrecondition(
                f"generation {generation} of this study was made by another version of pymoo or "
                "numpy, which searches another way; choose another --study"
            )
        return evaluation

    def append(self, generation: int, batch: int, points: Floats, evaluation: Evaluation) -> None:
        """Keeps what a batch came to. A process that is killed now loses nothing of it."""
        body = b"".join(
            (
                _BODY.pack(
                    generation,
                    batch,
                    _digest(points),
                    len(points),
                    evaluation.values.shape[1],
                    evaluation.excess.shape[1],
                ),
                np.ascontiguousarray(evaluation.values, "<f8").tobytes(),
                np.ascontiguousarray(evaluation.excess, "<f8").tobytes(),
            )
        )
        self._file.write(_HEAD.pack(len(body), zlib.crc32(body)) + body)
        self._file.flush()

    def sync(self) -> None:
        """Forces it to disk: a machine that fails now loses nothing of it either."""
        self._file.flush()
        sync_file(self._file.fileno())

    def _records(self) -> Iterator[tuple[int, tuple[int, int], tuple[bytes, Evaluation]]]:
        """Whole records, with the place where each ends."""
        while len(head := self._file.read(_HEAD.size)) == _HEAD.size:
            length, checksum = _HEAD.unpack(head)
            if not _BODY.size <= length <= _LARGEST:
                return
            body = self._file.read(length)
            if len(body) < length or zlib.crc32(body) != checksum:
                return
            generation, batch, digest, points, objectives, constraints = _BODY.unpack_from(body)
            numbers = np.frombuffer(body, "<f8", offset=_BODY.size)
            values, excess = np.split(numbers, [points * objectives])
            evaluation = Evaluation(
                values.reshape(points, objectives), excess.reshape(points, constraints)
            )
            yield self._file.tell(), (generation, batch), (digest, evaluation)


def _digest(points: Floats) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(points, "<f8").data, digest_size=16).digest()
