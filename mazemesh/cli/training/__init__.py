"""Commands of training jobs."""
