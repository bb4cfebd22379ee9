"""What policies see and think in games, for people who look on."""
