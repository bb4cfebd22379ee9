"""The servers of the mesh, one package each, all of one shape."""
