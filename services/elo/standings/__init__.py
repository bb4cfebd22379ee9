"""Ladders as people read them: fitted, ranked, in pages."""
