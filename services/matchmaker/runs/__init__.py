"""What the Matchmaker drives to an end: what gates and tournaments share."""
