"""`python -m mazemesh.cli`: the command `mazemesh`."""

from mazemesh.cli import main

main()
