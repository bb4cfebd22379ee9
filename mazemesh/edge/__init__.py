"""Policies that leave the mesh: a folder with the file, its variants, a card, and two runners."""

from mazemesh.edge.bundle import Exported, Ratings, Source, export

__all__ = ["Exported", "Ratings", "Source", "export"]
