"""What environments say of seats: spaces converted, rows written, arrays shared with the engine."""
