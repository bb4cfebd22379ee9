"""The training loop: batches in, versions out."""
