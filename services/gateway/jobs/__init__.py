"""Training as a service: jobs that wait, run, and end for a reason."""
