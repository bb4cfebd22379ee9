"""What a run leaves on disk, and what of it is forwarded."""
