"""What an ONNX file of a policy is made of, and may be."""
