"""The audit log: written, and read again."""
