"""The worker processes that environments live in."""
