"""What every call goes through: handlers with bounds, interceptors, refusals, counts."""
