"""Agents of simulators that step themselves: asked, played, and learned from."""
