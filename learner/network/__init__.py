"""Networks: their shape, their passes, and the ONNX file that follows from them."""
