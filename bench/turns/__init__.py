"""Games in turns, learned by self-play through the mesh and judged through the Game service."""
