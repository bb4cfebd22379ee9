"""What `mazemesh cloud` does: Terraform, certificates, prices, health."""
