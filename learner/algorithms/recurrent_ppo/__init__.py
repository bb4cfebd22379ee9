"""Proximal policy optimization of a policy with memory."""
