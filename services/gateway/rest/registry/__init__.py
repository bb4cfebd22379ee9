"""Policies: their versions, aliases and checks, and how they are asked."""
