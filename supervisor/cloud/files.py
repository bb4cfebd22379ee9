"""What the wheel brings for machines and for Terraform; the checkout's own where there is one."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_PACKED: Final = Path(__file__).parent / "files"
_CHECKOUT: Final = Path(__file__).parents[2]
_IN_CHECKOUT: Final = {
    "terraform": "terraform",
    "install": "deploy/install",
    "systemd": "deploy/systemd",
    "constraints.txt": "constraints.txt",
}


def shipped(name: str) -> Path:
    """Path of terraform, install, systemd or constraints.txt."""
    packed = _PACKED / name
    return packed if packed.exists() else _CHECKOUT / _IN_CHECKOUT[name]


def checkout() -> Path | None:
    """The checkout that this runs from, which a wheel can be built of; None of an installed one."""
    return None if _PACKED.exists() else _CHECKOUT
