"""The way of what was played to Replay."""
