"""The learner: experience from Replay, gradients in torch, ONNX policies to Model.

What is needed before the first gradient (settings, table, version 1) does not import torch, so
that actors can start to play while it loads.
"""
