"""What holds for every test."""

from hypothesis import settings

# No example is too slow: others may use the machine.
settings.register_profile("mazemesh", deadline=None)
settings.load_profile("mazemesh")
