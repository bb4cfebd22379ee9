"""Passes over networks, and the steps that follow from them."""
