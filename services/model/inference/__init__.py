"""Inference: loaded versions, batches of many callers' rows, and what sessions remember."""
