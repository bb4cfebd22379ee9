"""What runs on a machine of the mesh beside its units; told by MAZEMESH_CLOUD_*."""
