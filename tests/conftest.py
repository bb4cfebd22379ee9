"""What holds for every test."""

import os

from hypothesis import settings

# Meshes of tests take blocks of five ports; those that are about the console say so themselves.
os.environ.setdefault("MAZEMESH_CONSOLE", "false")

# No example is too slow: others may use the machine.
settings.register_profile("mazemesh", deadline=None)
settings.load_profile("mazemesh")
