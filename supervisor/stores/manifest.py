"""What a backup holds: the last file of one, without which the others are none."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from mazemesh.errors import FailedPrecondition, NotFound
from services._harness.blobs.store import Blobs, read_all
from supervisor.stores.experience import first_parts

FORMAT: Final = 1
NAME: Final = "manifest.json"


@dataclass(frozen=True, slots=True)
class Manifest:
    """A backup.

    Attributes:
        id: its time in UTC, and something random.
        parts: whose tables it holds.
        files: hashes of the files under `backups/<id>/`, by their names.
        policies: hashes of policy files, under `policies/`, which backups in one place share.
        recordings: the same of recordings.
        missing: hashes of files that the mesh itself no longer had.
        versions: of mazemesh.
    """

    id: str
    parts: list[str]
    files: dict[str, str]
    policies: list[str]
    recordings: list[str]
    missing: list[str] = field(default_factory=list)
    version: str = ""
    format: int = FORMAT

    def put(self, backup: Blobs) -> None:
        """Puts it into the store that has the files."""
        content = json.dumps(asdict(self), indent=1).encode()
        backup.put(f"backups/{self.id}/{NAME}", content)


def find(backup: Blobs, wanted: str | None) -> Manifest:
    """The manifest of a backup, the newest unless one is named.

    Raises:
        NotFound: there is none.
        FailedPrecondition: a later version of mazemesh made it.
    """
    whole = complete(backup)
    if not whole or (wanted is not None and wanted not in whole):
        named = "" if wanted is None else f" {wanted}"
        raise NotFound(f"there is no backup{named}; there are: {', '.join(whole) or 'none'}")
    content: dict[str, Any] = json.loads(read_all(backup, f"backups/{wanted or whole[-1]}/{NAME}"))
    if content["format"] > FORMAT:
        raise FailedPrecondition(
            f"the backup has format {content['format']}, and this mazemesh knows up to {FORMAT}; "
            f"it was made by mazemesh {content['version']}"
        )
    return Manifest(**content)


def complete(backup: Blobs) -> list[str]:
    """Ids of all backups in a store that are whole, oldest first."""
    from services._harness.blobs.within import Within

    begun = first_parts(Within(backup, "backups/"))
    return [each for each in begun if backup.find(f"backups/{each}/{NAME}") is not None]
