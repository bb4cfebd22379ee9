"""The commands of actors: attach one, let policies play, play against them."""
