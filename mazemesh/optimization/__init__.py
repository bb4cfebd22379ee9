"""Multi-objective optimization: a problem, a search for its Pareto front, a choice on it.

A problem of one's own is a `Problem`; `mazemesh optimize` and `mesh.optimization` run it.
"""

from mazemesh.optimization.problem import Evaluation, Objective, Problem, Variable

__all__ = ["Evaluation", "Objective", "Problem", "Variable"]
