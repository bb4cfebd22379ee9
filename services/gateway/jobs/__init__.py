"""Training jobs: a queue of runs that the gateway starts, keeps and accounts for."""
