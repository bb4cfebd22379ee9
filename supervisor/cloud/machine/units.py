"""`python -m supervisor.cloud.machine.units`: prints the folder of the units of systemd."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parents[1]


def units_folder() -> Path:
    """Of the wheel, or of the checkout where there is one."""
    packed = _HERE / "systemd"
    return packed if packed.is_dir() else _HERE.parents[1] / "deploy" / "systemd"


if __name__ == "__main__":
    import sys

    sys.stdout.write(f"{units_folder()}\n")
