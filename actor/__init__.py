"""Plays: actors that collect experience by self-play, and evaluators that play rating matches.

Runs on onnxruntime; torch is never imported here.
"""
