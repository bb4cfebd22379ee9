"""What was played in finished games, kept to be looked at and verified."""
