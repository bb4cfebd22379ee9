"""What a mesh can be watched by: docs/metrics.md, and what dashboards and rules may ask for."""
