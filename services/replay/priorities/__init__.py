"""A compact record of present priorities, so that a shard that moves draws as before."""
