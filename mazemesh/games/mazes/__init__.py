"""Maze games: rules, generators, observations and the compiled engine."""
