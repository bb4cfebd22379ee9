"""The league of `mazemesh up --league`: exploiters that start and stop by the empirical game."""
