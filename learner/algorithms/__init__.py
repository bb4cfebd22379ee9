"""The algorithms, a file each, and what they are built from."""
