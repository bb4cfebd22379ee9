"""The form that starts a run: its fields, and what it would cost."""
