"""The Model service: a registry of immutable, validated ONNX policies."""
