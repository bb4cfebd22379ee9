"""Commands of searches for Pareto fronts."""
