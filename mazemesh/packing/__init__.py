"""Columns of few values in few bits: what is packed how, and the compiled code that does it.

One packing for all (docs/adr/0160-planes-are-bits.md): steps of games, tables of Replay, the
actor's collectors and the learner's intake.
"""
