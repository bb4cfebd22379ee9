"""How mazes come about."""
