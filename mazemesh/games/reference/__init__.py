"""The games once more, slow and plain, to check the compiled engine against.

Written from the rules, with dicts and lists, one game at a time. `ReferenceGame` and `BatchEngine`
must agree bit for bit.
"""

from mazemesh.games.reference.play import ReferenceGame

__all__ = ["ReferenceGame"]
