"""Client of the Replay service, of one or of several."""
