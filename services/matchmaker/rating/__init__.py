"""Rating matches: which to play next, and the leases under which they are played."""
