"""What the gateway does beyond the five services: training jobs, and runs as MLflow has them."""
