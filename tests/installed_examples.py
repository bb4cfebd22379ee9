"""The examples as if they were installed: a folder for PYTHONPATH that has their entry points."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "examples"


def installed_examples(folder: Path) -> dict[str, str]:
    """An environment in which their games are found by name, as `pip install` would have it."""
    for project in sorted(EXAMPLES.glob("*/pyproject.toml")):
        about = tomllib.loads(project.read_text())["project"]
        name = about["name"].replace("-", "_")
        made = folder / f"{name}-{about['version']}.dist-info"
        made.mkdir(parents=True)
        metadata = f"Metadata-Version: 2.4\nName: {about['name']}\nVersion: {about['version']}\n"
        (made / "METADATA").write_text(metadata)
        games = about["entry-points"]["mazemesh.games"]
        lines = [f"{game} = {target}" for game, target in games.items()]
        (made / "entry_points.txt").write_text("\n".join(["[mazemesh.games]", *lines]) + "\n")
        (folder / name).symlink_to(project.parent / name)
    return {**os.environ, "PYTHONPATH": str(folder)}
