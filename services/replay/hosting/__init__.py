"""Tables in a running service: calls that wait, the log, checkpoints."""
