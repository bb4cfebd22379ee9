"""Inference and its drift on the wire: Infer, and KServe v2."""
