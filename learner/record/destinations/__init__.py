"""Where runs are tracked beside their own record, and what brings it there."""
