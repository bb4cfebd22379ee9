"""What points come to: asked of processes or of this one, and kept in a log."""
