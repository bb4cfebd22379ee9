"""`python -m supervisor.cloud.machine.units`: prints the folder of the units of systemd."""

from __future__ import annotations

import sys

from supervisor.cloud.files import shipped

if __name__ == "__main__":
    sys.stdout.write(f"{shipped('systemd')}\n")
