"""What bits instead of bytes bring: on the wire, in Replay, in training."""
