"""Experiments: training runs as those tell of them who keep them, MLflow or the runs themselves."""
