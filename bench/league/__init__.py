"""A league and plain self-play on a game in which self-play runs after itself."""
