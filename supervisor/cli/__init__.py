"""The commands of the supervisor: those that start a mesh, look at one, or need several rooms."""
