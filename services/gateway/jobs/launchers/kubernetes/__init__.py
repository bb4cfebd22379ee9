"""Training jobs as Jobs of Kubernetes."""
