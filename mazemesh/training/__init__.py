"""Training from Python: `mazemesh.train` starts a run, whose handle tells how it goes."""
