"""What a run that is to be started would cost."""
