"""What passes between the gateway and whoever keeps a job's processes."""
