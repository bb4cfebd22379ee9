"""Starts the processes of a mesh, keeps them alive, stops them in order."""
