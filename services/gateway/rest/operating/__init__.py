"""The mesh and who may use it."""
