"""Settings of a run from a TOML file (`--config run.toml`).

```toml
game = "race"
algorithm = "ppo"
hidden = [128, 128]

[hyperparameters]
learning_rate = 1e-3
epochs = 3
```

Keys are the learner's flags with `_` for `-` (`python -m learner --help`). Flags and environment
variables win over the file, single hyperparameters included.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def read_settings(path: Path) -> dict[str, Any]:
    """What the file says.

    Raises:
        ValueError: it cannot be read, is no TOML, or names another file in its turn.
    """
    try:
        content = tomllib.loads(path.expanduser().read_text())
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not TOML: {error}") from error
    if "config" in content:
        raise ValueError(f"{path}: config belongs on the command line, not into the file")
    return content


def lay_over(content: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The file's settings with those given elsewhere over them; hyperparameters one by one."""
    merged = {**content, **given}
    below, above = content.get("hyperparameters"), given.get("hyperparameters")
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        merged["hyperparameters"] = {**below, **above}
    return merged
