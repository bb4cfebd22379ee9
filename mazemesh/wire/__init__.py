"""numpy <-> wire: both directions of each codec side by side."""
