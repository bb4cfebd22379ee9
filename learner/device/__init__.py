"""Where an algorithm computes: what differs between a processor and a GPU."""
