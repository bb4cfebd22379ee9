"""Training runs: started, followed, compared."""
