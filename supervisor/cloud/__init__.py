"""The mesh on AWS: what runs on its machines, what scales them, and what an operator does."""
