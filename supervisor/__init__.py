"""Runs every process of a mesh on one machine: starts, watches, restarts, stops."""
