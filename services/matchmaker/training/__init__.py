"""Opponents for training, and the outcomes that choose them."""
