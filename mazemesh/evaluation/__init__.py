"""How good a policy is: duels and success on held-out mazes, and the matches they are made of.

All of it is played on a Game service, such as `mazemesh.connect().game`.
"""

from mazemesh.analysis.tally import Tally
from mazemesh.evaluation.duel import duel, success_rate
from mazemesh.evaluation.matches import PlayedGame, play_matches

__all__ = ["PlayedGame", "Tally", "duel", "play_matches", "success_rate"]
