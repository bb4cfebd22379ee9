"""Where curves come from."""
