"""The mirror: versions and aliases in an MLflow model registry, by a process of its own."""
