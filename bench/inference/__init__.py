"""What inference carries beside raw onnxruntime, a raw gRPC echo, and other inference servers."""
