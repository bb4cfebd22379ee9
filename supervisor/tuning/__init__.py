"""Trials of `mazemesh tune`: each a whole mesh in a data folder of its own."""
