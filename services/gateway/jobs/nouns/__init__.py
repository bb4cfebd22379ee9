"""What a job is: who asked for what, what it may take and has taken, how it goes."""
